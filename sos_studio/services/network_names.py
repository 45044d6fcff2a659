"""What people called the trainings that networks come from."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from sos_studio.dataset.project import JOBS_DIR
from sos_studio.services import job_care
from sos_studio.services.model_list import ModelEntry


def names_of(entries: Iterable[ModelEntry]) -> dict[str, str]:
    """By model id; networks whose training nobody named, or that came from elsewhere, are left out."""
    found = {}
    for entry in entries:
        job_id = (entry.card.model_extra or {}).get("job_id")
        if isinstance(job_id, str) and job_id and Path(job_id).name == job_id and len(entry.path.parents) > 1:
            name = job_care.name_of(entry.path.parents[1] / JOBS_DIR / job_id)
            if name:
                found[entry.card.model_id] = name
    return found
