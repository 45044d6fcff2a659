"""A series in words: what it is, how large, and what is wrong with it. Nothing of it comes from texts that somebody typed."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication

from sos_studio.core.scans import SeriesInfo
from sos_studio.messages import message
from sos_studio.ui.language import plural


def _tr(text: str) -> str:
    return QCoreApplication.translate("SeriesWords", text)


def modality(info: SeriesInfo) -> str:
    """Its kind; a volume file does not say."""
    return info.modality if info.modality not in ("", "?") else _tr("Volume")


def size(info: SeriesInfo) -> str:
    """Slices, columns and rows."""
    if info.shape_kji is None:
        return _tr("size unknown")
    k, j, i = info.shape_kji
    return plural("SeriesWords", "1 slice of {i} × {j}", "{n} slices of {i} × {j}", k, j=j, i=i)


def spacing(info: SeriesInfo) -> str:
    """Voxel edges, slice thickness last."""
    if info.spacing_mm_kji is None:
        return _tr("Voxel size unknown")
    k, j, i = info.spacing_mm_kji
    return _tr("Voxels {i} × {j} × {k} mm").format(i=f"{i:.3g}", j=f"{j:.3g}", k=f"{k:.3g}")


def field(field_mm_kji: tuple[float, float, float] | None) -> str:
    """Edges of the scanned box, in the order of the voxels'."""
    if field_mm_kji is None:
        return ""
    k, j, i = field_mm_kji
    return _tr("field of view {i} × {j} × {k} mm").format(i=f"{i:.0f}", j=f"{j:.0f}", k=f"{k:.0f}")


def facts(info: SeriesInfo) -> str:
    """Kind, size and voxels in one line."""
    return " · ".join((modality(info), size(info), spacing(info)))


def problems(info: SeriesInfo) -> list[tuple[str, str]]:
    """Severity and words of what is to be said about it, the gravest first; of a series that can't be opened only why not.

    What to do about a series that can't be opened is said once, for the first reason.
    """
    rank = ("error", "warning", "info") if info.loadable else ("error",)
    found = sorted((problem for problem in info.problems if problem.severity in rank), key=lambda problem: rank.index(problem.severity))
    told = [(problem.severity, message(problem.code, problem.values)) for problem in found]
    return [(severity, words.text if severity == "error" and n > 0 else str(words)) for n, (severity, words) in enumerate(told)]


def reasons(info: SeriesInfo) -> list[str]:
    """Why it can't be opened, without advice."""
    return [message(problem.code, problem.values).text for problem in info.problems if problem.severity == "error"]
