"""Faults that nobody foresaw: one sentence on the screen, the details in a log file of the user's own."""

from __future__ import annotations

import contextlib
import logging
import sys
from collections.abc import Iterator
from logging.handlers import RotatingFileHandler
from types import TracebackType

from psygnal import EmitLoopError

from sos_studio.core.settings import user_data_dir
from sos_studio.presenters.session import Session

LOG_FILE = "log.txt"
LOG_BYTES = 1_000_000


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
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    return handler
