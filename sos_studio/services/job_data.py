"""What data a training was given, told from its frozen list."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from pathlib import Path

from sos_studio.core.errors import BadInputError
from sos_studio.core.jobs import JobSpec
from sos_studio.core.manifests import Manifest


@dataclass(frozen=True)
class JobData:
    """Counts of the cases that a training learned from and was tested on.

    Attributes
    ----------
    per_stage
        For each stage that occurs: its cases to learn from, and those held out.
    framed
        Cases with an expert's frame.
    without_agreement
        Staged cases that were left out, because their readings make no label.
    """

    manifest_id: str
    created_utc: datetime
    scheme: str
    rule: str
    cases: int
    patients: int
    framed: int
    fitted: int
    held_out: int
    fold: int
    folds: int
    per_stage: tuple[tuple[int, int, int], ...]
    without_agreement: int = 0

    def checking(self, fraction: float) -> int:
        """About how many of the cases to learn from a training keeps back to check itself by: one of its equal parts."""
        return round(self.fitted / max(2, round(1 / fraction)))


def data_of(project_dir: Path, spec: JobSpec) -> JobData | None:
    """None if the list is gone or damaged."""
    try:
        return _read(project_dir / spec.manifest)
    except BadInputError:
        return None


@lru_cache(maxsize=16)
def _read(path: Path) -> JobData:
    """Lists never change once they are frozen."""
    manifest = Manifest.read(path)
    held_out = Counter(entry.stage for entry in manifest.entries if entry.fold == manifest.held_out_fold)
    fitted = Counter(entry.stage for entry in manifest.entries if entry.fold != manifest.held_out_fold)
    return JobData(
        manifest_id=manifest.manifest_id,
        created_utc=manifest.created_utc,
        scheme=manifest.scheme,
        rule=manifest.consensus_rule,
        cases=len(manifest.entries),
        patients=len({entry.patient for entry in manifest.entries}),
        framed=sum(entry.roi is not None for entry in manifest.entries),
        fitted=sum(fitted.values()),
        held_out=sum(held_out.values()),
        fold=manifest.held_out_fold + 1,
        folds=manifest.folds,
        per_stage=tuple((stage, fitted[stage], held_out[stage]) for stage in sorted({*fitted, *held_out})),
        without_agreement=manifest.without_agreement,
    )
