"""The trained networks of a project."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from sos_studio.core.errors import BadInputError
from sos_studio.core.predictions import ModelCard, read_card
from sos_studio.dataset.project import Project
from sos_studio.services import model_choice

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
        ``prediction.no_model`` if it is none, ``prediction.model_unreadable`` if it is damaged, ``model.newer``.
    """
    card_file = path / CARD_FILE
    if not card_file.is_file() or not (path / TENSORS_FILE).is_file():
        raise BadInputError("prediction.no_model", model=path.name)
    try:
        return ModelEntry(read_card(card_file.read_bytes(), path.name), path.resolve())
    except (OSError, ValueError) as error:
        raise BadInputError("prediction.model_unreadable", model=path.name) from error


def models(project: Project | Path) -> list[ModelEntry]:
    """All usable models of a project (or of any folder of models), newest first; see `left_out` for the others."""
    return _look(project)[0]


def left_out(project: Project | Path) -> list[BadInputError]:
    """Why folders that hold a model are not among `models`: ``model.newer``, ``prediction.model_unreadable``; by name."""
    return _look(project)[1]


def _look(project: Project | Path) -> tuple[list[ModelEntry], list[BadInputError]]:
    root = _root(project)
    entries: list[ModelEntry] = []
    refused: list[BadInputError] = []
    for path in sorted(root.iterdir()) if root.is_dir() else ():
        # The trainer renames a folder into place when it is complete; hidden ones are on the way.
        if path.is_dir() and not path.name.startswith("."):
            try:
                entries.append(read(path))
            except BadInputError as error:
                if error.code != "prediction.no_model" or (path / CARD_FILE).is_file():  # some other folder is nobody's business
                    refused.append(error)
    return sorted(entries, key=lambda entry: (entry.card.number, entry.card.created_utc, entry.card.model_id), reverse=True), refused


def current(project: Project | Path, kind: ModelKind, *, manifest_id: str | None = None) -> ModelEntry | None:
    """The model of a kind to work with: the student that was chosen (`model_choice`), of all else the newest.

    Parameters
    ----------
    project
        Or a folder of models.
    manifest_id
        Only models trained on it count, and the newest of them is taken.
    """
    fitting = [entry for entry in models(project) if entry.card.kind == kind and manifest_id in (None, entry.card.manifest_id)]
    if kind == "student" and manifest_id is None:
        by_id = {entry.card.model_id: entry for entry in fitting}
        # A chosen one that is gone or damaged gives way to the one before it.
        for choice in reversed(model_choice.choices(_root(project))):
            if choice.model_id in by_id:
                return by_id[choice.model_id]
    return fitting[0] if fitting else None


def detector_for(entry: ModelEntry | None, entries: Sequence[ModelEntry]) -> ModelEntry | None:
    """The detector that was trained with a network and so knows the same cases, else the newest of `entries` (newest first)."""
    detectors = [one for one in entries if one.card.kind == "detector"]
    same = (one for one in detectors if entry is not None and one.card.manifest_id == entry.card.manifest_id)
    return next(same, detectors[0] if detectors else None)


def before_current(project: Project | Path) -> ModelEntry | None:
    """The student that was in use before the present one, if it is still there."""
    used = current(project, "student")
    by_id = {entry.card.model_id: entry for entry in models(project) if entry.card.kind == "student"}
    history = [choice.model_id for choice in model_choice.choices(_root(project)) if choice.model_id in by_id]
    if used is None or used.card.model_id not in history:
        return None
    at = len(history) - 1 - history[::-1].index(used.card.model_id)
    return next((by_id[model_id] for model_id in reversed(history[:at]) if model_id != used.card.model_id), None)


def settle(project: Project | Path) -> None:
    """Record the student in use before another one comes, so that nothing is replaced without a person's choice."""
    used = current(project, "student")
    if used is not None and not model_choice.choices(_root(project)):
        model_choice.choose(_root(project), used.card.model_id)


def _root(project: Project | Path) -> Path:
    return project if isinstance(project, Path) else project.directory / MODELS_DIR
