"""Faults that nobody foresaw: one sentence on the screen, the details in a log file of the user's own."""

from __future__ import annotations

import contextlib
import logging
import sys
import traceback
from collections.abc import Iterator
from logging.handlers import RotatingFileHandler
from types import TracebackType

from psygnal import EmitLoopError

from sos_studio.core.settings import user_data_dir
from sos_studio.presenters.session import Session

LOG_FILE = "log.txt"
LOG_BYTES = 1_000_000


class NamelessFormatter(logging.Formatter):
    """Tells where a fault arose and of what kind it is, never in its own words: they may quote a path or a patient's name."""

    def format(self, record: logging.LogRecord) -> str:
        """One record; what another handler made of its exception is not taken over."""
        kept, record.exc_text = record.exc_text, None
        try:
            return super().format(record)
        finally:
            record.exc_text = kept

    def formatException(self, ei: tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]) -> str:
        """Modules, lines and functions, then the kind."""
        kind, _, trace = ei
        places = [f"  {frame.f_globals.get('__name__', '?')}:{line} {frame.f_code.co_name}" for frame, line in traceback.walk_tb(trace)]
        return "\n".join([*places, kind.__name__ if kind is not None else "?"])


@contextlib.contextmanager
def caught(session: Session) -> Iterator[None]:
    """While the window runs, an exception that escapes from a slot is told and logged instead of being printed."""
    before = sys.excepthook

    def tell(_kind: type[BaseException], error: BaseException, _trace: TracebackType | None) -> None:
        # A signal wraps what its listener raised.
        while isinstance(error, EmitLoopError) and error.__cause__ is not None:
            error = error.__cause__
        if isinstance(error, Exception):
            session.report(error)
        else:
            before(type(error), error, error.__traceback__)

    sys.excepthook = tell
    handler = _log_file()
    if handler is not None:
        logging.getLogger().addHandler(handler)
    try:
        yield
    finally:
        sys.excepthook = before
        if handler is not None:
            logging.getLogger().removeHandler(handler)
            handler.close()


def _log_file() -> logging.Handler | None:
    """None where the user's folder can't be written: the window works without."""
    directory = user_data_dir()
    try:
        directory.mkdir(parents=True, exist_ok=True)
        handler = RotatingFileHandler(directory / LOG_FILE, maxBytes=LOG_BYTES, backupCount=1, encoding="utf-8")
    except OSError:
        return None
    handler.setLevel(logging.INFO)
    handler.setFormatter(NamelessFormatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    return handler
