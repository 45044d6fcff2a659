"""Several images at one position: told apart by what differs between them, or not at all.

A series may hold two energies, echoes, reconstructions or points in time. The attributes that set them apart are looked at only
where two images share a position, and their values are only compared.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from sos_studio.imaging.dicom_headers import ImageSlice
    from sos_studio.imaging.header_values import Header

# Images that differ in one of these are never slices of one volume, wherever they lie.
ALWAYS = ("StudyInstanceUID", "ConvolutionKernel", "EchoTime")
# Images at the same position are told apart by the first of these that does it.
IF_DOUBLE = (
    "TemporalPositionIdentifier",
    "TemporalPositionIndex",
    "EchoNumbers",
    "KVP",
    "FilterType",
    "ReconstructionDiameter",
    "SliceThickness",
    "DiffusionBValue",
    "TriggerTime",
    "NominalPercentageOfCardiacPhase",
    "ImageType",
    "FrameType",
    "SeriesNumber",
    "AcquisitionNumber",
    "FrameAcquisitionNumber",
    "AcquisitionDateTime",
    "AcquisitionTime",
    "SeriesTime",
    "SeriesDescription",
    "ContrastBolusAgent",
    "ProtocolName",
)
SAME_POSITION_MM = 1e-3

# What sets an image apart, by attribute.
Variant = dict[str, str]


def _normalised(value: Any) -> str:
    """A value without the accidents of its spelling: 120 and 120.0 are one voltage."""
    if isinstance(value, (int, float)):
        return f"{value:g}"
    if isinstance(value, (str, bytes)) or not isinstance(value, Iterable):
        text = value.decode("latin-1") if isinstance(value, bytes) else str(value)
        try:
            return f"{float(text):g}"
        except ValueError:
            return text.strip().upper()
    return "\\".join(_normalised(part) for part in value)


def values_of(sources: Iterable[Header], names: Iterable[str]) -> Variant:
    """Normalised values of the attributes that are there; later sources overrule earlier ones."""
    found: Variant = {}
    sources = list(sources)
    for name in names:
        for dataset in sources:
            value = dataset.get(name)
            if value is not None and value != "":
                found[name] = _normalised(value)
    return found


def kin(sources: Iterable[Header]) -> tuple[str, ...]:
    """What an image shares with all others of its volume, by the attributes `ALWAYS`."""
    found = values_of(sources, ALWAYS)
    return tuple(found.get(name, "") for name in ALWAYS)


def never_together(image: ImageSlice) -> tuple[object, ...]:
    """What two slices of one volume always have in common, beside size and direction."""
    layout = image.layout
    return image.modality, image.sop_class, image.localizer, layout.samples, layout.photometric, image.frame_of_reference, image.kin


def _most_at_one_place(heights_mm: npt.NDArray[np.float64]) -> int:
    """How many images lie at the fullest position."""
    ascending = np.sort(heights_mm)
    groups = np.cumsum(np.diff(ascending, prepend=ascending[0]) >= SAME_POSITION_MM)
    return int(np.bincount(groups).max())


def _heights_mm(images: Sequence[ImageSlice]) -> npt.NDArray[np.float64] | None:
    """Positions along the normal; None unless all images have them."""
    if any(s.position_lps_mm is None or s.row_lps is None or s.column_lps is None for s in images):
        return None
    normal = np.cross(np.array(images[0].row_lps), np.array(images[0].column_lps))
    return np.asarray(np.array([s.position_lps_mm for s in images]) @ normal, dtype=np.float64)


def _variants(images: Sequence[ImageSlice]) -> list[Variant]:
    """What may set each image apart, out of headers read once more."""
    from sos_studio.imaging.dicom_frames import macros_of
    from sos_studio.imaging.dicom_headers import quiet_pydicom, read_dataset

    by_file: dict[Path, list[Variant]] = {}
    with quiet_pydicom():
        for image in images:
            if image.file not in by_file:
                dataset, _, _ = read_dataset(image.file)
                by_file[image.file] = [values_of([dataset, *macros], IF_DOUBLE) for macros in macros_of(dataset)]
    return [by_file[image.file][image.frame] for image in images]


def split_doubles(images: Sequence[ImageSlice]) -> list[tuple[list[ImageSlice], tuple[str, ...]]]:
    """Parallel images with several at one position, split until there is one at each.

    Returns
    -------
    Groups, each with the attributes that set it apart; the images as they came where nothing tells them apart (they will be
    refused as duplicates).
    """
    images = list(images)
    heights = _heights_mm(images)
    most = 1 if heights is None else _most_at_one_place(heights)
    # All at one place is no volume in several versions: a bolus monitor, a perfusion at one height.
    if heights is None or most == 1 or most == len(images):
        return [(images, ())]
    try:
        variants = _variants(images)
    except Exception:
        # Values are parsed when they are first looked at; a damaged one may raise anything.
        return [(images, ())]
    found = _split(list(range(len(images))), heights, variants, IF_DOUBLE)
    return [(images, ())] if found is None else [([images[n] for n in part], names) for part, names in found]


def _split(
    which: list[int], heights: npt.NDArray[np.float64], variants: Sequence[Variant], names: Sequence[str]
) -> list[tuple[list[int], tuple[str, ...]]] | None:
    """Parts with one image at each position and what sets them apart; None if nothing does."""
    most = _most_at_one_place(heights[which])
    if most == 1:
        return [(which, ())]
    for at, name in enumerate(names):
        groups: dict[str | None, list[int]] = {}
        for n in which:
            groups.setdefault(variants[n].get(name), []).append(n)
        # As many versions as the fullest position has images at most: what counts the images themselves tells nothing.
        if not 1 < len(groups) <= most or max(_most_at_one_place(heights[part]) for part in groups.values()) == most:
            continue
        parts = [_split(part, heights, variants, names[at + 1 :]) for part in groups.values()]
        if all(part is not None for part in parts):
            return [(part, (name, *more)) for found in parts if found is not None for part, more in found]
    return None
