"""The terminal: one object on stdout with ``--json``, words and progress on stderr."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Mapping
from typing import Any, TextIO

_BAR_WIDTH = 24
_LINE_EVERY_S = 15.0
_REDRAW_EVERY_S = 0.1


def emit_json(content: Mapping[str, Any]) -> None:
    """The one object of ``--json``. ASCII only, so that no code page of a terminal can break it."""
    sys.stdout.write(json.dumps(content, allow_nan=False) + "\n")
    sys.stdout.flush()


def emit(text: str) -> None:
    """A result for a person, on stdout."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def say(text: str) -> None:
    """A sentence for a person, on stderr."""
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


def clock(seconds: float) -> str:
    """``"4:05"``, ``"1:02:03"``."""
    whole = round(max(0.0, seconds))
    hours, rest = divmod(whole, 3600)
    return f"{hours}:{rest // 60:02d}:{rest % 60:02d}" if hours else f"{rest // 60}:{rest % 60:02d}"


class ProgressBar:
    """Progress and time left on stderr: a bar that redraws itself on a terminal, else a line now and then.

    Use as a context manager. Nothing is drawn for work that is over within a second.
    """

    def __init__(self, label: str, stream: TextIO | None = None) -> None:
        self._label = label
        self._stream = stream if stream is not None else sys.stderr
        self._live = self._stream.isatty()
        self._began = time.monotonic()
        self._drawn_at = self._began + 1.0 - (_REDRAW_EVERY_S if self._live else _LINE_EVERY_S)
        self._drawn_length = 0

    def update(self, fraction: float, note: str = "") -> None:
        """Show a share done, 0 … 1; the time left is reckoned from the pace so far."""
        gone = time.monotonic() - self._began
        self.show(fraction, note, gone * (1.0 - fraction) / fraction if fraction >= 0.01 else None)

    def show(self, fraction: float, note: str, seconds_left: float | None) -> None:
        """Show a share done whose time left somebody else knows; None: nobody does yet, as of what was resumed half done."""
        now = time.monotonic()
        if now - self._drawn_at < (_REDRAW_EVERY_S if self._live else _LINE_EVERY_S):
            return
        self._drawn_at = now
        fraction = min(max(fraction, 0.0), 1.0)
        left = f"{clock(seconds_left)} left" if seconds_left is not None else "time left unknown yet"
        words = f"{self._label}{f' · {note}' if note else ''}: {fraction:4.0%}, {left}"
        if self._live:
            done = round(_BAR_WIDTH * fraction)
            self._redraw(f"[{'#' * done}{'.' * (_BAR_WIDTH - done)}] {words}")
        else:
            self._write(f"{words}\n")

    def __enter__(self) -> ProgressBar:
        return self

    def __exit__(self, *_: object) -> None:
        if self._drawn_length:
            self._redraw("")
            self._write("\r")

    def _redraw(self, text: str) -> None:
        self._write("\r" + text.ljust(self._drawn_length))
        self._drawn_length = len(text)

    def _write(self, text: str) -> None:
        self._stream.write(text)
        self._stream.flush()
