"""One DICOM object without its patient: DICOM PS3.15 Basic Application Level Confidentiality Profile.

Of the options, Retain Patient Characteristics for age and sex alone, and only if asked. `confidentiality.action_for` decides; the copy is
built from nothing, so that what no rule names is not in it.
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sos_studio import __version__
from sos_studio.core.errors import BadInputError
from sos_studio.imaging import confidentiality
from sos_studio.imaging.codestream_comments import without_comments
from sos_studio.imaging.identity import identity_of

if TYPE_CHECKING:
    from pydicom.dataelem import DataElement
    from pydicom.dataset import Dataset, FileMetaDataset

PROFILE = "PS3.15 Basic Application Level Confidentiality Profile"
OLDEST_YEARS = 90
_REMOVED = "REMOVED"
_DUMMIES: dict[str, object] = {
    "DA": "19000101", "TM": "000000", "DT": "19000101000000", "AS": "000Y", "DS": "0", "IS": "0", "US": 0,
    "UR": "urn:removed", "OB": b"\0\0", "UN": b"",
}  # fmt: skip
_METHODS = (("113100", "Basic Application Confidentiality Profile"), ("113108", "Retain Patient Characteristics Option"))
# Pictures of screens and of paper, and video: names are written into their pixels.
_SCREENS = ("1.2.840.10008.5.1.4.1.1.7", "1.2.840.10008.5.1.4.1.1.3.", "1.2.840.10008.5.1.4.1.1.6.", "1.2.840.10008.5.1.4.1.1.77")
_MODALITIES_WITH_TEXT = frozenset({"US", "SC", "DOC", "SR", "XC", "ES", "GM", "ECG"})


@dataclass(frozen=True)
class Copying:
    """How a set of objects is copied.

    Attributes
    ----------
    key
        Makes the new UIDs: the same for the same old one, so that slices, series and references stay together.
    keep_age, keep_sex
        Age in whole years (all of 90 and above as 90), and sex.
    """

    key: bytes
    keep_age: bool = False
    keep_sex: bool = False

    def uid(self, old: str) -> str:
        """The new UID for an old one."""
        digest = hmac.new(self.key, b"uid|" + old.strip("\0 ").encode(), hashlib.sha256).digest()
        # The bits of a version 4 UUID, as the 2.25 root asks for.
        return f"2.25.{int.from_bytes(digest[:16], 'big') & ~(0xF << 76) & ~(0x3 << 62) | (0x4 << 76) | (0x2 << 62)}"


def deidentified(dataset: Dataset, patient: str, copying: Copying) -> Dataset:
    """A copy of an image object that tells nothing of its patient.

    Parameters
    ----------
    dataset
        With `file_meta`; left as it is.
    patient
        Pseudonym that becomes the copy's patient name and number.

    Returns
    -------
    Dataset
        With new `file_meta` and of the same transfer syntax.

    Raises
    ------
    BadInputError
        ``deidentify.no_image``; ``deidentify.burned_in``, ``deidentify.screen`` if names may be written in the picture;
        ``deidentify.overlay_bits`` if there are overlays among compressed pixels.
    """
    _refuse(dataset)
    identity = identity_of(dataset)
    copy = _Cleaner(copying, confidentiality.is_enhanced(str(dataset.get("SOPClassUID", "")))).cleaned(dataset)
    copy.PatientName = copy.PatientID = patient
    if copying.keep_age and identity.age_years is not None:
        copy.PatientAge = f"{min(identity.age_years, OLDEST_YEARS):03d}Y"
    if copying.keep_sex and identity.sex is not None:
        copy.PatientSex = identity.sex
    _say_so(copy, kept=copying.keep_age or copying.keep_sex)
    _clean_pixels(dataset, copy)
    copy.file_meta = _file_meta(dataset, copy)
    return copy


def _refuse(dataset: Dataset) -> None:
    sop_class, modality = str(dataset.get("SOPClassUID", "")), str(dataset.get("Modality", "")).strip().upper()
    if not any(name in dataset for name in ("PixelData", "FloatPixelData", "DoubleFloatPixelData")) or "Rows" not in dataset:
        raise BadInputError("deidentify.no_image")
    if str(dataset.get("BurnedInAnnotation", "")).strip().upper() == "YES":
        raise BadInputError("deidentify.burned_in")
    if sop_class.startswith(_SCREENS) or modality in _MODALITIES_WITH_TEXT or int(dataset.get("SamplesPerPixel", 1) or 1) != 1:
        raise BadInputError("deidentify.screen")


class _Cleaner:
    """Goes through an object and its sequences."""

    def __init__(self, copying: Copying, enhanced: bool) -> None:
        self._copying, self._enhanced = copying, enhanced

    def cleaned(self, dataset: Dataset) -> Dataset:
        """A new dataset with what may stay."""
        from pydicom.dataset import Dataset

        copy = Dataset()
        for tag in sorted(dataset.keys()):
            try:
                element = dataset[tag]
                new = self._element(element)
            except BadInputError:
                raise
            except Exception:  # a value that can't be parsed can't be judged
                continue
            if new is not None:
                copy.add(new)
        return copy

    def _element(self, element: DataElement) -> DataElement | None:
        from pydicom.dataelem import DataElement

        tag, keyword, vr = element.tag, element.keyword, str(element.VR)
        action = confidentiality.action_for(int(tag), keyword, vr, enhanced=self._enhanced)
        if action == "remove":
            return None
        if action == "uid":
            return DataElement(tag, vr, [self._uid(str(uid)) for uid in _values(element)] or "") if vr == "UI" else self._sequence(element)
        if action == "clean":
            return self._sequence(element)
        if action == "empty":
            return DataElement(tag, vr, [] if vr == "SQ" else "")
        if action == "dummy":
            return DataElement(tag, vr, self._uid(str(element.value)) if vr == "UI" else _DUMMIES.get(vr, _REMOVED))
        if vr in ("DS", "IS") and not confidentiality.are_numbers([str(value) for value in _values(element)]):
            return None
        if vr in ("CS", "LO", "SH"):
            return DataElement(tag, vr, confidentiality.known_terms([str(value) for value in _values(element)]) or "")
        kept = DataElement(tag, vr, element.value)
        kept.is_undefined_length = element.is_undefined_length
        return kept

    def _sequence(self, element: DataElement) -> DataElement | None:
        from pydicom.dataelem import DataElement
        from pydicom.sequence import Sequence

        if element.VR != "SQ":
            return None
        items = [item for item in (self._item(item) for item in element.value) if len(item)]
        return DataElement(element.tag, "SQ", Sequence(items)) if items else None

    def _item(self, item: Dataset) -> Dataset:
        copy = self.cleaned(item)
        value, scheme = str(item.get("CodeValue", "")), str(item.get("CodingSchemeDesignator", ""))
        if confidentiality.is_standard_code(value, scheme):
            # Its meaning is free text in the file, but the same in every file: the code says it.
            copy.CodeValue, copy.CodingSchemeDesignator, copy.CodeMeaning = value, scheme, value
        return copy

    def _uid(self, uid: str) -> str:
        from pydicom.uid import UID

        # Registered ones name classes and encodings, never a patient.
        return uid if UID(uid).type else self._copying.uid(uid)


def _values(element: DataElement) -> list[object]:
    from pydicom.multival import MultiValue

    if element.value is None or element.value == "":
        return []
    return list(element.value) if isinstance(element.value, MultiValue) else [element.value]


def _say_so(copy: Dataset, *, kept: bool) -> None:
    from pydicom.dataset import Dataset
    from pydicom.sequence import Sequence

    def code(value: str, meaning: str) -> Dataset:
        item = Dataset()
        item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = value, "DCM", meaning
        return item

    copy.PatientIdentityRemoved = "YES"
    copy.DeidentificationMethod = [f"SOS Studio {__version__}", "PS3.15 basic profile", "UIDs replaced by keyed hashes", "dates removed"]
    copy.DeidentificationMethodCodeSequence = Sequence([code(*method) for method in _METHODS[: 2 if kept else 1]])
    copy.LongitudinalTemporalInformationModified = "REMOVED"


def _clean_pixels(dataset: Dataset, copy: Dataset) -> None:
    """Overlays hide in unused bits of the pixels, remarks between the segments of a compressed frame."""
    positions = {
        int(dataset[0x60000102 + (n << 16)].value or 0)
        for n in range(0, 0x20, 2)
        if 0x60000102 + (n << 16) in dataset and 0x60003000 + (n << 16) not in dataset
    }
    compressed = "PixelData" in copy and bool(copy["PixelData"].is_undefined_length)
    if positions and compressed:
        raise BadInputError("deidentify.overlay_bits")
    if positions and "PixelData" in copy:
        copy.PixelData = _without_bits(bytes(copy.PixelData), positions, int(dataset.BitsAllocated), dataset.original_encoding[1])
    if "PixelData" in copy and bytes(copy.PixelData[:4]) == b"\xfe\xff\x00\xe0":  # also where the header calls it uncompressed
        copy["PixelData"].value = without_comments(bytes(copy.PixelData))


def _without_bits(pixels: bytes, positions: set[int], bits_allocated: int, little_endian: bool | None) -> bytes:
    import numpy as np

    size = bits_allocated // 8
    if size not in (1, 2, 4) or any(not 0 <= position < bits_allocated for position in positions):
        raise BadInputError("deidentify.overlay_bits")
    values = np.frombuffer(pixels[: len(pixels) // size * size], f"{'<' if little_endian is not False else '>'}u{size}").copy()
    values &= ~np.array(sum(1 << position for position in positions), values.dtype)
    return values.tobytes() + pixels[len(pixels) // size * size :]


def _file_meta(dataset: Dataset, copy: Dataset) -> FileMetaDataset:
    from pydicom.dataset import FileMetaDataset
    from pydicom.uid import ExplicitVRBigEndian, ExplicitVRLittleEndian, ImplicitVRLittleEndian

    given = getattr(dataset, "file_meta", None)
    syntax = given.get("TransferSyntaxUID") if given is not None else None
    if not syntax:
        implicit, little = dataset.original_encoding
        syntax = ImplicitVRLittleEndian if implicit else (ExplicitVRLittleEndian if little else ExplicitVRBigEndian)
    meta = FileMetaDataset()
    meta.TransferSyntaxUID = syntax
    meta.MediaStorageSOPClassUID = copy.get("SOPClassUID", "")
    meta.MediaStorageSOPInstanceUID = copy.get("SOPInstanceUID", "")
    return meta
