"""A picture that somebody already has, made a full image: borders cut away, overlays covered, size from its ruler, face to the right."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt

from sos_studio.core.errors import BadInputError
from sos_studio.core.geometry import Facing
from sos_studio.core.preparation import Preparation, RulerRecord
from sos_studio.dataset.decoded import DecodedImage, Doubts
from sos_studio.dataset.label_table import TableOptions
from sos_studio.dataset.near_duplicates import Look
from sos_studio.imaging import borders, images, jpeg_checks, overlays, rulers
from sos_studio.imaging.borders import Box
from sos_studio.imaging.rulers import Ruler

# Pixels larger or smaller than these are no capture of a head: the ruler's ticks are not what somebody said.
LEAST_SPACING_MM, MOST_SPACING_MM = 0.02, 3.0


@dataclass(frozen=True)
class PictureOptions:
    """What is done to each picture.

    Attributes
    ----------
    facing
        Where the faces look; left-facing pictures are mirrored, and their records say so.
    spacing_mm
        Pixel size, if it is known and the same for all.
    ruler_tick_mm
        Millimetres between neighbouring ticks of the ruler in the pictures; the pixel size is then measured in each.
    cut_borders, cover_overlays
        Whether uniform borders are cut away, and letters, rulers and lines filled from around.
    keep_originals
        Whether the file's untouched grey pixels are kept beside a picture that was changed.
    crops
        Whether the pictures are crops, endocranial end left: each is taken as it is, but for `boxes`, and gets a frame around all of it.
    boxes
        What is covered in every picture beside what is found: letters or names that stand in the same place in all of them.
    """

    facing: Facing = "right"
    spacing_mm: float | None = None
    ruler_tick_mm: float | None = None
    cut_borders: bool = True
    cover_overlays: bool = True
    keep_originals: bool = True
    crops: bool = False
    boxes: tuple[Box, ...] = ()


@dataclass(frozen=True)
class ImportOptions:
    """How pictures, their table and their names are read.

    Attributes
    ----------
    names
        Pattern of the files' names (`dataset.name_patterns`); empty: the names say nothing.
    take_unmended
        Whether pictures are taken too whose row or name needs mending, without what it says.
    """

    pictures: PictureOptions = field(default_factory=PictureOptions)
    table: TableOptions = field(default_factory=TableOptions)
    names: str = ""
    take_unmended: bool = False


@dataclass(frozen=True, eq=False)
class Found:
    """What a picture holds beside the picture.

    Attributes
    ----------
    gray
        The file's pixels.
    box
        What is left without borders.
    mask
        Where it is covered by what was drawn over it.
    ruler
        The ruler, wherever it is.
    """

    gray: npt.NDArray[np.uint8]
    box: Box
    mask: npt.NDArray[np.bool_]
    ruler: Ruler | None


def find(path: Path, options: PictureOptions) -> Found:
    """Look at a picture; errors of `images.read_picture`."""
    gray, rgb = images.read_picture(path, least_side_px(options))
    whole = Box(0, 0, *gray.shape)
    strokes = overlays.find_strokes(rgb, gray)
    ruler = rulers.find_ruler(strokes)
    # Of a crop all is the joint: bright bone at the edge of so small a picture is easily taken for a letter.
    box, mask = whole, np.zeros(gray.shape, dtype=np.bool_)
    if not options.crops:
        found = overlays.covered(strokes if ruler is None else strokes | rulers.label_strokes(gray, strokes, ruler))
        box = borders.find_picture(gray, found) if options.cut_borders else whole
        mask = found if options.cover_overlays else mask
    for further in options.boxes:
        further.of(mask)[...] = True
    return Found(gray, box, mask, ruler)


def boxes_of(text: str) -> tuple[Box, ...]:
    """Boxes as a person types them: ``left, top, width, height`` in pixels of the file, several parted by semicolons.

    Raises
    ------
    BadInputError
        ``import.box_bad`` (text).
    """
    found = []
    for part in filter(None, (part.strip() for part in text.split(";"))):
        numbers = re.fullmatch(r"(\d+)\s*[, ]\s*(\d+)\s*[, ]\s*(\d+)\s*[, ]\s*(\d+)", part)
        left, top, width, height = map(int, numbers.groups()) if numbers is not None else (0, 0, 0, 0)
        if not width or not height:
            raise BadInputError("import.box_bad", text=part)
        found.append(Box(top, left, top + height, left + width))
    return tuple(found)


def boxes_text(boxes: Sequence[Box]) -> str:
    """The same as text."""
    return "; ".join(f"{box.left}, {box.top}, {box.right - box.left}, {box.bottom - box.top}" for box in boxes)


def least_side_px(options: PictureOptions) -> int:
    """The smallest side that a picture may have: the height of a crop is half of its width."""
    return images.SMALLEST_SIDE_PX // 2 if options.crops else images.SMALLEST_SIDE_PX


def full_image(found: Found, facing: Facing) -> npt.NDArray[np.uint8]:
    """The picture as it is stored.

    A crop that is lower than a full image may be gets its lowest row repeated below: networks need the height, and its frame leaves the
    added rows out.
    """
    # Of a picture that is covered as a whole there is nothing around to fill it from, and it must not be seen.
    full8 = found.box.of(np.zeros_like(found.gray) if found.mask.all() else overlays.fill(found.gray, found.mask))
    if (missing := images.SMALLEST_SIDE_PX - len(full8)) > 0:
        full8 = np.pad(full8, ((0, missing), (0, 0)), mode="edge")
    return np.ascontiguousarray(full8[:, ::-1] if facing == "left" else full8)


def decode(path: Path, options: PictureOptions) -> DecodedImage:
    """Read a file for the import; errors of `images.read_picture`."""
    found = find(path, options)
    full8 = full_image(found, options.facing)
    spacing_mm, doubts = _spacing(None if found.ruler is None else found.ruler.tick_px, options)
    if jpeg_checks.seems_damaged(path):
        doubts = (*doubts, ("import.seems_damaged", {}))
    masked = found.mask & _inside(found)
    changed = bool(masked.any()) or full8.shape != found.gray.shape
    original_png = images.encode_png(found.gray, quick=True) if changed and options.keep_originals else None
    mask_png = images.encode_png(found.mask.astype(np.uint8) * 255, quick=True) if original_png is not None and masked.any() else None
    from_ruler = options.ruler_tick_mm is not None and spacing_mm is not None
    preparation = Preparation(
        original_shape_vu=_shape(found.gray),
        origin_vu=(found.box.top, found.box.left),
        masked_px=int(masked.sum()),
        original_sha256=_sha256(original_png),
        mask_sha256=_sha256(mask_png),
        spacing_from="ruler" if from_ruler else None if spacing_mm is None else "typed",
        ruler=RulerRecord(tick_px=found.ruler.tick_px, tick_mm=options.ruler_tick_mm or 1.0) if from_ruler and found.ruler else None,
    )
    return DecodedImage(
        images.encode_png(full8),
        _shape(full8),
        mirrored=options.facing == "left",
        spacing_mm=spacing_mm,
        preparation=preparation if changed or from_ruler else None,
        original_png=original_png,
        mask_png=mask_png,
        look=Look.of(full8),
        doubts=doubts,
    )


def pixel_size(path: Path, tick_px: float | None, options: PictureOptions) -> tuple[float | None, Doubts]:
    """Pixel size of a picture that was imported before, and what is to be said of it; errors of `images.read_picture`.

    Parameters
    ----------
    tick_px
        Pixels between the ticks of its ruler as they were measured then; None: they were not, so the picture is looked at again.
    """
    if options.ruler_tick_mm is not None and tick_px is None:
        ruler = find(path, options).ruler
        tick_px = None if ruler is None else ruler.tick_px
    return _spacing(tick_px, options)


def _spacing(tick_px: float | None, options: PictureOptions) -> tuple[float | None, Doubts]:
    """Pixel size, and what is to be said of it."""
    if options.ruler_tick_mm is None:
        return options.spacing_mm, ()
    if tick_px is None:
        return options.spacing_mm, (("import.no_ruler", {}),)
    spacing_mm = options.ruler_tick_mm / tick_px
    if not LEAST_SPACING_MM <= spacing_mm <= MOST_SPACING_MM:
        return options.spacing_mm, (("import.ruler_not_right", {"spacing_mm": f"{spacing_mm:.3g}", "tick_px": f"{tick_px:.1f}"}),)
    return spacing_mm, ()


def _inside(found: Found) -> npt.NDArray[np.bool_]:
    inside = np.zeros(found.gray.shape, dtype=np.bool_)
    found.box.of(inside)[...] = True
    return inside


def _shape(image: npt.NDArray[np.uint8]) -> tuple[int, int]:
    height, width = image.shape
    return height, width


def _sha256(png: bytes | None) -> str | None:
    return None if png is None else hashlib.sha256(png).hexdigest()
