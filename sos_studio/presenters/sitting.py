"""Which cases' labels an evaluator may see in the list: those read in an earlier sitting, and those they asked for."""

from __future__ import annotations

from collections.abc import Iterable

from sos_studio.services.listed_cases import ListedCase


class Sitting:
    """From the opening of a project to its end. For any thread.

    What others read of a capture may change a reading that was just made and can still be changed. So it is shown only where the
    evaluator's own reading of the capture in use stands and either stood when the sitting began, or "Other readings" was asked for.
    """

    def __init__(self) -> None:
        self._begun = False
        self._open: set[tuple[str, str]] = set()  # evaluators and the captures they may know about

    def begin(self, cases: Iterable[ListedCase]) -> None:
        """What stands in the project now was read in an earlier sitting; only the first call counts."""
        if not self._begun:
            self._open.update((reading.evaluator, reading.capture_id) for case in cases for reading in case.stands)
            self._begun = True

    def ask(self, evaluator: str, capture_id: str) -> None:
        """Note that an evaluator was shown what others read of a capture."""
        self._open.add((evaluator, capture_id))

    def opens(self, case: ListedCase, evaluator: str) -> bool:
        """Whether the evaluator may see what was made of all readings of a case."""
        if case.adjudicated_by and case.adjudicated_by == evaluator:
            return True  # with all readings in sight
        return evaluator in case.staged_here and (evaluator, case.capture_id) in self._open
