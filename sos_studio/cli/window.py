"""Open the window; Qt is imported only now."""

from __future__ import annotations

from pathlib import Path

from sos_studio.cli import faults
from sos_studio.cli.output import say
from sos_studio.messages import message


def open_window(paths: list[Path]) -> int:
    """Show the window and return when it is closed."""
    try:
        from sos_studio.ui import app
    except ImportError as error:
        # Qt's libraries lack something of the system's; the loader's own words name it.
        say(str(message("cli.no_qt", {"reason": str(error)})))
        return faults.FAULT
    return app.run(paths)
