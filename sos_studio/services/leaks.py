"""Cases alike in different folds: found before a training is refused for them, and settled by a person."""

from __future__ import annotations

from collections.abc import Callable

from sos_studio.dataset import cases, manifests, patients
from sos_studio.dataset.cases import CaseSummary
from sos_studio.dataset.leakage import Leak
from sos_studio.dataset.project import Project


def find(
    project: Project, *, progress: Callable[[float], None] | None = None, cancelled: Callable[[], bool] | None = None
) -> list[tuple[Leak, CaseSummary, CaseSummary]]:
    """Every leak with its two cases; errors of `manifests.find_leaks`."""
    found = manifests.find_leaks(project, progress=progress, cancelled=cancelled)
    by_id = {summary.case_id: summary for summary in cases.cases(project)} if found else {}
    return [(leak, by_id[leak.case_id], by_id[leak.other_case_id]) for leak in found]


def say_same(project: Project, case_id: str, other_case_id: str, who: str = "") -> bool:
    """Two cases are of one patient; see `patients.say_same`."""
    return patients.say_same(project, case_id, other_case_id, who)
