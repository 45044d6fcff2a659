"""What is told of picture files before any is imported: which can't be read, which are the same, which look like crops."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

from sos_studio.core.errors import BadInputError, SosError
from sos_studio.dataset.captures import sha256
from sos_studio.dataset.decoded import Doubts
from sos_studio.imaging import jpeg_checks, picture_checks
from sos_studio.services.import_crops import looks_like_crop

READERS = 4
# Most of the pictures are twice as wide as high: then all are asked about.
MOST = 0.5
NAMED = 3
_Key = tuple[Path, int, int]


@dataclass(frozen=True)
class Look:
    """What a file's header says.

    Attributes
    ----------
    shape_vu
        Rows and columns; None if the file can't be read.
    fault
        Why the file can't be used.
    """

    shape_vu: tuple[int, int] | None = None
    fault: SosError | None = None


class Looks:
    """Headers and hashes that were read once are not read again while a person changes what columns mean."""

    def __init__(self) -> None:
        self._looks: dict[_Key, Look] = {}
        self._hashes: dict[_Key, str] = {}
        self._damaged: dict[_Key, bool] = {}

    def at(self, paths: Sequence[Path], smallest_side_px: int) -> dict[Path, Look]:
        """What is told of each file."""

        def look(path: Path) -> Look:
            key = _key(path)
            found = _look(path) if key is None or key not in self._looks else self._looks[key]
            if key is not None:
                self._looks[key] = found
            if found.shape_vu is None or min(found.shape_vu) >= smallest_side_px:
                return found
            height, width = found.shape_vu
            fault = BadInputError("image.too_small", file=path.name, width=width, height=height, smallest=smallest_side_px)
            return replace(found, fault=fault)

        with ThreadPoolExecutor(READERS, "import-look") as pool:
            return dict(zip(paths, pool.map(look, paths), strict=True))

    def damaged(self, paths: Sequence[Path], cancelled: Callable[[], bool] = lambda: False) -> Doubts:
        """What is to be said of files that seem to be damaged in their middle, which takes a few milliseconds each.

        Returns
        -------
        ``import.seem_damaged`` with `count`, `all` and a few `names`; empty if there is none, or once `cancelled` says so.
        """

        def look(path: Path) -> bool:
            key = _key(path)
            if cancelled() or key is None:
                return False
            if key not in self._damaged:
                self._damaged[key] = jpeg_checks.seems_damaged(path)
            return self._damaged[key]

        with ThreadPoolExecutor(READERS, "import-damage") as pool:
            found = [path.name for path, damaged in zip(paths, pool.map(look, paths), strict=True) if damaged]
        return (("import.seem_damaged", _counted(found, len(paths))),) if found and not cancelled() else ()

    def twins(self, paths: Sequence[Path]) -> dict[Path, Path]:
        """Files with the very bytes of one that stands before them, and which that is; only files of one size are read."""
        of_size: dict[int, list[_Key]] = defaultdict(list)
        for path in paths:
            if (key := _key(path)) is not None:
                of_size[key[1]].append(key)
        first: dict[str, Path] = {}
        twins: dict[Path, Path] = {}
        for keys in of_size.values():
            for key in keys if len(keys) > 1 else ():
                if key not in self._hashes:
                    try:
                        self._hashes[key] = sha256(key[0].read_bytes())
                    except OSError:  # told when it is looked at
                        continue
                if (one := first.setdefault(self._hashes[key], key[0])) != key[0]:
                    twins[key[0]] = one
        return twins


def crops_asked(looks: dict[Path, Look], crops: bool) -> Doubts:
    """A question where pictures don't look like what they are said to be: crops are twice as wide as high, full images hardly ever.

    Returns
    -------
    ``import.look_like_crops`` or ``import.no_crops`` with `count`, `all` and a few `names`; empty if there is nothing to ask.
    """
    readable = {path: look.shape_vu for path, look in looks.items() if look.shape_vu is not None}
    alike = [path.name for path, shape_vu in readable.items() if looks_like_crop(shape_vu)]
    if not crops and len(alike) > MOST * len(readable):
        return (("import.look_like_crops", _counted(alike, len(readable))),)
    others = [path.name for path in readable if path.name not in alike]
    if crops and len(others) > MOST * len(readable):
        return (("import.no_crops", _counted(others, len(readable))),)
    return ()


def _counted(names: Sequence[str], total: int) -> dict[str, object]:
    told = ", ".join(names[:NAMED]) + (" …" if len(names) > NAMED else "")
    return {"count": len(names), "all": total, "names": told}


def _look(path: Path) -> Look:
    try:
        return Look(picture_checks.shape_of(path, 1))
    except SosError as error:
        return Look(fault=error)


def _key(path: Path) -> _Key | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return path, found.st_size, found.st_mtime_ns
