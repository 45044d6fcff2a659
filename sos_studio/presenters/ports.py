"""What presenters need of the window they drive: work off the GUI thread, and nothing else of Qt."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol, TypeVar

T = TypeVar("T")


class Ticket(Protocol):
    """A piece of work under way."""

    def cancel(self) -> None:
        """Ask it to stop and drop its answer; neither callback is called any more."""

    @property
    def cancelled(self) -> bool:
        """Whether nobody waits for the answer any more (asked to stop, or newer work took its key)."""


class Background(Protocol):
    """Runs work off the GUI thread and delivers its answer on the GUI thread.

    Answers are stamped with a generation per `key`: once newer work was started under the same key, the older work's answer is
    stale and is dropped.
    """

    def run(
        self,
        work: Callable[[], T],
        on_done: Callable[[T], None],
        on_error: Callable[[Exception], None] | None = None,
        *,
        key: str | None = None,
    ) -> Ticket:
        """Start `work` in a worker thread.

        Parameters
        ----------
        work
            Takes nothing: it captures all that it needs when it is made. Long work asks `Ticket.cancelled` of a ticket that
            its presenter keeps, and raises `core.errors.CancelledError`.
        on_done, on_error
            Called on the GUI thread with the answer or the exception. Without `on_error` the fault is logged. A
            `CancelledError` calls `on_error` too, unless the ticket was dropped.
        key
            Newer work with the same key makes older answers stale. None: independent of all other work.
        """

    def run_latest(self, work: Callable[[], T], on_done: Callable[[T], None], *, key: str) -> None:
        """Like `run` for a stream of requests of which only the newest matters (pictures while dragging).

        One is in flight per key and the newest waits; those between are never started. Answers arrive in the order of the
        requests, so that the screen follows even when requests come faster than answers.
        """

    def post(self, callback: Callable[[], None]) -> None:
        """Call `callback` on the GUI thread soon; may be called from any thread (progress of long work)."""

    def after(self, milliseconds: int, callback: Callable[[], None], *, key: str) -> None:
        """Call `callback` on the GUI thread later; the same key restarts the wait (saving once typing has ended)."""


class _Done:
    """Ticket of work that is over."""

    cancelled = False

    def cancel(self) -> None:
        """Too late."""


class ImmediateBackground:
    """Does everything at once in the calling thread: for tests and for scripts without a window."""

    def run(
        self,
        work: Callable[[], T],
        on_done: Callable[[T], None],
        on_error: Callable[[Exception], None] | None = None,
        *,
        key: str | None = None,  # noqa: ARG002  nothing is ever stale here
    ) -> Ticket:
        """Work, then deliver."""
        try:
            answer = work()
        except Exception as error:
            if on_error is None:
                raise
            on_error(error)
        else:
            on_done(answer)
        return _Done()

    def run_latest(self, work: Callable[[], Any], on_done: Callable[[Any], None], *, key: str) -> None:  # noqa: ARG002
        """Work, then deliver."""
        on_done(work())

    def post(self, callback: Callable[[], None]) -> None:
        """Call it now."""
        callback()

    def after(self, milliseconds: int, callback: Callable[[], None], *, key: str) -> None:  # noqa: ARG002
        """Call it now."""
        callback()
