"""Whom a new student is compared with: the one in use when its training begins, which may be hours after it was asked for."""

from __future__ import annotations

import logging
from pathlib import Path

from pydantic import ValidationError

from sos_studio.core import atomic
from sos_studio.core.errors import SosError
from sos_studio.core.jobs import JOB_FILE, JobSpec
from sos_studio.services import model_list

_KINDS = ("retrain", "student")
_log = logging.getLogger(__name__)


def in_use(models_dir: Path) -> tuple[str, ...]:
    """The student that predictions are made with, if any; recorded, so that no newer one takes its place by itself."""
    model_list.settle(models_dir)
    used = model_list.current(models_dir, "student")
    return () if used is None else (used.card.model_id,)


def renew(job_dir: Path) -> None:
    """Write into a training that is about to begin who is in use now: of two that were asked for together, the first has a student by then.

    A disk that refuses, or a damaged job, is left for the worker to tell.
    """
    try:
        spec = JobSpec.model_validate_json((job_dir / JOB_FILE).read_bytes())
        if spec.kind not in _KINDS:
            return
        found = in_use(job_dir.parents[1] / model_list.MODELS_DIR)
        if found != spec.judged_models:
            atomic.write_text(job_dir / JOB_FILE, spec.model_copy(update={"judged_models": found}).model_dump_json(indent=1) + "\n")
    except (OSError, ValidationError, SosError) as error:
        _log.info("who is in use could not be noted: %s", type(error).__name__)
