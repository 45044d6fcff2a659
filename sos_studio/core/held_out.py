"""What a staging network says of cases that it was not trained on: ``models/<id>/held_out.json``.

Written by the trainer beside a new model and read by whoever shows or compares models. A record is of one picture, so a picture that
was taken anew has none until it is judged again. Pseudonyms only; the file stays in the project when a model is given away.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from sos_studio.core import atomic
from sos_studio.core.errors import BadInputError
from sos_studio.core.manifests import Manifest
from sos_studio.core.predictions import ModelCard
from sos_studio.core.roi import Finite

HELD_OUT_FILE = "held_out.json"
MANIFESTS_DIR = "manifests"
Share = Annotated[Finite, Field(ge=0, le=1)]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class HeldOutRecord(_Frozen):
    """One case.

    Attributes
    ----------
    patient
        Pseudonym that groups the cases of one patient.
    picture_sha256
        Of the full image (student) or the crop (teacher) that was judged.
    stage
        The label when the case was judged last, 1-based.
    probabilities
        In stage order, calibrated.
    attention_in_roi
        Share of the attention inside the expert's frame; None without a frame, and for a teacher.
    """

    case_id: str
    patient: str
    capture_id: str
    picture_sha256: str
    stage: Annotated[int, Field(ge=1)]
    probabilities: tuple[Share, ...]
    attention_in_roi: Share | None = None

    @property
    def predicted(self) -> int:
        """The likeliest stage, 1-based."""
        return 1 + max(range(len(self.probabilities)), key=self.probabilities.__getitem__)


class HeldOutRecords(_Frozen):
    """All of one model's, in the order of case ids."""

    schema_version: Literal[1] = 1
    model_id: str
    cases: tuple[HeldOutRecord, ...] = ()

    def renewed(self, fresh: Iterable[HeldOutRecord]) -> HeldOutRecords:
        """With newer records in the place of those of the same captures."""
        of = {record.capture_id: record for record in (*self.cases, *fresh)}
        return self.model_copy(update={"cases": tuple(sorted(of.values(), key=lambda record: (record.case_id, record.capture_id)))})


def read_records(model_dir: Path) -> HeldOutRecords | None:
    """The records beside a model; None of one that was never judged, or if the file is damaged or of a newer version."""
    try:
        return HeldOutRecords.model_validate_json((model_dir / HELD_OUT_FILE).read_bytes())
    except (OSError, ValidationError):
        return None


def write_records(model_dir: Path, records: HeldOutRecords) -> None:
    """Keep them, whole or not at all."""
    atomic.write_text(model_dir / HELD_OUT_FILE, records.model_dump_json() + "\n")


@dataclass(frozen=True)
class Learned:
    """What a model, or the one that taught it, was fitted to: inner validation counts, because it chose the epoch.

    Attributes
    ----------
    patients, cases, pictures
        Pseudonyms as they were then, and hashes of full images. Pseudonyms of patients change when two turn out to be one person, and a
        case that was set aside may come in again under another number: each of the three says that a patient is known.
    """

    patients: frozenset[str] = frozenset()
    cases: frozenset[str] = frozenset()
    pictures: frozenset[str] = frozenset()

    def __or__(self, other: Learned) -> Learned:
        """What either was fitted to."""
        return Learned(self.patients | other.patients, self.cases | other.cases, self.pictures | other.pictures)

    def patients_among(self, present: Iterable[tuple[str, str, str]]) -> frozenset[str]:
        """Patients, as they are called today, of whom anything was learned; each of `present` is (patient, case, hash of picture)."""
        return frozenset(
            patient
            for patient, case_id, picture in present
            if patient in self.patients or case_id in self.cases or picture in self.pictures
        )


def learned(project_dir: Path, *cards: ModelCard) -> Learned:
    """What these models know, all together.

    Raises
    ------
    BadInputError
        ``compare.unknown_training`` if the project has no such manifest (a model from elsewhere): nobody can tell then whom it knows.
    """
    found = Learned()
    for card in cards:
        named = (card.model_extra or {}).get("manifests")
        for manifest_id in named if isinstance(named, list | tuple) and named else [card.manifest_id]:
            path = project_dir / MANIFESTS_DIR / f"{manifest_id}.json"
            if Path(str(manifest_id)).name != manifest_id or not path.is_file():
                raise BadInputError("compare.unknown_training", model=card.model_id)
            found |= _fitted_in(path)
    return found


@lru_cache(maxsize=16)
def _fitted_in(path: Path) -> Learned:
    """Lists never change once they are frozen."""
    manifest = Manifest.read(path)
    fitted = [entry for entry in manifest.entries if entry.fold != manifest.held_out_fold]
    return Learned(
        frozenset(entry.patient for entry in fitted),
        frozenset(entry.case_id for entry in fitted),
        frozenset(entry.full_image.sha256 for entry in fitted),
    )
