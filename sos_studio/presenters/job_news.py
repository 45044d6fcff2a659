"""Says once how each training ended, also if that was while no window was open."""

from __future__ import annotations

from collections.abc import Iterable

from sos_studio.core.job_state import JobStatus
from sos_studio.presenters.session import Session
from sos_studio.services.job_watch import Seen

REMEMBERED_JOBS = 50


class JobNews:
    """Hears every look at a project's trainings.

    What ended before this user ever had the project open is history, and nothing is told twice on one computer.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self._live: set[str] = set()
        self._known: set[str] = set()

    def forget(self) -> None:
        """Another project."""
        self._live.clear()
        self._known.clear()

    def started(self, job_id: str) -> None:
        """It began in this window: its end is news whatever it comes to, even before anybody saw it run."""
        self._live.add(job_id)

    def hear(self, rows: Iterable[Seen]) -> None:
        """Tell what ended since the last look."""
        ended = False
        for seen in rows:
            job_id = seen.handle.job_id
            if not seen.state.status.ended:
                self._live.add(job_id)
            elif job_id in self._live or (job_id not in self._known and self._is_news(seen)):
                self._live.discard(job_id)
                self._tell(seen)
                ended = True
            self._known.add(job_id)
        if ended:
            self._session.models_changed.emit()

    def _is_news(self, seen: Seen) -> bool:
        """Whether one that had ended already when it was first seen did so since this user had the project open here."""
        visit, state = self._session.visit, seen.state
        if _key(seen) in self._session.settings.told_jobs:
            return False
        if state.status is JobStatus.INTERRUPTED:
            # A worker that died wrote no last event: when that was, nobody knows, and it may be taken up again.
            return True
        return visit is not None and (state.updated_utc is None or state.updated_utc > visit.seen_utc)

    def _tell(self, seen: Seen) -> None:
        session, state = self._session, seen.state
        told = (_key(seen), *session.settings.told_jobs)
        session.settings.told_jobs = tuple(dict.fromkeys(told))[:REMEMBERED_JOBS]
        session.save_settings()
        asks = seen.spec is not None and seen.spec.kind == "evaluate"
        match state.status:
            case JobStatus.SUCCEEDED:
                session.tell(_done(seen), "success")
            case JobStatus.CANCELLED:
                session.tell("compare.cancelled" if asks else "training.cancelled", "info")
            case JobStatus.INTERRUPTED:
                session.tell("compare.interrupted" if asks else "job.worker_died", "warning")
            case _:
                session.tell(state.failure_code or "training.failed", "error", **session.blinding.values(state.failure_values))


def _key(seen: Seen) -> str:
    """What is told of: one that was interrupted has another end when it was resumed."""
    return f"{seen.handle.job_id} {seen.state.status} {seen.state.attempt}"


def _done(seen: Seen) -> str:
    kind = seen.spec.kind if seen.spec is not None else "retrain"
    if kind == "crossval":
        return "crossval.done"
    if kind == "evaluate":
        return "compare.done"
    # Where a student is in use, a person chooses.
    return "training.done_choose" if seen.spec is not None and seen.spec.judged_models else "training.done"
