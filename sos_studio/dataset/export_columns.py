"""Columns of all exported tables: their types and what they mean. CSV, Parquet and the data dictionary are written from these."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

ColumnType = Literal["text", "int", "float", "bool", "time", "floats"]


@dataclass(frozen=True)
class Column:
    """One column; any cell may be empty.

    Attributes
    ----------
    type
        ``time``: a moment in UTC. ``floats``: a list of numbers.
    """

    name: str
    type: ColumnType
    meaning: str


CASE_COLUMNS = (
    Column("case_id", "text", "pseudonym of the case: one patient's one scan"),
    Column("patient", "text", "pseudonym of the patient; groups the cases of one patient"),
    Column("age_years", "float", "age at the scan in years; empty if unknown"),
    Column("sex", "text", "F, M or empty if unknown"),
    Column("scheme", "text", "staging scheme"),
    Column("stage", "int", "label: consensus of the standing readings, from 1; empty while there is none"),
    Column("consensus_rule", "text", "rule that made the label of the readings"),
    Column("readings", "int", "number of evaluators with a standing reading"),
    Column("ambiguous", "bool", "1 if most standing readings call the case ambiguous (no label then)"),
    Column("excluded", "bool", "1 if the case is excluded from training"),
    Column("exclusion_reason", "text", "why it is excluded, as a code"),
    Column("fold", "int", "cross-validation fold of the patient, from 0; never changes; empty until a training has given it"),
    Column("imported", "bool", "1 if the full image was imported, not captured from a scan here"),
    Column("capture_id", "text", "capture in use: the newest, unless an earlier one was brought back by undo"),
    Column("height_px", "int", "rows of the full image"),
    Column("width_px", "int", "columns of the full image"),
    Column("spacing_mm", "float", "pixel size in mm; empty if unknown"),
    Column("full_image", "text", "full image, path below the project folder"),
    Column("full_image_sha256", "text", "hash of that file"),
    Column("roi_center_u_px", "float", "frame: centre, column; (0, 0) is the centre of the top-left pixel"),
    Column("roi_center_v_px", "float", "frame: centre, row"),
    Column("roi_angle_deg", "float", "frame: direction endocranial to ectocranial, from the row direction, clockwise on the screen"),
    Column("roi_width_px", "float", "frame: width; its height is half of it"),
    Column("crop", "text", "crop, path below the project folder"),
    Column("crop_sha256", "text", "hash of that file"),
)
READING_COLUMNS = (
    Column("reading_id", "text", "id of the reading"),
    Column("case_id", "text", "case that was read"),
    Column("capture_id", "text", "capture that was read"),
    Column("roi_n", "int", "number of the frame that was shown; empty without one"),
    Column("evaluator", "text", "who read"),
    Column("scheme", "text", "staging scheme"),
    Column("stage", "int", "stage, from 1; empty for a row that takes a reading back"),
    Column("confidence", "text", "low, medium, high or empty"),
    Column("ambiguous", "bool", "1 if the evaluator called the case ambiguous"),
    Column("shown", "text", "what was shown: crop, full_image or crop_and_full_image"),
    Column("ai_seen", "bool", "1 if a prediction had been shown to the evaluator before"),
    Column("blinded", "bool", "1 if other readings, predictions and the patient were hidden from the evaluator"),
    Column("source", "text", "expert, imported or phantom"),
    Column("retracts", "text", "id of the reading that this row takes back"),
    Column("created_utc", "time", "when, ISO 8601, UTC"),
)
CAPTURE_COLUMNS = (
    Column("capture_id", "text", "id of the capture"),
    Column("case_id", "text", "case that it belongs to"),
    Column("in_use", "bool", "1 for the capture that counts: the newest, unless undo brought an earlier one back"),
    Column("series_hash", "text", "hash of the decoded grey values and geometry of the scan; empty for imported images"),
    Column("height_px", "int", "rows of the full image"),
    Column("width_px", "int", "columns of the full image"),
    Column("spacing_mm", "float", "pixel size in mm; empty if unknown"),
    Column("full_image_sha256", "text", "hash of the 8-bit full image"),
    Column("full16_sha256", "text", "hash of the 16-bit full image; empty for imported images"),
    Column("record_sha256", "text", "hash of capture.json"),
    Column("software", "text", "program that made it"),
    Column("created_utc", "time", "when, ISO 8601, UTC"),
)
FRAME_COLUMNS = (
    Column("capture_id", "text", "capture on which the frame was drawn"),
    Column("roi_n", "int", "number of the frame on that capture, from 1"),
    Column("roi_center_u_px", "float", "centre, column; (0, 0) is the centre of the top-left pixel"),
    Column("roi_center_v_px", "float", "centre, row"),
    Column("roi_angle_deg", "float", "direction endocranial to ectocranial, from the row direction, clockwise on the screen"),
    Column("roi_width_px", "float", "width; the height is half of it"),
    Column("crop_sha256", "text", "hash of the crop"),
    Column("created_utc", "time", "when, ISO 8601, UTC"),
)
EXCLUSION_COLUMNS = (
    Column("case_id", "text", "case that was excluded or taken in again; the last row of a case stands"),
    Column("excluded", "bool", "1 if it was excluded, 0 if it was taken in again"),
    Column("reason", "text", "why, as a code"),
    Column("evaluator", "text", "who decided"),
    Column("created_utc", "time", "when, ISO 8601, UTC"),
)
PREDICTION_COLUMNS = (
    Column("case_id", "text", "case that was predicted"),
    Column("capture_id", "text", "capture that was predicted on"),
    Column("model_id", "text", "network that predicted"),
    Column("scheme", "text", "staging scheme"),
    Column("stage", "int", "predicted stage, from 1"),
    Column("probabilities", "floats", "probability of each stage, in their order"),
    Column("evaluator", "text", "who was shown it; empty if nobody had given a name"),
    Column("shown_utc", "time", "when, ISO 8601, UTC; the same answer has a second row if the detector's frame came after the stage"),
)
FOLD_COLUMNS = (
    Column("patient", "text", "pseudonym of the patient"),
    Column("fold", "int", "cross-validation fold, from 0; never changes"),
)
SPLIT_COLUMNS = (
    Column("file", "text", "picture, path below this folder"),
    Column("case_id", "text", "pseudonym of the case"),
    Column("patient", "text", "pseudonym of the patient: never divide one patient's pictures between training and test"),
    Column("stage", "int", "label: consensus of the standing readings, from 1"),
    Column("fold", "int", "cross-validation fold of the patient, from 0"),
    Column("fold_given", "bool", "1 if the fold never changes; 0 if it is only planned: what a first training would give today"),
)
DICTIONARY_COLUMNS = (
    Column("file", "text", "table"),
    Column("column", "text", "its column"),
    Column("type", "text", "text, int, float, bool (0 or 1), time (ISO 8601, UTC) or floats (a list)"),
    Column("meaning", "text", "what it says"),
)
