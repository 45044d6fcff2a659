"""``python -m trainer run <job folder>`` and ``python -m trainer serve``: the worker process.

Nothing heavy is imported before output is claimed and the environment is offline.
"""

from __future__ import annotations

import argparse
import logging
import os
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

from pydantic import ValidationError

from sos_studio.core import atomic, jobs
from sos_studio.core.errors import JobFailedError
from sos_studio.core.manifests import Manifest
from trainer import environment
from trainer.control import Control, JobCancelled, drop_stale_cancel, write_worker_record
from trainer.events import EventLog, EventWriter
from trainer.failures import explain

DONE, BAD_INPUT, FAILED, CANCELLED = 0, 2, 4, 130
PARTS: dict[jobs.JobKind, tuple[str, ...]] = {
    "teacher": ("teacher",),
    "detector": ("detector",),
    "student": ("student",),
    "retrain": ("teacher", "detector", "student"),
    "evaluate": ("evaluate",),
}

_log = logging.getLogger("trainer")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one job, or serve predictions; the exit code is 0 done, 2 bad call, 4 failed, 130 cancelled."""
    parser = argparse.ArgumentParser(prog="trainer")
    commands = parser.add_subparsers(dest="command", required=True)
    run = commands.add_parser("run")
    run.add_argument("job_dir", type=Path)
    serve = commands.add_parser("serve")
    where = serve.add_mutually_exclusive_group()
    where.add_argument("--project", type=Path)
    where.add_argument("--models-root", type=Path)
    given = parser.parse_args(arguments)
    if given.command == "run":
        return run_job(given.job_dir.resolve())
    root = given.models_root if given.project is None else given.project / "models"
    root = None if root is None else root.resolve()
    mask = environment.mask_output(*[] if root is None else [(root, "<models>")])
    environment.prepare(answers=True)
    from trainer.jobs.serve import serve as serve_predictions

    return serve_predictions(root, mask.hide)


def run_job(job_dir: Path) -> int:
    """One attempt at a job: exactly one last event, whatever happens short of a kill."""
    if not job_dir.is_dir():
        return BAD_INPUT
    environment.claim_output(job_dir / jobs.LOG_FILE)
    environment.mask_output((job_dir.parent.parent, "<project>")).hide(_weights_names())
    events = EventLog(job_dir / jobs.EVENTS_FILE)

    def overdue() -> None:
        events.cancelled()
        os._exit(CANCELLED)

    control = Control(job_dir, overdue)
    try:
        drop_stale_cancel(job_dir, events.last_event)
        write_worker_record(job_dir)
        control.start()
        environment.lower_priority()
        _attempt(job_dir, events, control)
    except JobCancelled:
        _log.info("cancelled")
        events.cancelled()
        return CANCELLED
    except BaseException as error:
        code, values = explain(error)
        _log.exception("the job failed: %s", code)
        if control.cancelled and isinstance(error, KeyboardInterrupt | SystemExit):
            events.cancelled()
            return CANCELLED
        events.failed(code, **values)
        return FAILED
    else:
        events.succeeded()
        return DONE
    finally:
        control.stop()
        events.close()


def _attempt(job_dir: Path, events: EventLog, control: Control) -> None:
    spec = read_spec(job_dir)
    parts = PARTS.get(spec.kind) or tuple(f"fold-{fold + 1}" for fold in (spec.crossval.folds if spec.crossval else ()))
    events.started(spec.kind, parts, environment.versions())
    environment.prepare(spec.threads)
    project_dir = job_dir.parents[1]
    manifest = Manifest.read(project_dir / spec.manifest)
    _log.info("attempt %d of %s (%s), preset %s, %d threads", events.attempt, spec.job_id, spec.kind, spec.preset, spec.threads)
    control.check()
    environment.limit_threads(spec.threads)
    from trainer.context import JobContext
    from trainer.jobs import run

    device = environment.choose_device(spec.device)
    _log.info("computes on: %s", environment.device_name(device))
    result = run(JobContext(project_dir, job_dir, spec, manifest, EventWriter(events, project_dir), control, device))
    atomic.write_json(job_dir / jobs.RESULT_FILE, result)
    # Whatever they could still be resumed to is in the models by now.
    shutil.rmtree(job_dir / jobs.CHECKPOINTS_DIR, ignore_errors=True)


def _weights_names() -> list[str]:
    told = os.environ.get(jobs.WEIGHTS_VARIABLE)
    return [Path(path).name for path in jobs.paths_told(told).values() or [told]] if told else []


def read_spec(job_dir: Path) -> jobs.JobSpec:
    """What was asked; ``job.unreadable`` if the file is damaged or not there."""
    try:
        return jobs.JobSpec.model_validate_json((job_dir / jobs.JOB_FILE).read_bytes())
    except (OSError, ValidationError) as error:
        raise JobFailedError("job.unreadable", job=job_dir.name) from error


if __name__ == "__main__":
    sys.exit(main())
