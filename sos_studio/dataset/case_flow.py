"""From the cases that were screened to those that were included: the numbers of the flow diagram (STARD, section 2 of a paper).

Every case is in exactly one place, in the order in which a study decides: excluded by a person for a reason; not captured; not read;
called ambiguous by its evaluators; open, because they disagree and nobody decided; included.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from sos_studio.core.exclusions import OTHER, REASONS
from sos_studio.dataset.cases import CaseSummary, cases
from sos_studio.dataset.project import Project


@dataclass(frozen=True)
class CaseFlow:
    """Numbers of cases; `screened` is the sum of all others but `patients_screened` and `patients_included`.

    Attributes
    ----------
    screened
        All cases of the project.
    excluded
        By reason (codes of `core.exclusions.REASONS`, in that order, words ``exclusion.<code>`` in `sos_studio.messages`); reasons that
        nobody gave are left out, and what is no code of this version counts as ``other``.
    not_captured, unread, ambiguous, open
        Neither excluded nor included: without a full image; without a standing reading; called ambiguous; read, but without a label
        because the evaluators' stages do not give one.
    included
        With a full image, a label and no exclusion: what manifests and exports take.
    by_stage
        `included` by label, every stage of the scheme.
    patients_screened, patients_included
        Patients (pseudonyms) among `screened` and `included`.
    """

    screened: int
    excluded: dict[str, int]
    not_captured: int
    unread: int
    ambiguous: int
    open: int
    included: int
    by_stage: dict[int, int] = field(default_factory=dict)
    patients_screened: int = 0
    patients_included: int = 0

    @property
    def excluded_count(self) -> int:
        """All exclusions, whatever the reason."""
        return sum(self.excluded.values())


def case_flow(project: Project) -> CaseFlow:
    """Count where the project's cases ended up, under the project's own consensus rule.

    Raises
    ------
    ProjectError
        Refusals of the disk.
    """
    return flow_of(cases(project), tuple(stage.number for stage in project.scheme.stages))


def place_of(case: CaseSummary) -> str:
    """Where one case ended: ``excluded``, ``not_captured``, ``unread``, ``ambiguous``, ``open`` or ``included``."""
    if case.excluded:
        return "excluded"
    if not case.captured:
        return "not_captured"
    if case.label is not None:
        return "included"
    if case.ambiguous:
        return "ambiguous"
    return "open" if case.staged_by else "unread"


def flow_of(summaries: Iterable[CaseSummary], stages: tuple[int, ...]) -> CaseFlow:
    """`case_flow` of cases at hand.

    Parameters
    ----------
    stages
        Numbers of the scheme's stages.
    """
    rows = list(summaries)
    places = Counter(place_of(case) for case in rows)
    reasons = Counter(case.exclusion_reason if case.exclusion_reason in REASONS else OTHER for case in rows if case.excluded)
    included = [case for case in rows if place_of(case) == "included"]
    labels = Counter(case.label for case in included)
    return CaseFlow(
        screened=len(rows),
        excluded={reason: reasons[reason] for reason in REASONS if reasons[reason]},
        not_captured=places["not_captured"],
        unread=places["unread"],
        ambiguous=places["ambiguous"],
        open=places["open"],
        included=len(included),
        by_stage={stage: labels[stage] for stage in stages},
        patients_screened=len({case.patient for case in rows}),
        patients_included=len({case.patient for case in included}),
    )
