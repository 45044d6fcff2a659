"""What was done, in words."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication

from sos_studio.dataset.audit import Entry
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
    shown = {"stage", "ambiguous", "blinded", "ai_seen", "phantom", "reason", "sha256", "reading"}
    said += [f"{name.replace('_', ' ')}: {value}" for name, value in details.items() if name not in shown and value not in ("", None)]
    return " · ".join(said)
