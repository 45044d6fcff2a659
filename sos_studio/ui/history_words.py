"""What was done, in words."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QCoreApplication

from sos_studio.dataset.audit import Entry
from sos_studio.messages import message, wall_clock
from sos_studio.ui.exclusion import reason_words


def _tr(text: str) -> str:
    return QCoreApplication.translate("HistoryWords", text)


def what_words(what: str) -> str:
    """A kind of entry; one that is not known is shown as it was written."""
    return {
        "project_made": _tr("Project made"),
        "case_added": _tr("Case added"),
        "captured": _tr("Captured"),
        "framed": _tr("Frame drawn"),
        "read": _tr("Read"),
        "read_took_back": _tr("Reading taken back"),
        "decided": _tr("Adjudicated"),
        "left_open": _tr("Left open"),
        "excluded": _tr("Excluded"),
        "taken_in": _tr("Taken in again"),
        "brought_back": _tr("Undone or done again"),
        "rule_chosen": _tr("Consensus rule chosen"),
        "fold_given": _tr("Fold given"),
        "manifest_frozen": _tr("Manifest frozen"),
        "training_started": _tr("Training started"),
        "prediction_shown": _tr("Prediction shown"),
        "readings_shown": _tr("Readings shown"),
        "patient_data_decided": _tr("Patient data decided"),
        "facts_filled_in": _tr("Facts of an imported picture filled in"),
        "pixel_size_given": _tr("Pixel size of an imported picture given"),
        "patients_joined": _tr("Cases said to be one patient's"),
        "same_patient": _tr("Patients said to be one"),
        "imported": _tr("Imported"),
        "exported": _tr("Exported"),
        "backup_made": _tr("Backed up"),
        "restored": _tr("Restored from a backup"),
        "recovered": _tr("Database recovered"),
        "repaired": _tr("Repaired"),
    }.get(what, what)


def details_words(entry: Entry, *, hide_stage: bool = False) -> str:
    """The facts of an entry that say more than its ids.

    Parameters
    ----------
    hide_stage
        Leave the stage out: no list whispers the answer to somebody who has not read the case yet.
    """
    details = {name: value for name, value in entry.details.items() if not (hide_stage and name == "stage")}
    said = []
    if details.get("stage") is not None:
        said.append(_tr("stage {n}").format(n=details["stage"]))
    for name, words in (
        ("ambiguous", _tr("ambiguous")),
        ("blinded", _tr("blinded")),
        ("ai_seen", _tr("prediction seen before")),
        ("phantom", _tr("phantom")),
    ):
        if details.get(name) is True:
            said.append(words)
    if "reason" in details:
        said.append(reason_words(str(details["reason"])))
    shown = {"stage", "ambiguous", "blinded", "ai_seen", "phantom", "reason", "sha256", "reading", "seed"}
    said += [_said(name, value) for name, value in details.items() if name not in shown and value not in ("", None, {}, [])]
    return " · ".join(said)


def _said(name: str, value: Any) -> str:
    """One fact; one that is not known is shown as it was written."""
    if name == "left_out" and isinstance(value, dict):
        reasons = [message(f"export.left_out.{reason}", {"count": count}).text for reason, count in value.items()]
        return _tr("left out: {reasons}").format(reasons=", ".join(reasons))
    if name == "fold" and isinstance(value, int):
        return _tr("fold {n}").format(n=value + 1)
    if isinstance(value, bool):
        shown = _tr("yes") if value else _tr("no")
    elif name.endswith("_utc"):
        shown = wall_clock(value)
    elif isinstance(value, (list, tuple)):
        shown = ", ".join(_value_words(each) for each in value)
    else:
        shown = _value_words(value)
    return f"{_name_words(name)}: {shown}"


def _value_words(value: Any) -> str:
    return {
        "patient": _tr("patient"),
        "age": _tr("age"),
        "sex": _tr("sex"),
        "expert": _tr("evaluator"),
        "imported": _tr("table"),
        "phantom": _tr("phantom"),
        "adjudication": _tr("adjudication"),
    }.get(str(value), str(value))


def _name_words(name: str) -> str:
    return {
        "facts": _tr("filled in"),
        "again": _tr("there already"),
        "not_taken": _tr("not taken"),
        "table": _tr("with a table"),
        "from_scan": _tr("from a scan"),
        "imported": _tr("imported"),
        "new_cases": _tr("new cases"),
        "made_utc": _tr("made"),
        "keep_age": _tr("keep ages"),
        "keep_sex": _tr("keep sexes"),
        "retracts": _tr("takes back"),
    }.get(name, name.replace("_", " "))
