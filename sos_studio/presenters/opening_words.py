"""What is said about opening a scan: which one failed and what is still shown, and what to keep in mind about one that is open.

Names of folders may hold a patient's name: they are for the screen only, and hidden while pictures are taken of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from sos_studio.core.settings import names_hidden
from sos_studio.messages import Message, message
from sos_studio.presenters.session import Session
from sos_studio.services.scans import OpenedScan

# Messages of this topic are over where remarks on the scan are not in sight.
REMARKS = "remarks"


def name_to_show(source: Path) -> str:
    """A folder's or file's own name; empty if it has none or names are hidden."""
    return "" if names_hidden() else source.name or source.absolute().name


def not_opened(code: str, values: Mapping[str, Any], source: Path, session: Session) -> Message:
    """Which scan was not opened, why, what to do, and which one is still on the screen."""
    why, name = message(code, values), name_to_show(source)
    if name and why.text.startswith(name):  # the reason names it already
        text = message("window.not_opened_itself", {"reason": why.text})
    elif name:
        text = message("window.not_opened", {"name": name, "reason": why.text})
    else:
        text = message("window.scan_not_opened", {"reason": why.text})
    hint = " ".join(part for part in (why.hint, _still_shown(session)) if part)
    return Message(code, text.text, hint)


def _still_shown(session: Session) -> str:
    scan = session.scan
    if scan is None or not session.scan_in_front:
        return ""
    name = name_to_show(scan.source)
    return message("window.still_shown", {"name": name}).text if name else message("window.still_earlier").text


def remarks(scan: OpenedScan) -> Message | None:
    """Where to read what there is to keep in mind about a scan; None if there is nothing."""
    count = sum(problem.severity == "warning" for problem in scan.info.problems)
    return replace(message("window.reservations", {"count": count}), topic=REMARKS) if count else None
