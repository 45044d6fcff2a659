from __future__ import annotations

import io
import shutil
import subprocess
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pydicom
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from sos_studio.core.roi import Roi
from sos_studio.imaging import dicom_codes as codes
from sos_studio.imaging import dicom_report, dicom_secondary
from sos_studio.imaging.dicom_report import Finding, Observer
from sos_studio.imaging.dicom_secondary import Placed, Subject
from sos_studio.imaging.dicom_write import seeded_uid

ROI = Roi.of((60.0, 45.0), 25.0, 40.0)
SUBJECT = Subject("P0007", "case-0007", seeded_uid(0, "study"), "SOS Studio 1", 33.0, "F")
PIXELS = np.random.default_rng(0).integers(0, 255, (90, 121), dtype=np.uint8)


def placed(series: int) -> Placed:
    return Placed(seeded_uid(0, "series", series), series, "SOS", seeded_uid(0, "instance", series))


def full(pixels_vu: npt.NDArray[np.uint8] = PIXELS, **options: Any) -> pydicom.Dataset:
    return dicom_secondary.secondary_capture(pixels_vu, SUBJECT, placed(1), **({"spacing_mm": 0.25, "burned_in": False} | options))


def report(corners_uv: Any = ROI.corners_uv, observer: str = "Evaluator 1", read_at: datetime = datetime(2026, 1, 2, tzinfo=UTC)) -> Any:
    evaluations = [(codes.STAGE, codes.stage_value("bassed-5", 3, "Ossification halfway")), (codes.INTENDED_USE, codes.RESEARCH_ONLY)]
    crop = dicom_secondary.secondary_capture(PIXELS[:20, :40], SUBJECT, placed(2), angle_deg=ROI.angle_deg)
    finding = Finding(seeded_uid(0, "region"), "frame 1", evaluations, corners_uv, read_at, from_scan=True)
    return dicom_report.reading_report(SUBJECT, placed(3), Observer(observer, seeded_uid(0, "d")), finding, full=full(), crop=crop)


def read_back(dataset: pydicom.Dataset) -> pydicom.Dataset:
    return pydicom.dcmread(io.BytesIO(dicom_secondary.encode(dataset)))


def items(content: Any, name: str) -> list[Any]:
    """Content items of that name, however deep."""
    found = []
    for item in content.get("ContentSequence", []):
        named = item.get("ConceptNameCodeSequence")
        found += [item] if named and named[0].CodeMeaning == name else []
        found += items(item, name)
    return found


@settings(max_examples=20, deadline=None)
@given(rows=st.integers(1, 40), columns=st.integers(1, 40), seed=st.integers(0, 99))
def test_pixels_of_any_size_come_back_unchanged(rows: int, columns: int, seed: int) -> None:
    pixels = np.random.default_rng(seed).integers(0, 256, (rows, columns), dtype=np.uint8)
    assert np.array_equal(read_back(full(pixels)).pixel_array, pixels)


def test_a_secondary_capture_names_nobody_but_the_pseudonym_and_no_moment() -> None:
    image = read_back(full())
    assert (image.SOPClassUID.name, str(image.PatientName), image.PatientID) == ("Secondary Capture Image Storage", "P0007", "P0007")
    assert (image.PatientSex, image.PatientAge, image.PatientBirthDate, image.PatientIdentityRemoved) == ("F", "033Y", "", "YES")
    dates = [element.keyword for element in image.iterall() if element.VR in ("DA", "TM", "DT") and element.value]
    assert dates == []
    assert image.PixelSpacing == [0.25, 0.25]
    assert image.ImageComments == "Research use only - not a medical device"
    assert image.BurnedInAnnotation == "NO"


def test_what_nobody_knows_is_left_out() -> None:
    plain = replace(SUBJECT, age_years=None, sex=None)
    image = read_back(dicom_secondary.secondary_capture(PIXELS, plain, placed(1)))
    assert "PixelSpacing" not in image
    assert "PatientAge" not in image
    assert "BurnedInAnnotation" not in image
    assert [method.CodeValue for method in image.DeidentificationMethodCodeSequence] == ["113100"]


@pytest.mark.parametrize(
    ("angle_deg", "letters"),
    [
        (0, ["A", "F"]),
        (90, ["F", "P"]),
        (180, ["P", "H"]),
        (-90, ["H", "A"]),
        (30, ["AF", "FP"]),
        (60, ["FA", "PF"]),
        (-150, ["PH", "HA"]),
        (5, ["A", "F"]),
    ],
)
def test_a_turned_crop_says_where_its_rows_and_columns_point(angle_deg: float, letters: list[str]) -> None:
    assert list(full(angle_deg=angle_deg).PatientOrientation) == letters


def test_the_same_picture_is_the_same_file() -> None:
    assert dicom_secondary.encode(full()) == dicom_secondary.encode(full())
    assert dicom_secondary.encode(report()) == dicom_secondary.encode(report())


def test_a_report_says_stage_frame_observer_and_intended_use() -> None:
    document = read_back(report())
    assert document.SOPClassUID.name == "Comprehensive SR Storage"
    assert (document.CompletionFlag, document.VerificationFlag, document.PreliminaryFlag) == ("COMPLETE", "UNVERIFIED", "PRELIMINARY")
    (stage,) = items(document, codes.STAGE.meaning)
    value = stage.ConceptCodeSequence[0]
    assert (value.CodeValue, value.CodingSchemeDesignator, value.CodeMeaning) == (
        "BASSED-5.3",
        "99SOSSTUDIO",
        "Stage 3: Ossification halfway",
    )
    (use,) = items(document, "Intended use")
    assert "Research use only" in use.ConceptCodeSequence[0].CodeMeaning
    assert str(items(document, "Person Observer Name")[0].PersonName) == "Evaluator 1^"
    (region,) = items(document, "Image Region")
    points = np.reshape(region.GraphicData, (-1, 2))
    assert np.allclose(points, [*(ROI.corners_uv + 0.5), ROI.corners_uv[0] + 0.5], atol=1e-4)  # from the corner of the first pixel, closed
    assert region.ContentSequence[0].ReferencedSOPSequence[0].ReferencedSOPInstanceUID == placed(1).instance_uid
    evidence = document.CurrentRequestedProcedureEvidenceSequence[0]
    named = {sop.ReferencedSOPInstanceUID for series in evidence.ReferencedSeriesSequence for sop in series.ReferencedSOPSequence}
    assert named == {placed(1).instance_uid, placed(2).instance_uid}
    assert document.CodingSchemeIdentificationSequence[0].CodingSchemeDesignator == codes.SCHEME


def test_a_report_without_a_frame_points_at_the_picture() -> None:
    document = read_back(report(corners_uv=None))
    assert not items(document, "Image Region")
    assert items(document, "Source of Measurement")


def test_the_moment_of_a_reading_is_told_in_utc() -> None:
    document = report(read_at=datetime(2026, 3, 1, 0, 30, tzinfo=timezone(timedelta(hours=2))))
    assert (str(document.ContentDate), document.TimezoneOffsetFromUTC) == ("20260228", "+0000")
    assert str(document.ContentTime).startswith("223000")


@pytest.mark.parametrize("name", ["Dr^A=B\\C", "x" * 200, "\x00", "Žofie Nováková", "  "])
def test_a_name_can_not_break_a_report(name: str) -> None:
    written = str(items(read_back(report(observer=name)), "Person Observer Name")[0].PersonName)
    assert written.count("^") == 1
    assert 1 < len(written) <= 64


def test_all_meanings_and_values_fit_their_elements() -> None:
    for code in codes.own_codes():
        assert len(code.meaning) <= 64
        assert len(code.value) <= 16
    assert len({code.value for code in codes.own_codes()}) == len(codes.own_codes())


@pytest.mark.skipif(not shutil.which("dsrdump"), reason="needs dcmtk")
def test_an_independent_reader_accepts_picture_and_report(tmp_path: Path) -> None:
    for name, dataset in (("full", full()), ("report", report()), ("frameless", report(corners_uv=None))):
        (tmp_path / f"{name}.dcm").write_bytes(dicom_secondary.encode(dataset))
    subprocess.run(["dcm2pnm", "--write-png", tmp_path / "full.dcm", tmp_path / "full.png"], check=True, capture_output=True)
    with Image.open(tmp_path / "full.png") as picture:
        assert np.array_equal(np.asarray(picture.convert("L")), PIXELS)
    for name in ("report", "frameless"):
        told = subprocess.run(["dsrdump", "--print-all-codes", tmp_path / f"{name}.dcm"], check=True, capture_output=True, text=True)
        assert "Stage 3: Ossification halfway" in told.stdout
        assert not [line for line in told.stderr.splitlines() if not line.startswith("W: The VR checker")]
    dumped = subprocess.run(["dcmdump", tmp_path / "full.dcm"], check=True, capture_output=True, text=True)
    assert (dumped.stderr, "SecondaryCaptureImageStorage" in dumped.stdout) == ("", True)
