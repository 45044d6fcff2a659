"""The window's title: which case or new scan, which project, and whether all is saved."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication

from sos_studio.core.settings import names_hidden
from sos_studio.presenters.opening_words import name_to_show
from sos_studio.presenters.session import Session


def _tr(text: str) -> str:
    return QCoreApplication.translate("WindowTitle", text)


def window_title(session: Session) -> str:
    """A new scan goes by its folder's name, a case by its pseudonym alone."""
    parts = [session.blinding.name(session.case_id)] if session.case_id else []
    if session.scan is not None and session.scan_in_front and session.case_id is None:
        name = name_to_show(session.scan.source)
        parts.append(_tr("new scan — {name}, not captured").format(name=name) if name else _tr("new scan, not captured"))
    project = session.project
    if project is not None:
        state = _tr("read-only") if project.read_only else _tr("all changes saved")
        # Whoever named the folder may have named it after a patient.
        name = _tr("project") if names_hidden() else project.directory.name
        parts.append(f"{name} ({state})")
    return " — ".join([*parts, "SOS Studio"])
