"""The keeper of the line, with workers that play a transcript: ``fake_keeper.py MODE TRANSCRIPT``."""

from __future__ import annotations

import sys
from pathlib import Path

from sos_studio.services import job_queue, worker_process

FAKE_WORKER = Path(__file__).with_name("fake_worker.py")


def main() -> None:
    mode, transcript = sys.argv[1:3]
    worker_process.trainer_command = lambda *arguments: [sys.executable, str(FAKE_WORKER), mode, transcript, arguments[-1]]
    job_queue.keep(0.05)


if __name__ == "__main__":
    main()
