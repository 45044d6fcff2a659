"""Zip archives of scans, unpacked for as long as they are read."""

from __future__ import annotations

import shutil
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from sos_studio.core.errors import BadInputError, CancelledError
from sos_studio.imaging.dicom_headers import looks_like_dicom

Cancelled = Callable[[], bool]

# Formats that are known by their names; a detached header and its data file would not find one another under new names.
VOLUME_ENDINGS = (".nii.gz", ".nii", ".nrrd", ".mha", ".vti", ".vtk")
MAX_FILES = 50_000
_ENCRYPTED = 0x1
MAX_EXPANSION = 1100
_CHUNK = 1 << 20


def is_zip(path: Path) -> bool:
    """Whether a file is a zip archive (a file of another kind that merely ends like one is not)."""
    if not path.is_file():
        return False
    try:
        with open(path, "rb") as stream:
            return stream.read(4) in (b"PK\x03\x04", b"PK\x05\x06")
    except OSError:
        return False


class Unpacked(NamedTuple):
    """A folder that holds an archive's files under new names, and the last part of the own name of each, by its new one."""

    folder: Path
    own_names: dict[str, str]


@contextmanager
def unpacked(path: Path, cancelled: Cancelled | None = None) -> Iterator[Unpacked]:
    """Unpack into a temporary folder, removed at the end.

    Members get new names: their own may hold patient names, devices of Windows, or paths that lead out of the folder. A person may be
    told the own ones, to find out which files are meant; nothing else may be done with them.

    Raises
    ------
    BadInputError
        ``scan.bad_zip`` if it is damaged, ``scan.zip_encrypted``, ``scan.nested_zip`` if it holds archives and no scan,
        ``scan.zip_too_large`` if it does not fit on the disk.
    """
    with tempfile.TemporaryDirectory(prefix="sos-studio-") as folder:
        try:
            own_names = _unpack(path, Path(folder), cancelled)
        except (BadInputError, CancelledError):
            raise
        except Exception:
            # zipfile and its decompressors raise whatever a damaged archive provokes (BadZipFile, zlib.error, LZMAError, UnicodeError …).
            raise BadInputError("scan.bad_zip", file=path.name) from None
        yield Unpacked(Path(folder), own_names)


def _unpack(path: Path, folder: Path, cancelled: Cancelled | None) -> dict[str, str]:
    own_names: dict[str, str] = {}
    with zipfile.ZipFile(path) as archive:
        members = [member for member in archive.infolist() if not member.is_dir()]
        if any(member.flag_bits & _ENCRYPTED for member in members):
            raise BadInputError("scan.zip_encrypted", file=path.name)
        total = sum(member.file_size for member in members)
        room = shutil.disk_usage(folder).free - 200_000_000
        if len(members) > MAX_FILES or total > room or total > path.stat().st_size * MAX_EXPANSION:
            raise BadInputError("scan.zip_too_large", file=path.name, gigabytes=round(total / 1e9, 1))
        for number, member in enumerate(members):
            if cancelled is not None and cancelled():
                raise CancelledError
            name = f"{number:06d}{_format_of(member.filename)}"
            own_names[name] = PurePosixPath(member.filename).name or name
            with archive.open(member) as source, open(folder / name, "wb") as target:
                # Never more than the directory promised: a bomb lies about its size.
                left = member.file_size
                while left > 0 and (chunk := source.read(min(_CHUNK, left))):
                    target.write(chunk)
                    left -= len(chunk)
    unpacked_files = sorted(folder.iterdir())
    if any(is_zip(file) for file in unpacked_files) and not any(_may_be_scan(file) for file in unpacked_files):
        raise BadInputError("scan.nested_zip", file=path.name)
    return own_names


def _format_of(name: str) -> str:
    """The ending of a volume file's name, which says its format; nothing of any other name."""
    return next((ending for ending in VOLUME_ENDINGS if name.lower().endswith(ending)), "")


def _may_be_scan(path: Path) -> bool:
    if path.suffix:
        return True
    with open(path, "rb") as stream:
        return looks_like_dicom(stream.read(132))
