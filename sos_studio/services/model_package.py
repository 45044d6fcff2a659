"""Trained networks as one file, to be carried to another computer: a zip archive of cards, weights and their hashes.

``package.json`` lists every file with its SHA-256; ``models/<id>/model.json`` and ``model.safetensors`` are what a project holds of a
network, without what it said of single cases; ``CARD.md`` says in words what they are. Nothing in it is ever unpickled or run, and a
package that holds anything else, or more than it says, is refused.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import secrets
import shutil
import tempfile
import time
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from sos_studio import __version__
from sos_studio.core import atomic
from sos_studio.core.errors import BadInputError, ProjectError
from sos_studio.core.model_card import card_text
from sos_studio.core.predictions import ModelCard, read_card
from sos_studio.services import model_list
from sos_studio.services.model_list import CARD_FILE, TENSORS_FILE, ModelEntry

SUFFIX = ".sosmodel"
LIST_FILE, WORDS_FILE = "package.json", "CARD.md"
PACKAGE_VERSION = 1
# A ViT-Large has 1.2 GB; what claims more is no network of ours.
LARGEST_WEIGHTS, LARGEST_CARD = 4 << 30, 4 << 20
MOST_MODELS = 16
_CHUNK = 1 << 20
_UNFINISHED, _AN_HOUR_S = ".import-", 3600.0
# The first moment a zip archive knows: the same networks give the same bytes.
_WHEN = (1980, 1, 1, 0, 0, 0)
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_DEVICE = re.compile(r"con|prn|aux|nul|(com|lpt)\d", re.IGNORECASE)
_HASH = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class _Listed(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")

    model_id: Annotated[str, Field(pattern=f"^{_ID.pattern}$")]
    kind: Literal["teacher", "detector", "student"]
    files: dict[str, _HASH]


class _Package(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")

    format: Literal["sos-studio-models"]
    schema_version: int
    software: str
    models: Annotated[tuple[_Listed, ...], Field(min_length=1, max_length=MOST_MODELS)]


def export_models(entries: Sequence[ModelEntry], target: Path) -> None:
    """Write networks into one file; an older one of that name is replaced when the new one is whole.

    Raises
    ------
    BadInputError
        ``prediction.model_unreadable``, ``model.changed`` if a network's weights are not those that its card names.
    ProjectError
        ``prediction.folder_unwritable``.
    """
    temporary = target.with_name(f".{target.name}.{secrets.token_hex(4)}.tmp")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with open(temporary, "xb") as stream:
            _write(stream, entries)
            stream.flush()
            os.fsync(stream.fileno())
        atomic.replace(temporary, target)
    except OSError as error:
        raise ProjectError(
            "prediction.folder_unwritable", folder=target.parent.name, reason=error.strerror or type(error).__name__
        ) from error
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink()
    atomic.sync_directory(target.parent)


def _write(stream: IO[bytes], entries: Sequence[ModelEntry]) -> None:
    listed = []
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_STORED) as archive:
        for entry in entries:
            name = entry.card.model_id
            card = (entry.path / CARD_FILE).read_bytes()
            with archive.open(zipfile.ZipInfo(f"models/{name}/{TENSORS_FILE}", _WHEN), "w", force_zip64=True) as into:
                weights = _copy(entry.path / TENSORS_FILE, into)
            _check_weights(entry.card, weights)
            archive.writestr(zipfile.ZipInfo(f"models/{name}/{CARD_FILE}", _WHEN), card)
            files = {CARD_FILE: hashlib.sha256(card).hexdigest(), TENSORS_FILE: weights}
            listed.append({"model_id": name, "kind": entry.card.kind, "files": files})
        archive.writestr(zipfile.ZipInfo(WORDS_FILE, _WHEN), "\n\n".join(card_text(entry.card) for entry in entries))
        content = {
            "format": "sos-studio-models",
            "schema_version": PACKAGE_VERSION,
            "software": f"SOS Studio {__version__}",
            "models": listed,
        }
        archive.writestr(zipfile.ZipInfo(LIST_FILE, _WHEN), atomic.json_bytes(content))


def import_models(source: Path, models_dir: Path) -> list[ModelEntry]:
    """Take the networks of a package into a folder of models; those that are there already stay as they are.

    Returns
    -------
    All networks of the package, where they are now, in its order.

    Raises
    ------
    BadInputError
        ``package.not_one``, ``package.newer``, ``package.damaged`` (a hash, a name or a size that does not fit), ``model.newer``,
        ``package.other_of_that_name`` if another network has the name of one of them. Nothing is taken in then.
    ProjectError
        ``prediction.folder_unwritable``.
    """
    try:
        models_dir.mkdir(parents=True, exist_ok=True)
        _sweep(models_dir)
        folder = Path(tempfile.mkdtemp(prefix=_UNFINISHED, suffix=".tmp", dir=models_dir))
    except OSError as error:
        raise ProjectError("prediction.folder_unwritable", folder=models_dir.name, reason=error.strerror or type(error).__name__) from error
    try:
        unpacked = unpack(source, folder)
        for entry in unpacked:
            _refuse_another(entry, models_dir)
        # What comes from elsewhere is not predicted with before a person says so.
        model_list.settle(models_dir)
        for entry in unpacked:
            if not (models_dir / entry.card.model_id).exists():
                atomic.rename(entry.path, models_dir / entry.card.model_id)
        atomic.sync_directory(models_dir)
    except OSError as error:
        raise ProjectError("prediction.folder_unwritable", folder=models_dir.name, reason=error.strerror or type(error).__name__) from error
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return [model_list.read(models_dir / entry.card.model_id) for entry in unpacked]


@contextmanager
def opened(path: Path) -> Iterator[Path]:
    """The folder of models that a package holds, for as long as they are used; errors as `import_models`."""
    with contextlib.ExitStack() as stack:
        try:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="sos-studio-", ignore_cleanup_errors=True)))
            unpack(path, folder)
        except OSError as error:
            where = Path(tempfile.gettempdir()).name
            raise ProjectError("prediction.folder_unwritable", folder=where, reason=error.strerror or type(error).__name__) from error
        yield folder


def is_package(path: Path) -> bool:
    """Whether a path is a file that may be a package; a folder never is."""
    return path.is_file() and (path.suffix == SUFFIX or zipfile.is_zipfile(path))


def unpack(source: Path, folder: Path) -> list[ModelEntry]:
    """Unpack and verify all networks of a package into an empty folder; errors as `import_models`."""
    try:
        archive = zipfile.ZipFile(source)
    except (OSError, zipfile.BadZipFile) as error:
        raise BadInputError("package.not_one", file=source.name) from error
    with archive:
        package = _contents(archive, source.name)
        try:
            return [_unpack_one(archive, listed, folder, source.name) for listed in package.models]
        except (zipfile.BadZipFile, zlib.error, KeyError, EOFError, NotImplementedError, RuntimeError, ValueError) as error:
            raise BadInputError("package.damaged", file=source.name) from error


def _contents(archive: zipfile.ZipFile, name: str) -> _Package:
    """The list, if the archive holds exactly what it names."""
    try:
        # Nothing of ours is packed: what is, may unpack to more than any disk holds.
        if any(info.compress_type != zipfile.ZIP_STORED or info.compress_size != info.file_size for info in archive.infolist()):
            raise ValueError("packed")
        told = json.loads(_read(archive, LIST_FILE, LARGEST_CARD))
        version = told.get("schema_version")
        if isinstance(version, int) and version > PACKAGE_VERSION and told.get("format") == "sos-studio-models":
            raise BadInputError("package.newer", file=name)
        package = _Package.model_validate(told)
    except (KeyError, AttributeError, ValidationError, ValueError, zipfile.BadZipFile, zlib.error, EOFError, RuntimeError) as error:
        raise BadInputError("package.not_one", file=name) from error
    expected = {LIST_FILE, WORDS_FILE, *(f"models/{one.model_id}/{file}" for one in package.models for file in (CARD_FILE, TENSORS_FILE))}
    held = archive.namelist()
    # Two names may be one folder where letters' case means nothing.
    alone = len({one.model_id.casefold() for one in package.models}) == len(package.models)
    if not alone or any(not _speakable(one.model_id) or set(one.files) != {CARD_FILE, TENSORS_FILE} for one in package.models):
        raise BadInputError("package.damaged", file=name)
    if len(held) != len(set(held)) or set(held) != expected:
        raise BadInputError("package.damaged", file=name)
    return package


def _speakable(model_id: str) -> bool:
    """Whether Windows would take it for the name of a folder: none of a device, and no point at its end."""
    return not model_id.endswith(".") and not _DEVICE.fullmatch(model_id.split(".", maxsplit=1)[0])


def _unpack_one(archive: zipfile.ZipFile, listed: _Listed, folder: Path, name: str) -> ModelEntry:
    within, place = f"models/{listed.model_id}", folder / listed.model_id
    content = _read(archive, f"{within}/{CARD_FILE}", LARGEST_CARD)
    if hashlib.sha256(content).hexdigest() != listed.files[CARD_FILE]:
        raise BadInputError("package.damaged", file=name)
    try:
        card = read_card(content, listed.model_id)
    except ValueError as error:
        raise BadInputError("package.damaged", file=name) from error
    if (card.model_id, card.kind) != (listed.model_id, listed.kind):
        raise BadInputError("package.damaged", file=name)
    if archive.getinfo(f"{within}/{TENSORS_FILE}").file_size > LARGEST_WEIGHTS:
        raise BadInputError("package.damaged", file=name)
    place.mkdir()
    with archive.open(f"{within}/{TENSORS_FILE}") as source, open(place / TENSORS_FILE, "xb") as into:
        weights = _pour(source, into)
        into.flush()
        os.fsync(into.fileno())
    if weights != listed.files[TENSORS_FILE]:
        raise BadInputError("package.damaged", file=name)
    _check_weights(card, weights)
    _check_tensors(place / TENSORS_FILE, name)
    # The card last: it is what makes a folder a network.
    atomic.write_bytes(place / CARD_FILE, content)
    return ModelEntry(card, place)


def _check_weights(card: ModelCard, sha256: str) -> None:
    named = (card.model_extra or {}).get("weights_sha256")
    if named is not None and named != sha256:
        raise BadInputError("model.changed", model=card.model_id)


def _check_tensors(path: Path, name: str) -> None:
    """Only the header is looked at: names, shapes and places, which must fill the file."""
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="numpy") as tensors:
            if not tensors.keys():
                raise BadInputError("package.damaged", file=name)
    except SafetensorError as error:
        raise BadInputError("package.damaged", file=name) from error


def _sweep(models_dir: Path) -> None:
    """What an import left that was killed: younger ones may be another window's, at it just now."""
    for path in models_dir.glob(f"{_UNFINISHED}*.tmp"):
        with contextlib.suppress(OSError):
            if time.time() - path.stat().st_mtime > _AN_HOUR_S:
                shutil.rmtree(path)


def _refuse_another(entry: ModelEntry, models_dir: Path) -> None:
    there = models_dir / entry.card.model_id
    if not there.exists():
        return
    try:
        same = (there / CARD_FILE).read_bytes() == (entry.path / CARD_FILE).read_bytes()
    except OSError:
        same = False
    if not same:
        raise BadInputError("package.other_of_that_name", model=entry.card.model_id)


def _read(archive: zipfile.ZipFile, member: str, most: int) -> bytes:
    with archive.open(member) as stream:
        content = stream.read(most + 1)
    if len(content) > most:
        raise ValueError("larger than any of ours")
    return content


def _copy(source: Path, into: IO[bytes]) -> str:
    with open(source, "rb") as stream:
        return _pour(stream, into)


def _pour(source: IO[bytes], into: IO[bytes]) -> str:
    digest, poured = hashlib.sha256(), 0
    while chunk := source.read(_CHUNK):
        poured += len(chunk)
        if poured > LARGEST_WEIGHTS:  # whatever its header claims
            raise zipfile.BadZipFile("more than any network of ours")
        digest.update(chunk)
        into.write(chunk)
    return digest.hexdigest()
