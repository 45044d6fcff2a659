"""Multi-frame images with functional groups (Enhanced CT, X-Ray 3D, secondary captures): one `ImageSlice` per frame.

The order of frames, of groups and of the dimension index does not matter: each frame says itself where it lies.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from sos_studio.imaging.header_values import Header, UnusableError, number, numbers
from sos_studio.imaging.modality_lut import value_rule
from sos_studio.imaging.variants import kin

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

    from sos_studio.imaging.dicom_headers import ImageSlice

ENHANCED_CT = ("1.2.840.10008.5.1.4.1.1.2.1", "1.2.840.10008.5.1.4.1.1.2.2")
# Rotational X-ray volumes; dental cone beam scanners write the second one. Their modality is that of the X-ray machine.
X_RAY_3D = ("1.2.840.10008.5.1.4.1.1.13.1.1", "1.2.840.10008.5.1.4.1.1.13.1.2")
GREY_SECONDARY_CAPTURE = ("1.2.840.10008.5.1.4.1.1.7.2", "1.2.840.10008.5.1.4.1.1.7.3")
# Classes whose frames are loaded as slices, where each of them has its place.
FRAMED = frozenset({*ENHANCED_CT, *X_RAY_3D, *GREY_SECONDARY_CAPTURE, "1.2.840.10008.5.1.4.1.1.2"})

_FRAME_TYPES = ("CTImageFrameTypeSequence", "XRay3DFrameTypeSequence", "MRImageFrameTypeSequence", "PETFrameTypeSequence")


def geometry(position: Header, orientation: Header, measures: Header) -> dict[str, Any]:
    """An image plane's fields of `ImageSlice` out of the data sets that hold them.

    Raises
    ------
    UnusableError
        If a value is malformed; absent ones become None.
    """
    found: dict[str, Any] = {}
    cosines = numbers(orientation, "ImageOrientationPatient", 6)
    spacing = numbers(measures, "PixelSpacing", 2)
    thickness = number(measures, "SliceThickness", 0.0)
    found["position_lps_mm"] = numbers(position, "ImagePositionPatient", 3)
    found["row_lps"], found["column_lps"] = (None, None) if cosines is None else (cosines[:3], cosines[3:])
    found["spacing_mm_vu"] = spacing if spacing is None or min(spacing) > 0 else None
    found["thickness_mm"] = thickness if thickness > 0 else None
    return found


def is_localizer(image_type: object) -> bool:
    """Whether an Image Type or Frame Type says so."""
    return image_type is not None and "LOCALIZER" in str(image_type).upper()


def _items(group: Dataset) -> dict[str, Dataset]:
    """A functional group's macros by keyword, each with its one item."""
    return {element.keyword: element.value[0] for element in group if element.VR == "SQ" and element.value}


def _frame_type(macros: dict[str, Dataset]) -> object:
    return next((macros[name].get("FrameType") for name in _FRAME_TYPES if name in macros), None)


def _by_frame(dataset: Header) -> Iterator[dict[str, Dataset]]:
    """Each frame's macros: its own, else the shared ones."""
    shared = dataset.get("SharedFunctionalGroupsSequence")
    common = _items(shared[0]) if shared else {}
    for group in dataset.get("PerFrameFunctionalGroupsSequence") or []:
        yield {**common, **_items(group)}


def macros_of(dataset: Header) -> list[list[Dataset]]:
    """Data sets that describe each frame, beside the image's own; of a single image one empty list."""
    return [list(macros.values()) for macros in _by_frame(dataset)] or [[]]


def frames_of(dataset: Header, first: ImageSlice) -> list[ImageSlice]:
    """The frames of a multi-frame image, each with its own geometry and value rule.

    Parameters
    ----------
    first
        What all frames have in common.

    Raises
    ------
    UnusableError
        If there are not as many groups as frames, or a value is malformed.
    """
    from pydicom.dataset import Dataset

    empty = Dataset()
    frames = []
    for frame, macros in enumerate(_by_frame(dataset)):
        place = geometry(
            macros.get("PlanePositionSequence", empty),
            macros.get("PlaneOrientationSequence", empty),
            macros.get("PixelMeasuresSequence", empty),
        )
        rule = value_rule(dataset, macros.get("PixelValueTransformationSequence", empty), first.layout, first.sop_class).fields()
        remarks = tuple(dict.fromkeys((*first.remarks, *rule["remarks"])))
        stack = macros.get("FrameContentSequence", empty).get("StackID")
        frames.append(
            replace(
                first,
                frame=frame,
                framed=True,
                localizer=first.localizer or is_localizer(_frame_type(macros)),
                kin=(*kin([dataset, *macros.values()]), str(stack or "")),
                **place,
                **{**rule, "remarks": remarks},
            )
        )
    if len(frames) != first.layout.frames:
        raise UnusableError("PerFrameFunctionalGroupsSequence")
    return frames
