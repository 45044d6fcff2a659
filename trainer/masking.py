"""What a worker writes about itself names nobody's folders and files: logs lie in the project, are passed on and pasted into mails."""

from __future__ import annotations

import io
import os
import re
import sys
import tempfile
import threading
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TextIO

UNKNOWN_PATH, SOURCE = "<path>", "<file>"
_ABSOLUTE = r"(?:/(?=[^\s/])|~[/\\]|[A-Za-z]:(?:/|\\)|\\\\)"
# A path in quotes ends with them, whatever is in it.
_QUOTED = re.compile(rf"""(?P<quote>["'])(?P<path>{_ABSOLUTE}(?:\\.|(?!(?P=quote))[^\n])*)(?P=quote)""")
# Without quotes it ends before a blank, and a single slash is none.
_BARE = re.compile(r"""(?<![\w<>/\\.:~-])(?:(?:/[^\s/'"<>:,;()\[\]]+){2,}/?|(?:[A-Za-z]:|\\)\\[^\s'"<>|]+)""")
_SHORTEST_NAME = 3


class PathMask:
    """Lines without folders of this computer.

    Parts of the program and of the project keep their names below ``<program>``, ``<python>``, ``<project>`` …; of anything else not
    even the file's name is left.

    Parameters
    ----------
    folders
        Pairs of a folder and what is written in its stead.
    """

    def __init__(self, folders: Sequence[tuple[Path, str]] = ()) -> None:
        own = [(Path(__file__).resolve().parents[1], "<program>"), (Path(sys.prefix), "<python>"), (Path(os.__file__).parent, "<python>")]
        # The longest first: a project usually lies in the user's folder.
        words = sorted(_spellings([*folders, *own]).items(), key=lambda pair: -len(pair[0]))
        self._known = [(re.compile(rf"{re.escape(text)}(?=[/\\'\"]|$)", re.MULTILINE), word) for text, word in words]
        private = _spellings([(Path.home(), ""), (Path(tempfile.gettempdir()), "")])
        longest_first = sorted(map(re.escape, private), key=len, reverse=True)
        # Blanks in an unquoted path are part of it: what follows on the line goes with it.
        self._private = re.compile(rf"""(?:{"|".join(longest_first)})(?=[/\\])[^'"\n]*""") if private else None
        self._names: re.Pattern[str] | None = None

    def hide(self, names: Iterable[str]) -> None:
        """Names of files and folders to leave out from now on, instead of those that were named before."""
        parts = sorted({re.escape(name) for name in names if len(name) >= _SHORTEST_NAME}, key=len, reverse=True)
        self._names = re.compile(rf"(?<!\w)(?:{'|'.join(parts)})(?!\w)") if parts else None

    def __call__(self, text: str) -> str:
        """`text` with words instead of paths."""
        for pattern, word in self._known:
            text = pattern.sub(word, text)
        text = _QUOTED.sub(lambda found: f"{found['quote']}{UNKNOWN_PATH}{found['quote']}", text)
        if self._private is not None:
            text = self._private.sub(UNKNOWN_PATH, text)
        text = _BARE.sub(UNKNOWN_PATH, text)
        return text if self._names is None else self._names.sub(SOURCE, text)


class MaskedStream(io.TextIOBase):
    """A text stream behind a mask: logging, ``print``, warnings and tracebacks that nobody caught all come through here.

    Lines are masked as a whole, so that no path is missed for having come in two pieces.
    """

    def __init__(self, stream: TextIO, mask: PathMask) -> None:
        self._stream, self._mask = stream, mask
        self._line = ""
        self._lock = threading.RLock()

    @property
    def encoding(self) -> str:  # type: ignore[override]  # typeshed has an attribute
        """Of the stream behind."""
        return self._stream.encoding

    def writable(self) -> bool:
        """Whether it can be written to."""
        return True

    def fileno(self) -> int:
        """Of the stream behind."""
        return self._stream.fileno()

    def isatty(self) -> bool:
        """A log is none."""
        return False

    def write(self, text: str, /) -> int:
        """Pass on what makes whole lines, keep the rest until its end comes."""
        with self._lock:
            *lines, self._line = (self._line + text).split("\n")
            if lines:
                self._stream.write(self._mask("\n".join(lines)) + "\n")
        return len(text)

    def flush(self) -> None:
        """Pass whole lines on; a piece of one waits, for it may end in the middle of a path."""
        with self._lock:
            self._stream.flush()

    def finish(self) -> None:
        """Pass on the last line, which has no end."""
        with self._lock:
            if self._line:
                self._stream.write(self._mask(self._line) + "\n")
                self._line = ""
            self._stream.flush()


def _spellings(folders: Iterable[tuple[Path, str]]) -> dict[str, str]:
    """Each way in which a folder may stand in a text, with its word: as given, with links followed, and as ``repr`` doubles backslashes."""
    found: dict[str, str] = {}
    for path, word in folders:
        for text in (str(path), str(path.resolve()), path.as_posix(), repr(str(path))[1:-1]):
            if len(Path(text).parts) > 1:  # never the root itself
                found.setdefault(text, word)
    return found
