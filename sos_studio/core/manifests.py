"""The frozen list of what a job trains on: the only door from the dataset to the trainer."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError, model_validator

from sos_studio.core.errors import BadInputError
from sos_studio.core.readings import utc_now
from sos_studio.core.roi import Roi

MANIFEST_SCHEMA_VERSION: Literal[1] = 1
FOLDS = 5


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ManifestImage(_Frozen):
    """A file below the project folder (POSIX path, relative) and what it was when the manifest was frozen."""

    path: str
    sha256: str


class ManifestEntry(_Frozen):
    """One labelled case.

    Attributes
    ----------
    patient
        Pseudonym that groups the cases of one patient; a patient is in one fold only.
    fold
        0 … folds − 1; never changes once given.
    roi, crop
        None while no frame was drawn; such a case trains the student without an attention term and no teacher.
    """

    case_id: str
    patient: str
    capture_id: str
    stage: Annotated[int, Field(ge=1)]
    fold: Annotated[int, Field(ge=0)]
    full_image: ManifestImage
    shape_vu: tuple[int, int]
    spacing_mm: float | None
    roi: Roi | None = None
    crop: ManifestImage | None = None


class Manifest(_Frozen):
    """`manifests/<id>.json`. Fold `held_out_fold` judges; nothing that is fitted ever sees it.

    Attributes
    ----------
    without_agreement
        Captured and staged cases that are not among the entries, because their readings make no label.
    """

    schema_version: Literal[1] = MANIFEST_SCHEMA_VERSION
    manifest_id: str
    project_id: str
    software: str
    created_utc: AwareDatetime = Field(default_factory=utc_now)
    scheme: str = "bassed-5"
    consensus_rule: str = "majority"
    folds: int = FOLDS
    held_out_fold: int = 0
    seed: int = 0
    phantom: bool = False
    without_agreement: Annotated[int, Field(ge=0)] = 0
    entries: tuple[ManifestEntry, ...]

    @model_validator(mode="after")
    def _patients_keep_to_one_fold(self) -> Self:
        fold_of: dict[str, int] = {}
        for entry in self.entries:
            if fold_of.setdefault(entry.patient, entry.fold) != entry.fold:
                raise ValueError(f"patient {entry.patient} is in two folds")
        return self

    @classmethod
    def read(cls, path: Path) -> Manifest:
        """Read and validate; ``manifest.unreadable`` if it can't be."""
        try:
            return cls.model_validate_json(path.read_bytes())
        except (OSError, ValidationError) as error:
            raise BadInputError("manifest.unreadable", file=path.name, reason=str(error).splitlines()[0]) from error
