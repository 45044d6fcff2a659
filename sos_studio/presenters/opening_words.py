"""What is said about opening a scan: which one failed and what is still shown, and what to keep in mind about one that is open.

Names of folders may hold a patient's name: they are for the screen only, and hidden while pictures are taken of it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from sos_studio.core.errors import SosError
from sos_studio.core.scans import PART, SeriesInfo, Severity
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
    if name and why.text.startswith(name) and values.get("file") == name:
        why = message(code, {**values, "file": message("window.named_already").text})
    if name:
        text = message("window.not_opened", {"name": name, "reason": why.text})
    else:
        text = message("window.scan_not_opened", {"reason": why.text})
    hint = " ".join(part for part in (why.hint, _still_shown(session)) if part)
    return Message(code, text.text, hint)


def why_none(error: SosError, refused: Sequence[SeriesInfo]) -> tuple[str, dict[str, Any]]:
    """Code and values of why none of these series can be opened; `error` is what opening the first of them met.

    What was told apart within one series counts as one.
    """
    first = [next((problem for problem in info.problems if problem.severity == "error"), None) for info in refused]
    codes = {problem.code if problem is not None else error.code for problem in first}
    if codes == {"scan.localizer"}:
        return error.code, {"images": sum(problem.values.get("images", 1) if problem is not None else 1 for problem in first)}
    count = len({info.uid.partition(PART)[0] for info in refused})
    if count < 2:
        return error.code, error.values
    why = message(error.code, error.values)
    advice = why.hint if len(codes) == 1 else message("window.reasons_differ").text
    return "window.none_loadable", {"count": count, "reason": why.text, "advice": advice}


def _still_shown(session: Session) -> str:
    scan = session.scan
    if scan is None or not session.scan_in_front:
        return ""
    name = name_to_show(scan.source)
    return message("window.still_shown", {"name": name}).text if name else message("window.still_earlier").text


def remarks(scan: OpenedScan, left_out: int = 0) -> tuple[Message, Severity] | None:
    """What there is to keep in mind about a scan, or where to read it; None if there is nothing.

    Parameters
    ----------
    left_out
        How many other series lie there that can't be opened.
    """
    count = sum(problem.severity == "warning" for problem in scan.info.problems)
    pointer = replace(message("window.reservations", {"count": count}), topic=REMARKS)
    if not left_out:
        return (pointer, "warning") if count else None
    others = message("window.only_series", {"others": left_out})
    if not count:
        return others, "info"
    return replace(pointer, text=f"{others} {pointer.text}"), "warning"
