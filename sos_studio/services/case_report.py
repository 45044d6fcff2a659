"""One case on paper: pictures, what a network says and how far to trust it, who read what, how the plane was set; in English.

A report names nobody: the case goes by its pseudonym and evaluators by numbers. Only words that a person typed for it, knowing what they
do, name a patient, and only in the PDF.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from sos_studio import __version__
from sos_studio.core import atomic
from sos_studio.core.answer_words import (
    ACQUAINTANCE,
    FRAMES,
    Acquaintance,
    answer_sentence,
    attention_sentence,
    certainty_sentence,
    held_out_sentence,
    mostly_wrong,
    percent,
)
from sos_studio.core.captures import CaptureRecord
from sos_studio.core.errors import ProjectError
from sos_studio.core.model_card import RESEARCH_USE, card_facts, heat_words, warnings_of
from sos_studio.core.predictions import HEAT_METHODS, HeatMethod, Prediction
from sos_studio.core.readings import Reading, standing
from sos_studio.core.roi import Roi
from sos_studio.core.stages import scheme
from sos_studio.dataset import cases
from sos_studio.dataset import readings as dataset_readings
from sos_studio.dataset.cases import CaseSummary
from sos_studio.dataset.export_people import evaluator_names
from sos_studio.dataset.project import Project
from sos_studio.imaging import crops, heatmaps, images
from sos_studio.messages import catalogue
from sos_studio.services.acquaintance import acquaintance
from sos_studio.services.captures import StoredCapture
from sos_studio.services.datasheet import pdf
from sos_studio.services.datasheet.parts import Beside, Heading, Paragraph, Part, Plot, Table, counted
from sos_studio.services.prediction import FloatMap
from sos_studio.services.sensitivity import Sensitivity

SOFTWARE = f"SOS Studio {__version__}"
OPACITY = 0.6
HALF_A_PAGE_MM = 84.0
# As on the screen.
_FRAME_RGB = {"expert": (255, 193, 77), "detector": (90, 169, 230)}
BLINDED = "Made for a blinded reader: other evaluators' readings are left out, and the case goes by a number."


@dataclass(frozen=True, eq=False)
class CaseReport:
    """All that stands in a report.

    Attributes
    ----------
    name, patient
        What the case, and who it is of, are called here: pseudonyms, or for a blinded reader the number that they know it by.
    roi
        The frame whose crop is shown: the expert's, else the detector's.
    readings
        Standing readings of the case, and what their evaluators are called here.
    heat_stage, heat_method
        Whose evidence the heatmap shows (1-based), and how it was made.
    known
        What the network has seen of the case.
    consensus
        What the readers made of the case, in a sentence; empty in a blinded reader's report.
    blinded
        Whether other evaluators' readings are left out.
    network
        What the window calls the network; empty: only its id is told.
    """

    name: str
    patient: str
    phantom: bool
    capture: StoredCapture
    roi: Roi | None
    said: Prediction
    heat01_vu: FloatMap
    readings: tuple[tuple[str, Reading], ...]
    heat_stage: int
    heat_method: HeatMethod = HEAT_METHODS[0]
    holding: Sensitivity | None = None
    known: Acquaintance = "unknown"
    consensus: str = ""
    blinded: bool = False
    network: str = ""

    @property
    def heat_words(self) -> str:
        """Whose evidence the heatmap shows."""
        return heat_words(self.heat_stage, self.heat_method, self.said.stage)

    @property
    def frame_source(self) -> Literal["expert", "detector"]:
        """Whose frame the crop is of."""
        proposed = self.said.roi
        return "detector" if proposed is not None and proposed.source == "detector" and proposed.roi() == self.roi else "expert"

    @property
    def shape_vu(self) -> tuple[int, int]:
        """Of the full image."""
        return self.heat01_vu.shape[0], self.heat01_vu.shape[1]

    @property
    def attention(self) -> float | None:
        """Share of the heatmap's attention in the frame that the network's answer was measured in."""
        if self.said.roi is None or self.heat_stage == self.said.stage:
            return self.said.attention_in_roi
        return heatmaps.attention_inside(self.heat01_vu, self.said.roi.roi())


@dataclass(frozen=True)
class BlindedReader:
    """For whom a report is made while they read blinded: it tells them no more than their screen does."""

    evaluator: str
    case_name: str


def gather(
    project: Project,
    capture: StoredCapture,
    said: Prediction,
    heat01_vu: FloatMap,
    *,
    heat_stage: int | None = None,
    heat_method: HeatMethod = HEAT_METHODS[0],
    roi: Roi | None = None,
    holding: Sensitivity | None = None,
    reader: BlindedReader | None = None,
    network: str = "",
) -> CaseReport:
    """Readings and names from the project, the rest as it is on the screen; ``project.*`` if it can't be read.

    Parameters
    ----------
    heat_stage
        Whose evidence the heatmap shows; None: the predicted stage's.
    reader
        None: nobody reads blinded.
    network
        What the window calls the network.
    """
    people = evaluator_names(project, by_name=False)
    rows = [row for row in standing(dataset_readings.readings(project, capture.case_id)) if row.capture_id == capture.capture_id]
    summary = cases.case(project, capture.case_id)
    return CaseReport(
        capture.case_id if reader is None else reader.case_name,
        summary.patient if reader is None else reader.case_name,
        project.phantom or said.model.phantom,
        capture,
        roi if roi is not None else None if said.roi is None else said.roi.roi(),
        said,
        heat01_vu,
        tuple((people[row.evaluator], row) for row in rows if reader is None or row.evaluator == reader.evaluator),
        said.stage if heat_stage is None else heat_stage,
        heat_method,
        holding,
        acquaintance(project, said.model, capture.case_id),
        consensus_words(summary) if reader is None else "",
        blinded=reader is not None,
        network=network,
    )


def report_pdf(report: CaseReport, patient_text: str = "") -> bytes:
    """The file; the same bytes for the same report.

    Parameters
    ----------
    patient_text
        Written at the top as it was typed; empty: nothing of the patient stands anywhere.
    """
    title = f"Fusion of the spheno-occipital synchondrosis: {report.name}"
    parts: list[Part] = [Paragraph(f"{RESEARCH_USE} Made by {SOFTWARE}.", alarm=True)]
    if patient_text:
        parts.append(Paragraph(f"Identified report. Patient: {patient_text}", alarm=True))
    parts += [Paragraph(warning, alarm=True) for warning in warnings_of(report.said.model)]
    parts += [*_result(report), *_pictures(report), *_answer(report), *_readings(report), Heading("Orientation record")]
    parts.append(Table(("", "Value"), tuple(plane_rows(report.capture.record))))
    parts += _network(report)
    return pdf.render(title, parts, f"{report.name} · {RESEARCH_USE}")


def save(path: Path, content: bytes) -> None:
    """Write it; ``prediction.folder_unwritable``."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        atomic.write_bytes(path, content)
    except OSError as error:
        raise ProjectError(
            "prediction.folder_unwritable", folder=path.parent.name, reason=error.strerror or type(error).__name__
        ) from error


def _result(report: CaseReport) -> list[Part]:
    """First of all the answer as the screen gives it, how far to trust it, and what people say."""
    said = report.said
    told: list[Part] = [Heading("Result"), Paragraph(answer_sentence(said), alarm=said.unsure or said.unlike)]
    if report.network:
        told.append(Paragraph(f"Network: {report.network}."))
    grave = [ACQUAINTANCE["learned"], ACQUAINTANCE["patient"], *([held_out_sentence(said.model)] if mostly_wrong(said.model) else [])]
    told += [Paragraph(text, alarm=text in grave) for text in trust_sentences(report)]
    return [*told, Paragraph(report.consensus)] if report.consensus else told


def trust_sentences(report: CaseReport) -> list[str]:
    """How sure it is, how often the network is right, and whether it knows the case."""
    measured = held_out_sentence(report.said.model)
    return [certainty_sentence(report.said), *([measured] if measured else []), ACQUAINTANCE[report.known]]


def consensus_words(summary: CaseSummary) -> str:
    """What the readers made of a case."""
    if summary.label is not None:
        if summary.adjudicated_by:
            return f"Decided by adjudication: stage {summary.label}."
        return f"Consensus of the readers: stage {summary.label} ({counted(len(summary.staged_by), 'reading')})."
    if summary.ambiguous:
        return "Consensus of the readers: ambiguous."
    return "Consensus of the readers: none yet." if summary.staged_by else "Nobody has staged this case yet."


def _pictures(report: CaseReport) -> list[Part]:
    full8, roi = report.capture.full8, report.roi
    overlay = heatmaps.overlay(full8, report.heat01_vu, OPACITY)
    gray = np.repeat(full8[..., None], 3, axis=2)
    whose = "" if roi is None else f" In the {FRAMES[report.frame_source]} the crop below."
    full = _plot("full", f"Midsagittal full image, face to the right.{whose}", _framed(gray, report))
    empty = "" if report.heat01_vu.any() else " The heatmap is empty: the network marks no place in this image."
    heat = _plot("heat", f"Where the network looked: {report.heat_words}.{empty}", _framed(overlay, report))
    if roi is None:
        return [Beside((full, heat))]
    crop = crops.crop_image(full8, roi)
    heat_crop = np.stack([crops.crop_image(np.ascontiguousarray(overlay[..., channel]), roi) for channel in range(3)], axis=-1)
    shown = _plot("crop", "Crop of the synchondrosis, endocranial end left.", np.repeat(crop[..., None], 3, axis=2))
    return [Beside((full, heat)), Beside((shown, _plot("heat-crop", "The same crop with the heatmap.", heat_crop)))]


def _framed(rgb: np.ndarray, report: CaseReport) -> np.ndarray:
    """A copy with the frame drawn around what is inside of it."""
    roi, found = report.roi, rgb.copy()
    if roi is None:
        return found
    v, u = np.indices(rgb.shape[:2], dtype=np.float32)
    du, dv, turn = u - roi.center_uv[0], v - roi.center_uv[1], np.radians(roi.angle_deg)
    along, across = np.abs(du * np.cos(turn) + dv * np.sin(turn)), np.abs(dv * np.cos(turn) - du * np.sin(turn))
    thick = max(1.0, rgb.shape[1] / 400)
    outer = (along <= roi.width_px / 2 + thick) & (across <= roi.height_px / 2 + thick)
    found[outer & ~((along <= roi.width_px / 2) & (across <= roi.height_px / 2))] = _FRAME_RGB[report.frame_source]
    return found


def _plot(name: str, caption: str, rgb: np.ndarray) -> Plot:
    return Plot(name, caption, b"", images.encode_png(np.ascontiguousarray(rgb)), HALF_A_PAGE_MM)


def _answer(report: CaseReport) -> list[Part]:
    said = report.said
    rows = [(f"Stage {n}: {stage_words(said.scheme, n)}", percent(p, 1)) for n, p in enumerate(said.probabilities, start=1)]
    told = [f"Probability-weighted mean: stage {said.expected_stage:.2f}."]
    near = said.familiarity
    if near is not None:
        told.append(f"Distance from the training data: {near.distance:.2f}; usual pictures lie within {near.threshold:.2f}.")
    attention = report.attention
    if attention is not None and said.roi is not None:
        told.append(attention_sentence(attention, said.roi, report.heat_stage, report.shape_vu))
    if report.holding is not None:
        told.append(holding_words(report.holding, unsure=said.unsure or said.unlike))
    return [Heading("What the network says"), Table(("Stage", "Probability"), tuple(rows)), *(Paragraph(text) for text in told)]


def _network(report: CaseReport) -> list[Part]:
    called = [("Name", report.network)] if report.network else []
    return [Heading("Network"), Table(("", "Value"), (*called, *card_facts(report.said.model)))]


def holding_words(found: Sensitivity, *, unsure: bool) -> str:
    """Whether the stage held while the plane was moved; of an unsure answer that it is no surer for that."""
    views = len(found.tried) + 1
    how = {
        "plane": "the plane turned by 2° and moved by 1 mm",
        "neighbours": "the plane moved by 1 mm, the picture turned by 2° and shifted by 1 mm",
        "picture": "only the picture turned by 2° and shifted by 1 mm, because no scan was open",
    }[found.reach]
    if found.holds and unsure:
        return f"Still unsure: stage {found.stage} stays the most likely in all {views} views ({how}), which makes it no surer."
    if found.holds:
        return f"Robust: the same stage in all {views} views ({how})."
    return f"Fragile: stage {', '.join(f'{stage} in {count}' for stage, count in found.seen)} of {views} views ({how})."


def _readings(report: CaseReport) -> list[Part]:
    left_out = [Paragraph(BLINDED)] if report.blinded else []
    if not report.readings:
        return [Heading("Readings"), *(left_out or [Paragraph("Nobody has staged this full image yet.")])]
    rows = tuple(
        (
            name,
            "" if row.stage is None else str(row.stage),
            row.created_utc.strftime("%Y-%m-%d %H:%M UTC"),
            "after seeing the AI" if row.ai_seen else "before seeing the AI",
            "yes" if row.blinded else "no",
        )
        for name, row in report.readings
    )
    return [Heading("Readings"), Table(("Evaluator", "Stage", "When", "Staged", "Read blinded"), rows), *left_out]


def plane_rows(record: CaptureRecord) -> list[tuple[str, str]]:
    """The orientation record: label and value."""
    rows: list[tuple[str, str]] = [("Capture", record.capture_id)]
    if record.orientation is not None:
        angles = record.orientation
        rows += [
            ("Roll, yaw, pitch", f"{angles.roll_deg:.2f}°, {angles.yaw_deg:.2f}°, {angles.pitch_deg:.2f}°"),
            ("Centre (LPS)", ", ".join(f"{value:.1f}" for value in angles.center_lps_mm) + " mm"),
        ]
    else:
        rows.append(("Plane", "imported picture: set elsewhere"))
    rows.append(("Pixel", "unknown" if record.spacing_mm is None else f"{record.spacing_mm:g} mm"))
    if record.slab_mm:
        rows.append(("Slab", f"mean of {record.slab_mm:g} mm"))
    return rows


def stage_words(scheme_id: str, number: int) -> str:
    """What a stage is, in English."""
    return catalogue()[scheme(scheme_id).stages[number - 1].code].text
