"""Write a volume as a real CT series, for the phantom and for tests of the reader."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt

from sos_studio.core.volume import Volume

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

Syntax = Literal["explicit", "rle", "j2k", "jpegls"]

CT_IMAGE_STORAGE = "1.2.840.10008.5.1.4.1.1.2"
_SYNTAX_UID: dict[Syntax, str] = {
    "explicit": "1.2.840.10008.1.2.1",
    "rle": "1.2.840.10008.1.2.5",
    "j2k": "1.2.840.10008.1.2.4.90",
    "jpegls": "1.2.840.10008.1.2.4.80",
}


def seeded_uid(seed: int, *names: object) -> str:
    """A DICOM UID (2.25 form) that is always the same for the same seed and names."""
    digest = hashlib.sha256("|".join(str(n) for n in ("sos-studio", seed, *names)).encode()).digest()
    # The bits of a version 4 UUID, as the 2.25 root asks for.
    number = int.from_bytes(digest[:16], "big") & ~(0xF << 76) & ~(0x3 << 62) | (0x4 << 76) | (0x2 << 62)
    return f"2.25.{number}"


def _decimal(value: float) -> str:
    """A decimal string of at most 16 characters, as exact as that allows."""
    from pydicom.valuerep import format_number_as_ds

    return format_number_as_ds(float(value) + 0.0)


def _stored(array_kji: npt.NDArray[Any]) -> Iterator[tuple[npt.NDArray[np.int16], str, str]]:
    """Slices as int16 with slope and intercept; float values are spread over the 16 bits."""
    if array_kji.dtype == np.int16:
        for plane_ji in array_kji:
            yield plane_ji, "1", "0"
        return
    low, high = float(np.nanmin(array_kji)), float(np.nanmax(array_kji))
    slope = _decimal(max((high - low) / 65534.0, 1e-12))
    intercept = _decimal((high + low) / 2)
    for plane_ji in array_kji:
        scaled = np.rint((np.nan_to_num(plane_ji, nan=low).astype(np.float64) - float(intercept)) / float(slope))
        yield np.clip(scaled, -32768, 32767).astype(np.int16), slope, intercept


def _rle(plane_ji: npt.NDArray[np.int16]) -> bytes:
    """DICOM's RLE: PackBits row by row, the high bytes of all pixels in one segment, the low ones in the next."""
    import imagecodecs

    octets = np.ascontiguousarray(plane_ji, dtype=">i2").view(np.uint8).reshape(*plane_ji.shape, 2)
    segments = []
    for which in (0, 1):
        rows = np.ascontiguousarray(octets[..., which])
        packed = b"".join(bytes(imagecodecs.packbits_encode(row.tobytes())) for row in rows)
        segments.append(packed + b"\0" * (len(packed) % 2))
    header = np.zeros(16, dtype="<u4")
    header[:3] = len(segments), header.nbytes, header.nbytes + len(segments[0])
    return header.tobytes() + b"".join(segments)


def _compressed(plane_ji: npt.NDArray[np.int16], syntax: Syntax) -> bytes:
    import imagecodecs

    plane_ji = np.ascontiguousarray(plane_ji)
    if syntax == "rle":
        return _rle(plane_ji)
    if syntax == "j2k":
        return bytes(imagecodecs.jpeg2k_encode(plane_ji, reversible=True, codecformat="j2k"))
    return bytes(imagecodecs.jpegls_encode(plane_ji.view(np.uint16)))


def _common(volume: Volume, patient_name: str, patient_id: str, study_description: str, seed: int) -> Dataset:
    """Attributes that all slices share."""
    from pydicom.dataset import Dataset

    unit = volume.lps_from_ijk[:3, :3] / np.array(volume.spacing_mm_ijk)
    step_mm, row_mm, column_mm = volume.spacing_mm_kji
    dataset = Dataset()
    dataset.SpecificCharacterSet = "ISO_IR 192"
    dataset.ImageType = ["ORIGINAL", "PRIMARY", "AXIAL"]
    dataset.SOPClassUID = CT_IMAGE_STORAGE
    dataset.StudyDate = dataset.StudyTime = dataset.AccessionNumber = dataset.ReferringPhysicianName = ""
    dataset.Modality = "CT"
    dataset.Manufacturer = "SOS Studio"
    dataset.StudyDescription = study_description
    dataset.PatientName, dataset.PatientID = patient_name, patient_id
    dataset.PatientBirthDate = dataset.PatientSex = ""
    dataset.SliceThickness = _decimal(step_mm)
    dataset.KVP = ""
    dataset.PatientPosition = "HFS"
    dataset.StudyInstanceUID = seeded_uid(seed, "study", patient_id)
    dataset.SeriesInstanceUID = seeded_uid(seed, "series", patient_id)
    dataset.FrameOfReferenceUID = seeded_uid(seed, "frame", patient_id)
    dataset.StudyID, dataset.SeriesNumber, dataset.AcquisitionNumber = "1", "1", "1"
    dataset.ImageOrientationPatient = [_decimal(v) for v in (*unit[:, 0], *unit[:, 1])]
    dataset.PositionReferenceIndicator = ""
    dataset.SamplesPerPixel, dataset.PhotometricInterpretation = 1, "MONOCHROME2"
    _, dataset.Rows, dataset.Columns = volume.shape_kji
    dataset.PixelSpacing = [_decimal(row_mm), _decimal(column_mm)]
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit, dataset.PixelRepresentation = 16, 16, 15, 1
    dataset.RescaleType = "HU"
    return dataset


def _write(path: Path, dataset: Dataset, plane_ji: npt.NDArray[np.int16], syntax: Syntax) -> None:
    import pydicom
    from pydicom.dataset import FileMetaDataset
    from pydicom.encaps import encapsulate
    from pydicom.uid import UID

    if syntax == "explicit":
        dataset.PixelData = np.ascontiguousarray(plane_ji, dtype="<i2").tobytes()
        dataset["PixelData"].VR = "OW"
    else:
        dataset.PixelData = encapsulate([_compressed(plane_ji, syntax)])
        dataset["PixelData"].VR = "OB"
        dataset["PixelData"].is_undefined_length = True
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = UID(_SYNTAX_UID[syntax])
    dataset.file_meta.MediaStorageSOPClassUID = UID(CT_IMAGE_STORAGE)
    dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    pydicom.dcmwrite(path, dataset, enforce_file_format=True)


def write_series(
    volume: Volume,
    directory: Path,
    *,
    patient_name: str = "",
    patient_id: str = "",
    study_description: str = "",
    transfer_syntax: Syntax = "explicit",
    seed: int = 0,
) -> list[Path]:
    """Write one CT Image Storage file per slice.

    Parameters
    ----------
    volume
        int16 is written as it is; float32 is spread over 16 bits with slope and intercept.
    directory
        Made if it is missing; files of the same name are replaced.
    patient_name, patient_id, study_description
        Invented ones only: they end up in the files.
    transfer_syntax
        All of them are lossless.
    seed
        Every UID follows from it and from `patient_id`, so that the same call writes the same bytes.

    Returns
    -------
    Paths in ascending order of k.

    Raises
    ------
    OSError
        As the system says.
    """
    directory.mkdir(parents=True, exist_ok=True)
    dataset = _common(volume, patient_name, patient_id, study_description, seed)
    paths = []
    for k, (plane_ji, slope, intercept) in enumerate(_stored(volume.array_kji)):
        position = volume.lps_from_ijk @ np.array([0.0, 0.0, k, 1.0])
        dataset.SOPInstanceUID = seeded_uid(seed, "image", patient_id, k)
        dataset.InstanceNumber = str(k + 1)
        dataset.ImagePositionPatient = [_decimal(v) for v in position[:3]]
        dataset.RescaleSlope, dataset.RescaleIntercept = slope, intercept
        paths.append(directory / f"IM{k + 1:04d}.dcm")
        _write(paths[-1], dataset, plane_ji, transfer_syntax)
    return paths
