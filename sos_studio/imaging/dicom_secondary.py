"""Full images and crops as DICOM Secondary Capture: the 8-bit picture that was staged, under a pseudonym and UIDs of its own."""

from __future__ import annotations

import io
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from sos_studio.imaging import dicom_codes
from sos_studio.imaging.dicom_codes import ConceptCode

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

RESEARCH_USE = "Research use only - not a medical device"
_MANUFACTURER = "SOS Studio"
# A direction is named by its second letter too if it leans that far.
_LEAN = math.sin(math.radians(10))


@dataclass(frozen=True)
class Subject:
    """Whom a set of objects is about.

    Attributes
    ----------
    pseudonym
        Becomes patient's name and number.
    study_uid
        Our own, never the scan's.
    age_years, sex
        Only if the project keeps them.
    software
        Name and version of the program that writes.
    """

    pseudonym: str
    case_id: str
    study_uid: str
    software: str
    age_years: float | None = None
    sex: str | None = None


@dataclass(frozen=True)
class Placed:
    """Where an object stands in its study."""

    series_uid: str
    series_number: int
    series_description: str
    instance_uid: str
    instance_number: int = 1


def secondary_capture(
    pixels_vu: npt.NDArray[np.uint8],
    subject: Subject,
    placed: Placed,
    *,
    angle_deg: float = 0.0,
    spacing_mm: float | None = None,
    derivation: str = "",
    burned_in: bool | None = None,
) -> Dataset:
    """One picture.

    Parameters
    ----------
    pixels_vu
        8 bit grey or RGB ``[v, u, 3]``, face to the right.
    angle_deg
        Direction of the rows within the full image, clockwise on the screen (0 for full images): `Roi.angle_deg` for crops.
    spacing_mm
        Size of a pixel in the midsagittal plane; None if nobody knows.
    derivation
        How it was made, without anything of the patient.
    burned_in
        Whether there may be writing in the pixels; None if nobody looked.

    Returns
    -------
    Dataset
        Explicit VR little endian, uncompressed. The same arguments give the same dataset.
    """
    from highdicom.sc import SCImage

    spacing = None if spacing_mm is None else (spacing_mm, spacing_mm)
    image = SCImage(
        pixel_array=np.ascontiguousarray(pixels_vu),
        photometric_interpretation="MONOCHROME2" if pixels_vu.ndim == 2 else "RGB",
        bits_allocated=8,
        coordinate_system="PATIENT",
        patient_orientation=("A", "F"),
        pixel_spacing=spacing,
        **_identity(subject, placed),
    )
    # When it was written is nobody's business, and the same picture is to be the same file.
    for keyword in ("DateOfSecondaryCapture", "TimeOfSecondaryCapture", "ContentDate", "ContentTime"):
        if keyword in image:
            delattr(image, keyword)
    image.ConversionType = "WSD"
    image.PatientOrientation = [_letters(angle_deg), _letters(angle_deg + 90.0)]
    image.ImageComments = RESEARCH_USE
    image.BodyPartExamined = "SKULL"
    if derivation:
        image.DerivationDescription = derivation
    if burned_in is not None:
        image.BurnedInAnnotation = "YES" if burned_in else "NO"
    describe_subject(image, subject)
    return image


def _identity(subject: Subject, placed: Placed) -> dict[str, Any]:
    """Whose it is and where it stands, as highdicom asks for it; what nobody may know is empty."""
    unknown = ("patient_birth_date", "accession_number", "study_id", "study_date", "study_time", "referring_physician_name")
    return dict.fromkeys(unknown, "") | {
        "study_instance_uid": subject.study_uid,
        "series_instance_uid": placed.series_uid,
        "series_number": placed.series_number,
        "series_description": placed.series_description,
        "sop_instance_uid": placed.instance_uid,
        "instance_number": placed.instance_number,
        "manufacturer": _MANUFACTURER,
        "manufacturer_model_name": _MANUFACTURER,
        "software_versions": subject.software,
        "specific_character_set": "ISO_IR 192",
        "patient_sex": subject.sex or "",
    }


def describe_subject(dataset: Dataset, subject: Subject) -> None:
    """Pseudonym, what is kept of the patient, and how the object came to be without the rest."""
    from pydicom.sequence import Sequence

    dataset.PatientName = dataset.PatientID = subject.pseudonym
    dataset.StudyID, dataset.StudyDescription = study_id(subject), study_description(subject)
    dataset.PatientIdentityRemoved = "YES"
    dataset.DeidentificationMethod = ["Written from a pseudonymous project", "no text, date or UID of the source"]
    methods = [dicom_codes.BASIC_PROFILE]
    if subject.age_years is not None:
        dataset.PatientAge = age_string(subject.age_years)
    if subject.age_years is not None or subject.sex:
        methods.append(dicom_codes.KEPT_CHARACTERISTICS)
    dataset.DeidentificationMethodCodeSequence = Sequence([_code_item(method) for method in methods])
    for keyword in ("InstanceCreationDate", "InstanceCreationTime"):
        if keyword in dataset:
            delattr(dataset, keyword)
    for equipment in dataset.get("ContributingEquipmentSequence", []):
        if "ContributionDateTime" in equipment:
            del equipment.ContributionDateTime


def study_id(subject: Subject) -> str:
    """As much of the case as the attribute has room for."""
    return subject.case_id[:16]


def study_description(subject: Subject) -> str:
    """Which case it is, in full."""
    return f"SOS Studio {subject.case_id}"


def age_string(age_years: float) -> str:
    """Whole years as DICOM has them."""
    return f"{min(int(age_years), 999):03d}Y"


def nameless(dataset: Dataset) -> Dataset:
    """The same object without a patient's name, for libraries that warn of names in one word."""
    from pydicom.dataset import Dataset

    copy = Dataset()
    copy.update({element.tag: element for element in dataset if element.keyword != "PatientName"})
    copy.PatientName = None
    return copy


def encode(dataset: Dataset) -> bytes:
    """A whole DICOM file."""
    import pydicom

    stream = io.BytesIO()
    pydicom.dcmwrite(stream, dataset, enforce_file_format=True)
    return stream.getvalue()


def pixels_of(png: bytes) -> npt.NDArray[np.uint8]:
    """An 8-bit grey picture of the project."""
    from PIL import Image

    with Image.open(io.BytesIO(png)) as picture:
        return np.array(picture.convert("L"), dtype=np.uint8)


def _letters(angle_deg: float) -> str:
    """Where a direction of the face-right midsagittal plane points, by its main letter and the one it leans to."""
    angle = math.radians(angle_deg)
    parts = [(math.cos(angle), "A", "P"), (math.sin(angle), "F", "H")]
    named = [(abs(part), positive if part > 0 else negative) for part, positive, negative in parts if abs(part) > _LEAN]
    return "".join(letter for _, letter in sorted(named, reverse=True))


def _code_item(code: ConceptCode) -> Any:
    from pydicom.dataset import Dataset

    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = code
    return item
