"""What becomes of each attribute in a de-identified copy: DICOM PS3.15 Table E.1-1, and a stricter rule for what the table is silent about.

The table (``resources/deidentification/basic-profile.csv``, edition of 2025) names what is known to identify people and keeps all else.
Here, of attributes that the table does not name, only numbers stay, standard codes, and the few coded strings that a reader of the
pictures needs.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Sequence
from functools import cache
from typing import Literal

from sos_studio.core.resources import resource

Action = Literal["remove", "empty", "dummy", "uid", "keep", "clean"]
# `clean`: a sequence whose items are gone through; a code whose meaning is not kept.

_NUMBERS = frozenset({"FD", "FL", "SL", "SS", "UL", "US", "SV", "UV", "AT", "US or SS", "US or SS or OW", "US or OW"})
_NUMBER_STRINGS = frozenset({"DS", "IS"})
_NUMBER_TEXT = re.compile(r" *[+-]?\d*\.?\d*([eE][+-]?\d+)? *")
_SHORT_CODE = re.compile(r"\d{0,4}|[APRLFH]{1,3}")
_BULK = frozenset(
    {
        "PixelData", "FloatPixelData", "DoubleFloatPixelData", "ExtendedOffsetTable", "ExtendedOffsetTableLengths", "LUTData",
        "RedPaletteColorLookupTableData", "GreenPaletteColorLookupTableData", "BluePaletteColorLookupTableData",
    }
)  # fmt: skip
# Coded strings of the image and its geometry, by terms of the standard.
_CODED = frozenset(
    {
        "AcquisitionType", "AnatomicalOrientationType", "BodyPartExamined", "BurnedInAnnotation", "CollimatorShape",
        "ContentQualification", "ConversionType", "ConvolutionKernelGroup", "DimensionOrganizationType", "ExposureModulationType",
        "FieldOfViewShape", "FrameLaterality", "FrameType", "ImageLaterality", "ImageType", "Laterality", "LossyImageCompression",
        "LossyImageCompressionMethod", "Modality", "ModalityLUTType", "MultienergyCTAcquisition", "PatientOrientation",
        "PatientPosition", "PhotometricInterpretation", "PixelPresentation", "PositionerType", "PresentationLUTShape",
        "QualityControlImage", "ReconstructionAlgorithm", "RescaleType", "RotationDirection", "ScanOptions", "StackID",
        "VOILUTFunction", "VolumeBasedCalculationTechnique", "VolumetricProperties",
    }
)  # fmt: skip
# Type 2 in the general modules, and names of makers and models in the enhanced ones.
_EMPTIED = frozenset({"Manufacturer", "PositionReferenceIndicator", "ManufacturerModelName", "SoftwareVersions"})
_SCHEMES = frozenset({"DCM", "SCT", "SRT", "SNM3", "99SDM", "UCUM", "FMA", "RADLEX", "LN", "UMLS", "NCIt"})
_CODE_VALUE = re.compile(r"[A-Za-z0-9.\-/%*]{1,16}")

# IODs in which attributes are required (type 1) that others may leave out: a dummy instead of nothing.
_ENHANCED = frozenset(
    f"1.2.840.10008.5.1.4.1.1.{root}"
    for root in ("2.1", "2.2", "4.1", "4.3", "4.4", "12.1.1", "13.1.1", "13.1.2", "13.1.3", "128.1", "130")
)
_WEAKEST: dict[str, Action] = {"X": "remove", "Z": "empty", "D": "dummy", "U": "uid", "U*": "clean"}


def is_enhanced(sop_class: str) -> bool:
    """Whether objects of a class have to have what they had."""
    return sop_class in _ENHANCED


@cache
def profile() -> dict[int, str]:
    """Codes of the basic profile by tag (``X``, ``Z/D`` …)."""
    text = resource("deidentification", "basic-profile.csv").read_text("utf-8")
    return {int(row["tag"], 16): row["action"] for row in csv.DictReader(io.StringIO(text))}


def action_for(tag: int, keyword: str, vr: str, *, enhanced: bool) -> Action:
    """What to do with an attribute.

    Parameters
    ----------
    enhanced
        Whether the object's IOD requires its attributes (`is_enhanced`): then ``X/Z/D`` is a dummy, else the attribute goes.
    """
    group = tag >> 16
    if group % 2 or 0x5000 <= group <= 0x501E or 0x6000 <= group <= 0x601E or tag & 0xFFFF == 0 or keyword == "DataSetTrailingPadding":
        return "remove"
    code = profile().get(tag)
    if code is not None:
        parts = code.split("/")
        chosen = _WEAKEST[parts[-1] if enhanced or parts[-1] == "U*" else parts[0]]
        return "clean" if vr == "SQ" and chosen == "dummy" else chosen
    if vr == "SQ":
        return "clean"
    if vr == "UI":
        return "uid"
    if keyword in _EMPTIED:
        return "dummy" if enhanced else "empty"
    return "keep" if vr in _NUMBERS or vr in _NUMBER_STRINGS or keyword in _CODED or keyword in _BULK else "remove"


@cache
def _terms() -> frozenset[str]:
    lines = resource("deidentification", "terms.txt").read_text("utf-8").splitlines()
    return frozenset(term for line in lines if not line.startswith("#") for term in line.split())


def are_numbers(values: Sequence[str]) -> bool:
    """Whether decimal or integer strings are what they should be."""
    return all(_NUMBER_TEXT.fullmatch(value) for value in values)


def known_terms(values: Sequence[str]) -> list[str]:
    """Coded strings, ``OTHER`` for each that is none of the standard's."""
    return [value if value in _terms() or _SHORT_CODE.fullmatch(value) else "OTHER" for value in (value.strip() for value in values)]


def is_standard_code(value: str, scheme: str) -> bool:
    """Whether a code is one of a public terminology."""
    return scheme in _SCHEMES and _CODE_VALUE.fullmatch(value) is not None
