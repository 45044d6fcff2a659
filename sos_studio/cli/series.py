"""How a series is told: as JSON by the contract, and as a line for a person."""

from __future__ import annotations

from typing import Any

from sos_studio.cli.output import say
from sos_studio.core.scans import Problem, SeriesInfo
from sos_studio.messages import message


def series_object(info: SeriesInfo) -> dict[str, Any]:
    """One element of the contract's ``series``."""
    return {
        "uid": info.uid,
        "modality": info.modality,
        "loadable": info.loadable,
        "shape_kji": _list(info.shape_kji),
        "spacing_mm_kji": _list(info.spacing_mm_kji),
        "lps_from_ijk": None if info.lps_from_ijk is None else [list(row) for row in info.lps_from_ijk],
        "value_range": _list(info.value_range),
        "problems": [_problem(problem) for problem in info.problems],
    }


def _list(values: tuple[Any, ...] | None) -> list[Any] | None:
    return None if values is None else list(values)


def _problem(problem: Problem) -> dict[str, str]:
    return {"code": problem.code, "severity": problem.severity, "message": str(message(problem.code, problem.values))}


def say_problem(problem: Problem) -> None:
    """A scan's problem that did not stand in the way, on stderr."""
    say(f"{problem.severity}: {message(problem.code, problem.values)}")


def series_line(info: SeriesInfo) -> str:
    """One series for a person, its problems below it."""
    parts = [info.modality or "?", "can be opened" if info.loadable else "can't be opened"]
    if info.shape_kji is not None:
        parts.append(" × ".join(str(n) for n in reversed(info.shape_kji)) + " voxels")
    if info.spacing_mm_kji is not None:
        parts.append(" × ".join(f"{mm:.3g}" for mm in reversed(info.spacing_mm_kji)) + " mm")
    if info.value_range is not None:
        parts.append(f"values {info.value_range[0]:g} to {info.value_range[1]:g}")
    lines = [f"{info.uid}: {', '.join(parts)}"]
    lines += [f"  {problem.severity}: {message(problem.code, problem.values)}" for problem in info.problems]
    return "\n".join(lines)
