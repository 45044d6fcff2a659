"""A case on paper and as DICOM: all that was found, and nothing of the patient."""

from __future__ import annotations

import io

import numpy as np
import pydicom
import pytest

from sos_studio.core.predictions import ModelCard, Nearness, PredictedRoi, Prediction, StageSet
from sos_studio.core.roi import Roi
from sos_studio.dataset import cases
from sos_studio.dataset.project import Project
from sos_studio.services.captures import load_capture
from sos_studio.services.case_report import CaseReport, gather, report_pdf
from sos_studio.services.case_report_dicom import report_dicom
from sos_studio.services.sensitivity import Sensitivity, Tried, Variation

ROI = Roi.of((60.0, 48.0), 20.0, 40.0)
CARD = ModelCard(
    model_id="student-1",
    kind="student",
    network="convnext_atto",
    input_shape_hw=(224, 224),
    manifest_id="m",
    phantom=True,
    from_scratch=True,
    created_utc="2026-11-20T10:00:00+00:00",
    software="test",
)


@pytest.fixture
def report(project: Project) -> CaseReport:
    case_id = cases.cases(project)[0].case_id
    capture = load_capture(project, cases.case(project, case_id).capture_id or "")
    said = Prediction(
        scheme="bassed-5",
        stage=2,
        probabilities=(0.1, 0.6, 0.1, 0.1, 0.1),
        expected_stage=2.5,
        roi=PredictedRoi.of(ROI, "detector", 0.8),
        attention_in_roi=0.42,
        stage_set=StageSet(first=2, last=3, coverage=0.9, cases=23),
        familiarity=Nearness(distance=4.0, threshold=2.0, cases=23),
        model=CARD,
    )
    held = Sensitivity(2, "picture", (Tried(Variation("turn", 2.0), 3, ()),))
    return gather(project, capture, said, np.zeros(capture.shape_vu, np.float32), holding=held)


def test_the_pdf_is_a_pdf_and_the_same_for_the_same_report(report: CaseReport) -> None:
    made = report_pdf(report)
    assert made.startswith(b"%PDF")
    assert report_pdf(report) == made
    assert len(report_pdf(report, "Jane Doe")) != len(made)


def test_it_says_all_that_a_person_must_know(report: CaseReport, monkeypatch: pytest.MonkeyPatch) -> None:
    from sos_studio.services import case_report

    told: list[object] = []
    monkeypatch.setattr(case_report.pdf, "render", lambda title, parts, footer: told.extend([title, *parts, footer]) or b"")
    report_pdf(report)
    text = " ".join(map(repr, told))
    for words in (
        "not a medical device",
        "Trained on phantoms",
        "from scratch",
        "unlike the training data",
        "60.0%",
        "stages 2 to 3",
        "2.50",
        "Attention inside the detector's frame: 42%",
        "Fragile: stage 2 in 1, 3 in 1 of 2 views",
        "Evaluator 1",
        "before seeing the AI",
        "Orientation record",
        "student-1",
    ):
        assert words in text, words
    assert "Identified" not in text
    told.clear()
    report_pdf(report, "Jane Doe")
    assert "Identified report. Patient: Jane Doe" in " ".join(map(repr, told))


def test_dicom_has_pictures_and_a_structured_report_under_the_pseudonym(report: CaseReport) -> None:
    files = report_dicom(report, "project-1", "P0001")
    assert set(files) == {"full.dcm", "heatmap.dcm", "crop.dcm", "report.dcm"}
    read = {name: pydicom.dcmread(io.BytesIO(content)) for name, content in files.items()}
    assert {str(one.PatientName) for one in read.values()} == {"P0001"}
    assert len({one.SOPInstanceUID for one in read.values()}) == 4
    assert len({one.StudyInstanceUID for one in read.values()}) == 1
    assert (read["heatmap.dcm"].SamplesPerPixel, read["heatmap.dcm"].PhotometricInterpretation) == (3, "RGB")
    text = read["report.dcm"].to_json()
    for words in ("AI-STAGE", "AI-P2", "AI-UNLIKE", "Research use only", "student-1", "BASSED-5.2"):
        assert words in text, words
    assert report_dicom(report, "project-1", "P0001") == files


def test_without_a_frame_there_is_no_crop(report: CaseReport) -> None:
    from dataclasses import replace

    bare = replace(report, roi=None, said=report.said.model_copy(update={"roi": None, "attention_in_roi": None}))
    assert "crop.dcm" not in report_dicom(bare, "p", "P1")
    assert report_pdf(bare).startswith(b"%PDF")
