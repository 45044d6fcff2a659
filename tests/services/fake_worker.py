"""A worker that plays a recorded transcript into a job folder: no torch, no training.

``fake_worker.py MODE TRANSCRIPT JOB_DIR``; modes: ``play`` (to the end, then exit 0), ``hang`` (then wait for the cancel file and
obey it), ``deaf`` (then ignore the cancel file and SIGTERM), ``die`` (then kill itself), ``crash`` (exit at once, before any event).
"""

from __future__ import annotations

import os
import signal
import socket
import sys
import time
from pathlib import Path

import psutil

from sos_studio.core import jobs
from sos_studio.core.job_state import fold


def main() -> int:
    mode, transcript, job_dir = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])
    if mode == "crash":
        sys.stderr.write("no module named torch\n")
        return 1
    if mode == "deaf":
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    record = jobs.WorkerRecord(pid=os.getpid(), started_at=psutil.Process().create_time(), host=socket.gethostname())
    (job_dir / jobs.WORKER_FILE).write_text(record.model_dump_json())
    (job_dir / jobs.HEARTBEAT_FILE).touch()
    events = job_dir / jobs.EVENTS_FILE
    old = [jobs.parse_event(line) for line in events.read_bytes().splitlines()] if events.exists() else []
    attempt = fold(old).attempt + 1
    with open(events, "ab", buffering=0) as stream:
        for n, line in enumerate(transcript.read_bytes().splitlines()):
            event = jobs.parse_event(line)
            stream.write(jobs.event_line(event.model_copy(update={"attempt": attempt, "n": len(old) + n})))
        if mode == "die":
            stream.write(b'{"n":99,"attempt":1,"utc":"2025')
            os.kill(os.getpid(), signal.SIGKILL)
        while mode in ("hang", "deaf"):
            (job_dir / jobs.HEARTBEAT_FILE).touch()
            if mode == "hang" and (job_dir / jobs.CANCEL_FILE).exists():
                stream.write(jobs.event_line(jobs.Cancelled(n=999, attempt=attempt)))
                return 130
            time.sleep(0.02)
    if mode == "play" and transcript.stem.endswith(("succeeded", "resumed")):
        (job_dir / jobs.RESULT_FILE).write_text('{"models": {"student": "student-1"}, "held_out": {"student": {"n": 4, "accuracy": 0.75}}}')
    return 0


if __name__ == "__main__":
    sys.exit(main())
