"""The trained networks of a project."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pydantic import ValidationError

from sos_studio.core.errors import BadInputError
from sos_studio.core.predictions import ModelCard
from sos_studio.dataset.project import Project

MODELS_DIR, CARD_FILE, TENSORS_FILE = "models", "model.json", "model.safetensors"
ModelKind = Literal["teacher", "detector", "student"]


@dataclass(frozen=True)
class ModelEntry:
    """A model folder and what it says of itself."""

    card: ModelCard
    path: Path


def read(path: Path) -> ModelEntry:
    """One model folder.

    Raises
    ------
    BadInputError
        ``prediction.no_model`` if it is none, ``prediction.model_unreadable`` if it is damaged.
    """
    card_file = path / CARD_FILE
    if not card_file.is_file() or not (path / TENSORS_FILE).is_file():
        raise BadInputError("prediction.no_model", model=path.name)
    try:
        return ModelEntry(ModelCard.model_validate_json(card_file.read_bytes()), path.resolve())
    except (OSError, ValidationError) as error:
        raise BadInputError("prediction.model_unreadable", model=path.name) from error


def models(project: Project | Path) -> list[ModelEntry]:
    """All usable models of a project (or of any folder of models), newest first; damaged ones are left out."""
    root = project if isinstance(project, Path) else project.directory / MODELS_DIR
    entries: list[ModelEntry] = []
    for path in root.iterdir() if root.is_dir() else ():
        # The trainer renames a folder into place when it is complete; hidden ones are on the way.
        if path.is_dir() and not path.name.startswith("."):
            try:
                entries.append(read(path))
            except BadInputError:
                continue
    return sorted(entries, key=lambda entry: (entry.card.created_utc, entry.card.model_id), reverse=True)


def current(project: Project | Path, kind: ModelKind, *, manifest_id: str | None = None) -> ModelEntry | None:
    """The newest model of a kind, of those trained on `manifest_id` if that is given."""
    for entry in models(project):
        if entry.card.kind == kind and manifest_id in (None, entry.card.manifest_id):
            return entry
    return None
