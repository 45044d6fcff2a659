"""NRRD's and MetaImage's text headers, looked at before SimpleITK reads the file: it assumes what they leave out and says nothing."""

from __future__ import annotations

import re
import stat
from pathlib import Path

from sos_studio.core.errors import BadInputError
from sos_studio.core.scans import Problem

# No header is longer; what comes behind is data.
_LONGEST = 64 << 10
_NRRD_SPACES = frozenset({"left-posterior-superior", "lps", "right-anterior-superior", "ras", "left-anterior-superior", "las"})
# Spaces that say nothing of the patient: taken as LPS, like a file without any, and told.
_NRRD_NOWHERE = frozenset({"", "3d-right-handed", "scanner-xyz"})
_MILLIMETRES = frozenset({"mm", "millimeter", "millimetre", "millimeters", "millimetres", "???", ""})


def _fields(path: Path, separator: str, last: str) -> dict[str, str]:
    """Keys (lower case) and values of a header's lines, up to the first empty one or the key `last`.

    Raises
    ------
    BadInputError
        ``scan.cannot_parse`` if the file ends before.
    """
    with open(path, "rb") as stream:
        start = stream.read(_LONGEST)
    fields: dict[str, str] = {}
    for line in start.splitlines():
        text = _text(line).strip()
        key, found, value = text.partition(separator)
        if found and not value.startswith("="):
            fields.setdefault(key.strip().lower(), value.strip())
        if not text or key.strip().lower() == last:
            return fields
    if path.suffix.lower() == ".nhdr":
        return fields
    raise BadInputError("scan.cannot_parse", file=path.name)


def _text(line: bytes) -> str:
    try:
        return line.decode("utf-8")
    except UnicodeDecodeError:
        return line.decode("latin-1")


def _check_neighbour(path: Path, named: str) -> None:
    """A detached header's data lie beside it; one that points elsewhere on the disk is refused, and so is what is no file."""
    data = path.parent / named
    try:
        beside = data.resolve().is_relative_to(path.parent.resolve())
        regular = beside and stat.S_ISREG(data.stat().st_mode)
    except (OSError, ValueError):
        regular = False
    if not regular:
        raise BadInputError("scan.data_file_missing", file=path.name)


def check_nrrd(path: Path) -> list[Problem]:
    """Space, units and data file of an NRRD header.

    Raises
    ------
    BadInputError
        ``scan.unknown_space``, ``scan.unknown_units``, ``scan.no_geometry``, ``scan.data_file_missing``.
    """
    fields = _fields(path, ":", "")
    named = fields.get("data file", fields.get("datafile"))
    if named is not None:
        if named.upper().startswith("LIST") or "%" in named:
            raise BadInputError("scan.cannot_parse", file=path.name)
        _check_neighbour(path, named)
    units = [unit.lower() for unit in re.findall(r'"([^"]*)"', fields.get("space units", fields.get("units", "")))]
    if any(unit not in _MILLIMETRES for unit in units):
        raise BadInputError("scan.unknown_units", file=path.name, units=", ".join(sorted(set(units))))
    if "space directions" not in fields and "spacings" not in fields:
        raise BadInputError("scan.no_geometry", file=path.name, missing="space directions, spacings")
    space = fields.get("space", "").lower()
    if space in _NRRD_SPACES and "space directions" in fields:
        return []
    if space not in _NRRD_NOWHERE | _NRRD_SPACES:
        raise BadInputError("scan.unknown_space", file=path.name, space=space[:40])
    return [Problem("scan.assumed_lps", "warning", {"file": path.name})]


def check_meta_image(path: Path) -> list[Problem]:
    """Directions, units and data file of a MetaImage header.

    Raises
    ------
    BadInputError
        ``scan.unknown_units``, ``scan.no_geometry``, ``scan.data_file_missing``, ``scan.cannot_parse``.
    """
    fields = _fields(path, "=", "elementdatafile")
    named = fields.get("elementdatafile", "")
    if named.upper() != "LOCAL":
        if not named or named.upper().startswith("LIST") or "%" in named:
            raise BadInputError("scan.cannot_parse", file=path.name)
        _check_neighbour(path, named)
    units = fields.get("distanceunits", "").lower()
    if units not in _MILLIMETRES:
        raise BadInputError("scan.unknown_units", file=path.name, units=units[:40])
    if "elementspacing" not in fields and "elementsize" not in fields:
        raise BadInputError("scan.no_geometry", file=path.name, missing="ElementSpacing")
    if any(name in fields for name in ("transformmatrix", "rotation", "orientation")):
        return []
    return [Problem("scan.assumed_lps", "warning", {"file": path.name})]
