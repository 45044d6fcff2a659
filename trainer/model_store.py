"""Trained networks on disk: ``models/<model id>/{model.safetensors, model.json}``, and ``model.md`` in words. Never a pickle."""

from __future__ import annotations

import contextlib
import hashlib
import secrets
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from sos_studio.core import atomic
from sos_studio.core.errors import BadInputError
from sos_studio.core.held_out import HeldOutRecord, HeldOutRecords, write_records
from sos_studio.core.model_card import card_text
from sos_studio.core.predictions import ModelCard, read_card

if TYPE_CHECKING:
    import torch

MODELS_DIR = "models"
WEIGHTS_FILE, CARD_FILE, WORDS_FILE = "model.safetensors", "model.json", "model.md"
# Names of tensors that are no weights: `familiarity.Familiarity`.
FAMILIARITY = "familiarity."

ModelKind = Literal["teacher", "detector", "student"]


@dataclass(frozen=True)
class StoredModel:
    """A model folder and its card."""

    directory: Path
    card: ModelCard

    @property
    def model_id(self) -> str:
        """Name of the folder, and of the model."""
        return self.card.model_id

    @property
    def held_out(self) -> dict[str, Any]:
        """Figures on the held-out fold, with counts, as they stand on the card; empty if none were made."""
        extra = self.card.model_extra or {}
        figures = extra.get("held_out")
        return dict(figures) if isinstance(figures, Mapping) else {}


def new_model_id(kind: ModelKind) -> str:
    """A fresh id that sorts by time: ``student-20250131-140509-1a2b``."""
    return f"{kind}-{datetime.now(UTC):%Y%m%d-%H%M%S}-{secrets.token_hex(2)}"


def save(
    project_dir: Path, card: ModelCard, state: Mapping[str, torch.Tensor], held_out: Sequence[HeldOutRecord] | None = None
) -> StoredModel:
    """Write a model so that it is either whole or not there.

    Parameters
    ----------
    project_dir
        The model goes to ``models/<card.model_id>/`` below it.
    card
        What it is; keys beyond `ModelCard`'s own (settings, ``held_out`` figures with counts, data hashes, versions, threads,
        calibration) are kept. ``weights_sha256`` is added.
    state
        Weights and buffers by name; moved to the CPU.
    held_out
        What it says of each held-out case, kept beside it.

    Raises
    ------
    OSError
        Disk full, read-only …; nothing is left behind.
    """
    from safetensors.torch import save as to_bytes

    weights = to_bytes({name: tensor.detach().to("cpu").contiguous().clone() for name, tensor in state.items()})
    models = project_dir / MODELS_DIR
    number = 1 + max((model.card.number for model in _whole(models)), default=0)
    card = ModelCard.model_validate({**card.model_dump(), "weights_sha256": hashlib.sha256(weights).hexdigest(), "number": number})
    models.mkdir(parents=True, exist_ok=True)
    temporary = models / f".{card.model_id}.{secrets.token_hex(4)}.tmp"
    final = models / card.model_id
    try:
        temporary.mkdir()
        atomic.write_bytes(temporary / WEIGHTS_FILE, weights)
        atomic.write_json(temporary / CARD_FILE, card.model_dump(mode="json"))
        atomic.write_text(temporary / WORDS_FILE, card_text(card))
        if held_out is not None:
            write_records(temporary, HeldOutRecords(model_id=card.model_id).renewed(held_out))
        atomic.replace(temporary, final)
    except BaseException:
        shutil.rmtree(temporary, ignore_errors=True)
        raise
    atomic.sync_directory(models)
    return StoredModel(final, card)


def _whole(models: Path) -> Iterator[StoredModel]:
    for directory in models.glob("[!.]*"):
        with contextlib.suppress(BadInputError):
            yield read(directory)


def read(directory: Path) -> StoredModel:
    """The model in a folder.

    Raises
    ------
    BadInputError
        ``model.missing`` if there is none, ``model.unreadable`` if its card is damaged, ``model.newer``.
    """
    try:
        content = (directory / CARD_FILE).read_bytes()
        (directory / WEIGHTS_FILE).stat()
    except OSError as error:
        raise BadInputError("model.missing", model=directory.name) from error
    try:
        return StoredModel(directory, read_card(content, directory.name))
    except ValueError as error:
        raise BadInputError("model.unreadable", model=directory.name) from error


def find(project_dir: Path, model_id: str) -> StoredModel:
    """A model of a project by its id; errors as `read`."""
    if Path(model_id).name != model_id or model_id in ("", ".", ".."):
        raise BadInputError("model.missing", model=Path(model_id).name)
    return read(project_dir / MODELS_DIR / model_id)


def load_state(model: StoredModel) -> dict[str, torch.Tensor]:
    """Weights and buffers by name, on the CPU; errors as `load_tensors`."""
    return load_tensors(model)[0]


def load_tensors(model: StoredModel) -> tuple[dict[str, torch.Tensor], dict[str, torch.Tensor]]:
    """Weights and buffers, and what is stored with them (`FAMILIARITY`), by name, on the CPU.

    Raises
    ------
    BadInputError
        ``model.unreadable`` if the file is damaged, ``model.changed`` if it is not the one that the card was written with.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load

    try:
        content = (model.directory / WEIGHTS_FILE).read_bytes()
        expected = (model.card.model_extra or {}).get("weights_sha256")
        if expected is not None and hashlib.sha256(content).hexdigest() != expected:
            raise BadInputError("model.changed", model=model.model_id)
        found: dict[str, torch.Tensor] = load(content)
    except (OSError, SafetensorError) as error:
        raise BadInputError("model.unreadable", model=model.model_id) from error
    weights = {name: value for name, value in found.items() if not name.startswith(FAMILIARITY)}
    return weights, {name.removeprefix(FAMILIARITY): value for name, value in found.items() if name.startswith(FAMILIARITY)}
