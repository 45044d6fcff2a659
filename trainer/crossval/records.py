"""What one arm said in one fold, kept so that it is never trained again: ``crossval/fold-<n>/<arm>.json`` in the job's folder."""

from __future__ import annotations

import logging
from functools import cached_property
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict, ValidationError

from sos_studio.core import atomic
from sos_studio.core.crossval import Arm
from sos_studio.core.roi import Roi
from trainer.metrics import fit_temperature, softmax

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

CROSSVAL_DIR = "crossval"
_log = logging.getLogger(__name__)


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class JudgedCase(_Frozen):
    """What a network that never saw the patient says.

    Attributes
    ----------
    stage
        The label, 1-based.
    attention
        Share of the attention inside the expert's frame; None without a frame or for a method that looks at crops.
    """

    case_id: str
    stage: int
    logits: tuple[float, ...]
    attention: float | None = None


class FoundFrame(_Frozen):
    """A frame on a full image and how sure the detector is."""

    roi: Roi
    confidence: float


class SearchedCase(_Frozen):
    """All that the detector found on a case, likeliest first."""

    case_id: str
    found: tuple[FoundFrame, ...]


class UnitRecord(_Frozen):
    """One arm in one fold.

    Attributes
    ----------
    asked
        Hash of everything that was asked; a record of something else is as good as none.
    failure
        Code of why there is nothing, "" if there is.
    fitted_cases
        Everything that any network of this arm was fitted to (teacher, helpers, detector).
    inner
        Cases of the inner split: they chose the epoch, and temperature and stage sets are fitted to them.
    held_out
        Cases of the fold: they judge.
    unfound
        Cases of a two-stage arm on which no frame was found; they are staged by how frequent the stages are.
    """

    schema_version: Literal[1] = 1
    asked: str
    fold: int
    arm: Arm
    from_scratch: bool
    failure: str = ""
    fitted_cases: tuple[str, ...] = ()
    inner: tuple[JudgedCase, ...] = ()
    held_out: tuple[JudgedCase, ...] = ()
    searched: tuple[SearchedCase, ...] = ()
    unfound: tuple[str, ...] = ()
    best_epoch: int | None = None
    parameters: int | None = None
    teacher_logits: str = ""
    seconds: float = 0.0
    threads: int = 1
    device: str = "cpu"
    versions: dict[str, str] = {}

    @cached_property
    def temperature(self) -> float:
        """Fitted to the inner split (Guo et al. 2017)."""
        return fit_temperature(logits_of(self.inner), targets_of(self.inner)) if self.inner else 1.0

    def probabilities(self, cases: tuple[JudgedCase, ...], *, calibrated: bool = True) -> FloatArray:
        """Of the inner or the held-out cases (N, K)."""
        return softmax(logits_of(cases), self.temperature if calibrated else 1.0)


def logits_of(cases: tuple[JudgedCase, ...]) -> FloatArray:
    """Logits (N, K); no columns without cases."""
    return np.array([case.logits for case in cases], dtype=np.float64) if cases else np.zeros((0, 0))


def targets_of(cases: tuple[JudgedCase, ...]) -> IntArray:
    """0-based stages."""
    return np.array([case.stage - 1 for case in cases], dtype=np.int64)


def record_file(job_dir: Path, fold: int, arm: Arm) -> Path:
    """Where the record of an arm in a fold (0-based) lies."""
    return job_dir / CROSSVAL_DIR / f"fold-{fold + 1}" / f"{arm.slug}.json"


def write(job_dir: Path, record: UnitRecord) -> None:
    """Keep a record, whole or not at all."""
    path = record_file(job_dir, record.fold, record.arm)
    path.parent.mkdir(parents=True, exist_ok=True)
    atomic.write_text(path, record.model_dump_json() + "\n")


def read(job_dir: Path, fold: int, arm: Arm, asked: str) -> UnitRecord | None:
    """The record, or None if there is none of what is asked (then it is trained)."""
    try:
        record = UnitRecord.model_validate_json(record_file(job_dir, fold, arm).read_bytes())
    except FileNotFoundError:
        return None
    except (OSError, ValidationError):
        _log.warning("the record of %s in fold %d can't be read; it is made again", arm.name, fold + 1)
        return None
    return record if (record.asked, record.fold, record.arm) == (asked, fold, arm) else None
