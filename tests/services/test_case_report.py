"""A case on paper and as DICOM: all that was found, and nothing of the patient."""

from __future__ import annotations

import io
from dataclasses import replace
from typing import Any

import numpy as np
import pydicom
import pytest

from sos_studio.core.predictions import ModelCard, Nearness, PredictedRoi, Prediction, StageSet
from sos_studio.core.roi import Roi
from sos_studio.dataset import cases
from sos_studio.dataset.project import Project
from sos_studio.services import case_report, staging
from sos_studio.services.captures import load_capture
from sos_studio.services.case_report import BlindedReader, CaseReport, consensus_words, gather, report_pdf
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
    text = " ".join(map(repr, told)).replace("\\xa0", "\u00a0")
    for words in (
        "not a medical device",
        "Trained on phantoms",
        "from scratch",
        "Not reliable: this picture is unlike the training data. The most likely stage would be 2 (60\u00a0%).",
        "No certainty is promised",
        "60.0\u00a0%",
        "Whether the network learned from this case is not known",
        "Consensus of the readers: stage 1 (1 reading).",
        "2.50",
        "Attention for stage 2 inside the detector's frame: 42\u00a0%",
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
    assert "Identified report. Patient: Jane Doe" in " ".join(map(repr, told)).replace("\\xa0", "\u00a0")


UNSURE = "Unsure: the most likely stage, 5, reaches only 24\u00a0%, followed by stage 2 with 23\u00a0%. Judge the image yourself."


def unsure_of(report: CaseReport) -> CaseReport:
    said = report.said.model_copy(
        update={"stage": 5, "probabilities": (0.2, 0.23, 0.18, 0.15, 0.24), "stage_set": None, "familiarity": None}
    )
    return replace(report, said=said, heat_stage=5, holding=Sensitivity(5, "picture", (Tried(Variation("turn", 2.0), 5, ()),)))


def test_paper_never_sounds_surer_than_the_screen(report: CaseReport, monkeypatch: pytest.MonkeyPatch) -> None:
    text = words_of(unsure_of(report), monkeypatch)
    assert f"Paragraph(text='{UNSURE}', alarm=True)" in text
    assert "Most likely stage" not in text
    assert "Still unsure: stage 5 stays the most likely in all 2 views" in text
    assert "Robust" not in text
    assert "Stages with 90\u00a0% certainty: unknown" in text


def test_the_dicom_report_says_unsure_as_a_code_in_words_and_beside_the_heatmap(report: CaseReport) -> None:
    read = {name: pydicom.dcmread(io.BytesIO(content)) for name, content in report_dicom(unsure_of(report), "p").items()}
    text = read["report.dcm"].to_json().replace("\\u00a0", "\u00a0")
    assert UNSURE in text
    assert "Robust" not in text
    assert UNSURE in str(read["heatmap.dcm"].DerivationDescription)

    def code(of: CaseReport) -> str:
        items = pydicom.dcmread(io.BytesIO(report_dicom(of, "p")["report.dcm"]))
        return told_of(items, "AI-UNSURE")

    assert (code(unsure_of(report)), code(report)) == ("Yes", "No")


def told_of(item: pydicom.Dataset, code: str) -> str:
    """The meaning of the coded value that stands under a concept, wherever it is."""
    for child in item.get("ContentSequence", ()):
        name = child.get("ConceptNameCodeSequence")
        if name and name[0].CodeValue == code:
            return str(child.ConceptCodeSequence[0].CodeMeaning)
        found = told_of(child, code)
        if found:
            return found
    return ""


@pytest.mark.parametrize(
    ("summary", "words"),
    [
        ({"label": 3, "staged_by": ("A", "B")}, "Consensus of the readers: stage 3 (2 readings)."),
        ({"label": 3, "staged_by": ("A", "B"), "adjudicated_by": "C"}, "Decided by adjudication: stage 3."),
        ({"label": None, "staged_by": ("A", "B")}, "Consensus of the readers: none yet."),
        ({"label": None, "staged_by": ("A",), "ambiguous": True}, "Consensus of the readers: ambiguous."),
        ({"label": None, "staged_by": ()}, "Nobody has staged this case yet."),
    ],
)
def test_the_readers_consensus_stands_beside_the_networks_answer(project: Project, summary: dict[str, Any], words: str) -> None:
    assert consensus_words(replace(cases.cases(project)[0], **summary)) == words


def test_a_blinded_reader_is_not_told_the_consensus(project: Project, report: CaseReport) -> None:
    assert gather(project, report.capture, report.said, report.heat01_vu, reader=BlindedReader("B", "417733")).consensus == ""


def test_an_empty_heatmap_is_called_so(report: CaseReport, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "The heatmap is empty" in words_of(report, monkeypatch)
    heat = np.zeros(report.capture.shape_vu, np.float32)
    heat[10, 10] = 1.0
    assert "The heatmap is empty" not in words_of(replace(report, heat01_vu=heat), monkeypatch)


def test_pictures_fill_the_page_two_by_two(report: CaseReport, monkeypatch: pytest.MonkeyPatch) -> None:
    text = words_of(report, monkeypatch)
    assert text.count("Beside(") == 2
    assert "The same crop with the heatmap." in text


def test_dicom_has_pictures_and_a_structured_report_under_the_pseudonym(report: CaseReport) -> None:
    files = report_dicom(report, "project-1")
    assert set(files) == {"full.dcm", "heatmap.dcm", "crop.dcm", "report.dcm"}
    read = {name: pydicom.dcmread(io.BytesIO(content)) for name, content in files.items()}
    assert {str(one.PatientName) for one in read.values()} == {report.patient}
    assert len({one.SOPInstanceUID for one in read.values()}) == 4
    assert len({one.StudyInstanceUID for one in read.values()}) == 1
    assert (read["heatmap.dcm"].SamplesPerPixel, read["heatmap.dcm"].PhotometricInterpretation) == (3, "RGB")
    text = read["report.dcm"].to_json().replace("\\u00a0", "\u00a0")
    for words in ("AI-STAGE", "AI-P2", "AI-UNLIKE", "Research use only", "student-1", "BASSED-5.2", "Capture: capture-", "Fragile", "2.50"):
        assert words in text, words
    assert all(str(read[name].SOPInstanceUID) in text for name in ("full.dcm", "crop.dcm", "heatmap.dcm"))
    assert "Trained on phantoms" in str(read["heatmap.dcm"].DerivationDescription)
    assert report_dicom(report, "project-1") == files


def words_of(report: CaseReport, monkeypatch: pytest.MonkeyPatch) -> str:
    from sos_studio.services import case_report

    told: list[object] = []
    monkeypatch.setattr(case_report.pdf, "render", lambda title, parts, footer: told.extend([title, *parts, footer]) or b"")
    report_pdf(report)
    return " ".join(map(repr, told)).replace("\\xa0", "\u00a0")


def uids(report: CaseReport) -> dict[str, str]:
    return {name: str(pydicom.dcmread(io.BytesIO(content)).SOPInstanceUID) for name, content in report_dicom(report, "p").items()}


def test_a_heatmap_of_a_chosen_stage_says_whose_evidence_it_shows_and_is_another_object(
    report: CaseReport, monkeypatch: pytest.MonkeyPatch
) -> None:
    heat = np.zeros(report.capture.shape_vu, np.float32)
    heat[48, 60] = 1.0
    chosen = replace(report, heat01_vu=heat, heat_stage=4, heat_method="hires-cam")
    assert "evidence for stage 2 (Grad-CAM)." in words_of(report, monkeypatch)
    text = words_of(chosen, monkeypatch)
    assert "evidence for stage 4 (HiResCAM), chosen by a person; the most likely stage is 2" in text
    assert "Attention for stage 4 inside the detector's frame: 100\u00a0%" in text
    heatmap = pydicom.dcmread(io.BytesIO(report_dicom(chosen, "p")["heatmap.dcm"]))
    assert "evidence for stage 4" in heatmap.DerivationDescription
    plain, other = uids(report), uids(chosen)
    assert {name for name in plain if plain[name] != other[name]} == {"heatmap.dcm", "report.dcm"}
    # Other pixels under the same words are another object too.
    assert uids(replace(report, heat01_vu=heat))["heatmap.dcm"] != plain["heatmap.dcm"]


def test_a_report_of_another_day_with_one_more_reading_is_another_object(report: CaseReport) -> None:
    more = replace(report, readings=(*report.readings, ("Evaluator 2", report.readings[0][1])))
    before, after = uids(report), uids(more)
    assert {name for name in before if before[name] != after[name]} == {"report.dcm"}


def test_a_blinded_readers_report_holds_their_own_reading_and_a_number_instead_of_pseudonyms(
    project: Project, report: CaseReport, monkeypatch: pytest.MonkeyPatch
) -> None:
    case_id = report.capture.case_id
    staging.stage(project, case_id, report.capture.capture_id, None, "B", 5)
    patient = cases.case(project, case_id).patient
    assert len(gather(project, report.capture, report.said, report.heat01_vu).readings) == 2
    own = gather(project, report.capture, report.said, report.heat01_vu, reader=BlindedReader("B", "417733"))
    assert [row.evaluator for _, row in own.readings] == ["B"]
    text = words_of(own, monkeypatch)
    assert "417733" in text
    assert "other evaluators' readings are left out" in text
    for content in report_dicom(own, project.project_id).values():
        dataset = pydicom.dcmread(io.BytesIO(content))
        assert str(dataset.PatientID) == "417733"
        assert case_id not in dataset.to_json()
        assert patient not in dataset.to_json()
    assert case_id not in text
    assert patient not in text


def test_without_a_frame_there_is_no_crop(report: CaseReport) -> None:
    bare = replace(report, roi=None, said=report.said.model_copy(update={"roi": None, "attention_in_roi": None}))
    assert "crop.dcm" not in report_dicom(bare, "p")
    assert report_pdf(bare).startswith(b"%PDF")


def test_the_frame_is_drawn_into_the_pictures_in_the_colour_of_whose_it_is(report: CaseReport, monkeypatch: pytest.MonkeyPatch) -> None:
    def colours_at_the_edge(of: CaseReport) -> set[tuple[int, ...]]:
        picture = case_report._framed(np.zeros((*of.shape_vu, 3), np.uint8), of)
        return {tuple(pixel) for pixel in picture.reshape(-1, 3) if pixel.any()}

    assert colours_at_the_edge(report) == {(90, 169, 230)}
    assert "In the detector's frame the crop below." in words_of(report, monkeypatch)
    own = replace(report, roi=Roi.of((40.0, 40.0), 0.0, 30.0))
    assert colours_at_the_edge(own) == {(255, 193, 77)}
    picture = case_report._framed(np.zeros((*own.shape_vu, 3), np.uint8), own)
    assert not picture[40, 40].any()  # what is inside stays as it is
    assert picture[40, 24].any() or picture[40, 56].any()
    assert "frame" not in words_of(replace(report, roi=None, said=report.said.model_copy(update={"roi": None})), monkeypatch)


def test_what_takes_trust_away_is_red_on_paper_too(report: CaseReport, monkeypatch: pytest.MonkeyPatch) -> None:
    poor = report.said.model.model_copy(update={"held_out": {"n": 40, "correct": 12}})
    told = words_of(replace(report, known="learned", said=report.said.model_copy(update={"model": poor})), monkeypatch)
    assert "that it is right here says nothing about others.', alarm=True)" in told
    assert "Right in 12 of 40 cases it had never seen (30\u00a0%; guessing: 20\u00a0%).', alarm=True)" in told
    good = report.said.model.model_copy(update={"held_out": {"n": 40, "correct": 32}})
    told = words_of(replace(report, known="new", said=report.said.model_copy(update={"model": good})), monkeypatch)
    assert "guessing: 20\u00a0%).', alarm=False)" in told
