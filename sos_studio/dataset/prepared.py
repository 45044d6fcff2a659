"""The untouched picture of an import, and the mask of what was covered in it, beside the full image that was made of it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path

from pydantic import ValidationError

from sos_studio.core.captures import CaptureRecord
from sos_studio.core.errors import BadInputError
from sos_studio.core.preparation import Preparation
from sos_studio.dataset.captures import RECORD_FILE

ORIGINAL_FILE, MASK_FILE = "original.png", "mask.png"


def files(original_png: bytes | None, mask_png: bytes | None) -> dict[str, bytes]:
    """What is written, by name."""
    return {name: png for name, png in ((ORIGINAL_FILE, original_png), (MASK_FILE, mask_png)) if png is not None}


def kept(folder: Path, preparation: Preparation | None) -> dict[str, bytes]:
    """The files of a capture's folder that its record says were kept; ``capture.unreadable`` if they are not what it says."""
    if preparation is None:
        return {}
    wanted = {ORIGINAL_FILE: preparation.original_sha256, MASK_FILE: preparation.mask_sha256}
    found = {}
    for name, digest in wanted.items():
        if digest is None:
            continue
        if _digest(folder / name) != digest:
            raise BadInputError("capture.unreadable", folder=folder.name)
        found[name] = (folder / name).read_bytes()
    return found


def damaged(folder: Path) -> list[str]:
    """The files in a capture's folder that are not what its record says; empty if all is well or none were kept."""
    try:
        record = CaptureRecord.model_validate_json((folder / RECORD_FILE).read_bytes())
    except (OSError, ValidationError):
        return []  # the record's own damage is told by its hash
    if record.prepared is None:
        return []
    expected = {ORIGINAL_FILE: record.prepared.original_sha256, MASK_FILE: record.prepared.mask_sha256}
    return [name for name, digest in expected.items() if digest is not None and _digest(folder / name) != digest]


def expected(directory: Path, files: Iterable[str]) -> dict[str, str]:
    """The hashes that records hold of those of some files (below a project's folder, POSIX) that are originals or masks."""
    found: dict[str, str] = {}
    for file in files:
        path = directory / file
        if path.name not in (ORIGINAL_FILE, MASK_FILE):
            continue
        try:
            kept = CaptureRecord.model_validate_json((path.parent / RECORD_FILE).read_bytes()).prepared
        except (OSError, ValidationError):
            continue
        digest = None if kept is None else kept.original_sha256 if path.name == ORIGINAL_FILE else kept.mask_sha256
        if digest is not None:
            found[file] = digest
    return found


def _digest(path: Path) -> str | None:
    try:
        with open(path, "rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError:
        return None
