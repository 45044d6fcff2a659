"""What DICOM series lie in a folder or file."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from sos_studio.core.captures import matrix4
from sos_studio.core.errors import BadInputError, CancelledError
from sos_studio.core.scans import PART, Problem, SeriesInfo
from sos_studio.imaging.dicom_headers import MEDIA_DIRECTORY, ImageSlice, image_slices, looks_like_dicom, quiet_pydicom, read_dataset
from sos_studio.imaging.geometry_checks import SAME_SPACING, Stack, check_stack, same_direction
from sos_studio.imaging.header_prefix import PREFIX_BYTES, PrefixReader
from sos_studio.imaging.not_dicom import START_BYTES, lost_its_start, packed_dicom
from sos_studio.imaging.read_ahead import beginnings_ahead
from sos_studio.imaging.variants import never_together, split_doubles

Progress = Callable[[float], None]
Cancelled = Callable[[], bool]

_TOO_FEW = "scan.too_few_slices"


@dataclass(frozen=True)
class DicomSeries:
    """One series of a source: what `inspect` says of it, and its slices in order."""

    info: SeriesInfo
    stack: Stack


def _files_below(folder: Path) -> Iterator[Path]:
    """Every regular file, in a stable order; links to folders are not followed, they may run in circles.

    A folder that can't be looked into comes as if it were a file: reading its header will say what is wrong.
    """
    refused: list[Path] = []
    waiting = [folder]
    while waiting:
        here = waiting.pop()
        folders: list[str] = []
        files: list[str] = []
        try:
            with os.scandir(here) as entries:
                for entry in entries:
                    # The directory itself says what its entries are: no call to the system for each.
                    if entry.is_dir(follow_symlinks=False):
                        folders.append(entry.name)
                    elif _is_file(entry):
                        files.append(entry.name)
        except OSError:
            refused.append(here)
        yield from (Path(here, name) for name in sorted(files))
        waiting += (Path(here, name) for name in sorted(folders, reverse=True))
    yield from refused


def _is_file(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_file()
    except OSError:  # a link to somewhere that can't be looked into
        return False


def _referenced_files(directory_file: Path) -> list[Path]:
    """Files that a DICOMDIR names; an empty list if it names none or can't be read, or if one is missing."""
    try:
        dataset, _, _ = read_dataset(directory_file)
        with quiet_pydicom():
            names = [record.get("ReferencedFileID") for record in dataset.get("DirectoryRecordSequence") or []]
    except Exception:
        # A broken directory must not stand in the way of the files beside it.
        return []
    root = directory_file.parent.resolve()
    files = []
    for name in names:
        if not name:
            continue
        parts = [name] if isinstance(name, str) else [str(part) for part in name]
        try:
            path = root.joinpath(*parts).resolve()
            # A hostile directory may point anywhere on the disk.
            named = path.is_relative_to(root) and path.is_file()
        except (OSError, ValueError):  # a name that no file can have
            named = False
        if not named:
            return []
        files.append(path)
    return files


def is_media_directory(path: Path) -> bool:
    """Whether a file is a DICOMDIR, whatever its name."""
    try:
        with open(path, "rb") as stream:
            start = stream.read(1024)
    except OSError:
        return False
    # The class UID stands in the meta header, right behind the magic.
    return start[128:132] == b"DICM" and MEDIA_DIRECTORY.encode() in start


def candidate_files(source: Path) -> tuple[list[Path], bool]:
    """Files to look at: the file itself, a folder's files, or those of a DICOMDIR; and whether it is its folder's, it being of no use."""
    if source.is_dir():
        return list(_files_below(source)), False
    if is_media_directory(source):
        named = _referenced_files(source)
        return named or list(_files_below(source.parent)), not named
    return [source], False


def _opens_like_dicom(path: Path) -> bool:
    """Whether a file of a folder is a DICOM file, or was one before its beginning was lost."""
    try:
        with open(path, "rb") as stream:
            start = stream.read(START_BYTES)
        return looks_like_dicom(start) or lost_its_start(start)
    except OSError:
        return True  # its header read will say what is wrong


def read_headers(
    files: Iterable[Path], *, alone: bool, progress: Progress | None, cancelled: Cancelled | None
) -> tuple[list[ImageSlice], list[BadInputError]]:
    """Headers of all files that are images; what is wrong with those that should be and can't be read.

    Parameters
    ----------
    alone
        The person chose this very file: then everything that is not an image is a fault. In a folder, other files and
        DICOM objects without pixels are passed over.
    """
    files = list(files)
    with beginnings_ahead(files, PREFIX_BYTES):
        return _headers(files, alone, progress, cancelled)


def _headers(
    files: list[Path], alone: bool, progress: Progress | None, cancelled: Cancelled | None
) -> tuple[list[ImageSlice], list[BadInputError]]:
    prefixes = PrefixReader()
    slices: list[ImageSlice] = []
    faults: list[BadInputError] = []
    for number, path in enumerate(files):
        if cancelled is not None and cancelled():
            raise CancelledError
        if progress is not None:
            progress(number / len(files))
        quick = prefixes.slices(path)
        if quick is not None:
            slices += quick
            continue
        if not alone and not _opens_like_dicom(path):
            continue
        try:
            slices += image_slices(path)
        except BadInputError as error:
            if alone:
                raise
            if error.code not in ("scan.not_dicom", "scan.no_image"):
                faults.append(error)
    return slices, faults


def _without_copies(slices: list[ImageSlice]) -> tuple[list[ImageSlice], int]:
    """Leave out files that are byte for byte copies of another one (a scan exported twice into one folder)."""
    by_uid: dict[tuple[str, int], list[ImageSlice]] = {}
    for image in slices:
        by_uid.setdefault((image.sop_instance_uid, image.frame), []).append(image)
    kept: list[ImageSlice] = []
    for same in by_uid.values():
        seen: set[bytes] = set()
        for image in same:
            if len(same) > 1:
                content = hashlib.sha256(image.file.read_bytes()).digest()
                if content in seen:
                    continue
                seen.add(content)
            kept.append(image)
    return kept, len(slices) - len(kept)


def _same_grid(a: ImageSlice, b: ImageSlice) -> bool:
    """Whether two slices lie parallel and have pixels of one number and size."""
    if (a.layout.rows, a.layout.columns) != (b.layout.rows, b.layout.columns) or not same_direction(a, b):
        return False
    if a.spacing_mm_vu is None or b.spacing_mm_vu is None:
        return a.spacing_mm_vu == b.spacing_mm_vu
    return all(abs(x - y) <= SAME_SPACING * x for x, y in zip(a.spacing_mm_vu, b.spacing_mm_vu, strict=True))


@dataclass(frozen=True)
class _Group:
    """Slices that may be one volume, and how they were told from others of their series."""

    uid: str
    slices: list[ImageSlice]
    copies: int
    split: bool
    apart_by: tuple[str, ...]


def _groups(slices: list[ImageSlice]) -> list[_Group]:
    """Parallel slices of one size and kind with one image at each position, as far as they can be told apart; in order of appearance."""
    by_series: dict[str, dict[tuple[object, ...], list[list[ImageSlice]]]] = {}
    for image in slices:
        alike = by_series.setdefault(image.series_uid, {}).setdefault(never_together(image), [])
        for group in alike:
            if _same_grid(image, group[0]):
                group.append(image)
                break
        else:
            alike.append([image])
    found = []
    for series_uid, kinds in by_series.items():
        parts = []
        for group in (group for alike in kinds.values() for group in alike):
            kept, copies = _without_copies(group)
            parts += [(part, copies, apart_by) for part, apart_by in split_doubles(kept)]
        for number, (part, copies, apart_by) in enumerate(parts, start=1):
            name = series_uid or "unnamed"
            found.append(_Group(name if number == 1 else f"{name}{PART}{number}", part, copies, len(parts) > 1, apart_by))
    return found


def _blaming(problem: Problem, file: str) -> Problem:
    """A gap among the slices, where a file of the folder could not be read, is that file's."""
    return Problem("scan.missing_damaged", "error", {**problem.values, "file": file}) if problem.code == "scan.missing_slices" else problem


def _series(group: _Group, faults: list[BadInputError], about_source: tuple[Problem, ...]) -> DicomSeries:
    stack = check_stack(group.slices)
    extra = list(about_source)
    if group.apart_by:
        extra.append(Problem("scan.told_apart", "warning", {"attributes": ", ".join(group.apart_by)}))
    elif group.split:
        extra.append(Problem("scan.split_series", "warning"))
    if group.copies:
        extra.append(Problem("scan.copies_ignored", "warning", {"files": group.copies}))
    problems = stack.problems
    if faults:
        first = str(faults[0].values.get("file", "?"))
        extra.append(Problem("scan.unreadable_files", "warning", {"files": len(faults), "file": first}))
        problems = tuple(_blaming(problem, first) for problem in problems)
    info = SeriesInfo(
        uid=group.uid,
        modality=stack.slices[0].modality or "?",
        loadable=stack.loadable,
        shape_kji=stack.shape_kji,
        spacing_mm_kji=stack.spacing_mm_kji,
        lps_from_ijk=None if stack.lps_from_ijk is None else matrix4(stack.lps_from_ijk),
        problems=(*problems, *extra),
        corrections=stack.corrections,
    )
    return DicomSeries(info, stack)


def _in_all_directions(parts: list[DicomSeries]) -> list[DicomSeries]:
    """Parts of one series; where each is too small for a volume, that they were apart is what is wrong."""
    counts = [len(part.stack.slices) for part in parts]
    if len(parts) == 1 or not all(any(problem.code == _TOO_FEW for problem in part.info.problems) for part in parts):
        return parts
    mixed = Problem("scan.mixed_directions", "error", {"slices": sum(counts), "parts": len(parts), "most": max(counts)})
    told = []
    for part in parts:
        problems = tuple(mixed if problem.code == _TOO_FEW else problem for problem in part.info.problems)
        told.append(DicomSeries(replace(part.info, problems=problems), part.stack))
    return told


def _nothing_among(files: list[Path]) -> BadInputError:
    """Why there is no image: none of the files is one, or each has still to be unpacked."""
    packed = next((path for path in files if packed_dicom(path)), None)
    return BadInputError("scan.no_dicom", files=len(files)) if packed is None else BadInputError("scan.packed", file=packed.name)


def scan_dicom(source: Path, *, progress: Progress | None = None, cancelled: Cancelled | None = None) -> list[DicomSeries]:
    """Find the series of a DICOM file, folder or DICOMDIR by reading headers only.

    Returns
    -------
    At least one series; those that can be loaded first, those of more pixels (of all slices) before smaller ones.

    Raises
    ------
    BadInputError
        ``scan.no_dicom`` if nothing in the folder is a DICOM image; the file's own fault if a single file was chosen or
        every image of the folder failed. `CancelledError` when asked to stop.
    """
    files, instead = candidate_files(source)
    alone = source.is_file() and files == [source]
    slices, faults = read_headers(files, alone=alone, progress=progress, cancelled=cancelled)
    if not slices:
        raise faults[0] if faults else _nothing_among(files)
    useless = Problem("scan.directory_useless", "warning", {"file": source.name})
    about_source = (useless,) if instead else ()
    by_series: dict[str, list[DicomSeries]] = {}
    for group in _groups(slices):
        by_series.setdefault(group.uid.partition(PART)[0], []).append(_series(group, faults, about_source))
    series = [part for parts in by_series.values() for part in _in_all_directions(parts)]
    return sorted(series, key=lambda s: (not s.info.loadable, -sum(image.layout.rows * image.layout.columns for image in s.stack.slices)))
