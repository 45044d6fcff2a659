"""A case's report as DICOM: full image, crop and heatmap as secondary captures, and what the network says as a structured report.

Always under the pseudonym, with unique ids that follow from the project and from what each object says.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import numpy as np

from sos_studio.core.answer_words import answer_sentence, attention_sentence
from sos_studio.core.model_card import card_line, warnings_of
from sos_studio.core.predictions import Prediction
from sos_studio.imaging import crops, dicom_codes, dicom_report, dicom_secondary, heatmaps
from sos_studio.imaging.dicom_codes import ConceptCode
from sos_studio.imaging.dicom_report import Finding, Observer
from sos_studio.imaging.dicom_secondary import Placed, Subject
from sos_studio.imaging.dicom_write import seeded_uid
from sos_studio.services.case_report import BLINDED, OPACITY, SOFTWARE, CaseReport, holding_words, plane_rows, stage_words, trust_sentences

if TYPE_CHECKING:
    from pydicom.dataset import Dataset


def report_dicom(report: CaseReport, project_id: str, predicted_utc: datetime | None = None) -> Mapping[str, bytes]:
    """Files by name: ``full.dcm``, ``heatmap.dcm``, ``crop.dcm`` where there is a frame, ``report.dcm``.

    Parameters
    ----------
    predicted_utc
        When the network was asked; None: when its network was trained, so that the same report gives the same files.
    """
    subject = Subject(report.patient, report.name, seeded_uid(0, project_id, report.name, "study"), SOFTWARE)
    capture, said = report.capture, report.said
    spacing_mm, from_scan = capture.record.spacing_mm, capture.record.series_hash is not None
    comments = _comments(report)
    heat_rgb = heatmaps.overlay(capture.full8, report.heat01_vu, OPACITY)

    def placed(series: int, description: str, *told: object) -> Placed:
        names = (project_id, report.name, "report")
        return Placed(
            seeded_uid(0, *names, "series", series), series, description, seeded_uid(0, *names, capture.capture_id, series, subject, *told)
        )

    about = [f"Heatmap over the full image: {report.heat_words}. {card_line(said.model)}.", *warnings_of(said.model)]
    derivation = " ".join([*about, *([answer_sentence(said)] if said.unsure or said.unlike else [])])
    full = dicom_secondary.secondary_capture(
        capture.full8, subject, placed(11, "SOS full image"), spacing_mm=spacing_mm, burned_in=False if from_scan else None
    )
    heat = dicom_secondary.secondary_capture(
        heat_rgb,
        subject,
        # Other pixels or other words are another object: stage, method and frame of a heatmap are chosen by people.
        placed(12, "SOS heatmap", hashlib.sha256(heat_rgb.tobytes()).hexdigest(), derivation),
        spacing_mm=spacing_mm,
        derivation=derivation,
        burned_in=False if from_scan else None,
    )
    files: dict[str, Dataset] = {"full.dcm": full, "heatmap.dcm": heat}
    crop = None
    if report.roi is not None:
        crop = dicom_secondary.secondary_capture(
            np.ascontiguousarray(crops.crop_image(capture.full8, report.roi)),
            subject,
            placed(13, "SOS crop", report.roi.model_dump_json()),
            angle_deg=report.roi.angle_deg,
            spacing_mm=spacing_mm,
            burned_in=False if from_scan else None,
        )
        files["crop.dcm"] = crop
    finding = Finding(
        tracking_uid=seeded_uid(0, project_id, report.name, "region", capture.capture_id),
        tracking_name=capture.capture_id,
        evaluations=_evaluations(said),
        corners_uv=None if report.roi is None else report.roi.corners_uv,
        read_at=predicted_utc or _trained(said),
        from_scan=from_scan,
        probabilities=said.probabilities,
        comments=comments,
    )
    observer = Observer("", seeded_uid(0, project_id, "device", SOFTWARE))
    shown = tuple(dataset.SOPInstanceUID for dataset in files.values())
    told = placed(14, "SOS network report", said.model_dump_json(), report.roi, finding.read_at, comments, shown)
    files["report.dcm"] = dicom_report.reading_report(subject, told, observer, finding, full=full, crop=crop, others=(heat,))
    return {name: dicom_secondary.encode(dataset) for name, dataset in files.items()}


def _evaluations(said: Prediction) -> list[tuple[ConceptCode, ConceptCode]]:
    codes = dicom_codes

    def stage(number: int) -> ConceptCode:
        return codes.stage_value(said.scheme, number, stage_words(said.scheme, number))

    told = [(codes.PREDICTED_STAGE, stage(said.stage)), (codes.STAGING_SCHEME, codes.scheme_value(said.scheme))]
    held = said.promised
    if held is not None:
        told += [(codes.STAGE_SET_FIRST, stage(held.first)), (codes.STAGE_SET_LAST, stage(held.last))]
    told.append((codes.UNSURE, codes.yes_no(said.unsure)))
    if said.familiarity is not None:
        told.append((codes.UNLIKE, codes.yes_no(said.familiarity.unlike)))
    told += [(codes.PHANTOM_TRAINED, codes.yes_no(said.model.phantom)), (codes.FROM_SCRATCH, codes.yes_no(said.model.from_scratch))]
    return [*told, (codes.INTENDED_USE, codes.RESEARCH_ONLY)]


def _comments(report: CaseReport) -> list[str]:
    said = report.said
    told = [answer_sentence(said), *trust_sentences(report), card_line(said.model), *warnings_of(said.model)]
    told += [f"Expected stage {said.expected_stage:.2f}", f"Heatmap: {report.heat_words}"]
    if said.roi is not None and report.attention is not None:
        told.append(attention_sentence(report.attention, said.roi, report.heat_stage, report.shape_vu))
    if report.holding is not None:
        told.append(holding_words(report.holding, unsure=said.unsure or said.unlike))
    told += [f"{label}: {value}" for label, value in plane_rows(report.capture.record)]
    if report.blinded:
        told.append(BLINDED)
    for name, row in report.readings:
        when = "after" if row.ai_seen else "before"
        told.append(f"{name}: stage {row.stage}, {when} seeing a prediction, {row.created_utc:%Y-%m-%d}")
    return told


def _trained(said: Prediction) -> datetime:
    try:
        moment = datetime.fromisoformat(said.model.created_utc)
    except ValueError:
        return datetime(1980, 1, 1, tzinfo=UTC)
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
