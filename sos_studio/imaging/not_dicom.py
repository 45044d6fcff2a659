"""What a file that is no DICOM file may be all the same: packed, or one whose beginning was lost."""

from __future__ import annotations

import gzip
import re
import zlib
from pathlib import Path

from sos_studio.core.errors import BadInputError

# gzip, bzip2, xz, 7-Zip, RAR.
_PACKED = (b"\x1f\x8b\x08", b"BZh", b"\xfd7zXZ\x00", b"7z\xbc\xaf\x27\x1c", b"Rar!\x1a\x07")
# Elements that open a data set, with the type of value that they always have.
_FIRST_ELEMENTS = re.compile(rb"\x08\x00[\x05\x08\x12\x16\x18]\x00(?:CS|DA|UI)")
START_BYTES = 512


def why_not(path: Path, start: bytes) -> BadInputError:
    """The reason to give for a file whose first bytes are no DICOM file's.

    Parameters
    ----------
    start
        `START_BYTES` or more.
    """
    if start.startswith(_PACKED):
        return BadInputError("scan.packed", file=path.name)
    return BadInputError("scan.cut_start" if lost_its_start(start) else "scan.not_dicom", file=path.name)


def lost_its_start(start: bytes) -> bool:
    """Whether a data set begins among these bytes, though the file does not begin as it should."""
    return _FIRST_ELEMENTS.search(start) is not None


def packed_dicom(path: Path) -> bool:
    """Whether a file is a gzip of a DICOM file."""
    from sos_studio.imaging.dicom_headers import looks_like_dicom

    try:
        with open(path, "rb") as stream:
            if stream.read(3) != _PACKED[0]:
                return False
        with gzip.open(path) as inside:
            return looks_like_dicom(inside.read(132))
    except (OSError, EOFError, zlib.error):
        return False
