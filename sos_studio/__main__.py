"""Composition root: ``python -m sos_studio`` and the command ``sos-studio`` bring command line and window together."""

from __future__ import annotations

import sys
from pathlib import Path


def main() -> int:
    """Entry point of the installed command."""
    from sos_studio.cli.main import main as run

    return run(open_window=open_window)


def open_window(paths: list[Path]) -> int:
    """Show the window on a project or a scan and return when it is closed; Qt is imported only now."""
    try:
        from sos_studio.ui import app
    except ImportError as error:
        # Qt's libraries lack something of the system's; the loader's own words name it.
        from sos_studio.core.errors import BadInputError

        raise BadInputError("cli.no_qt", reason=str(error)) from error
    return app.run(paths)


if __name__ == "__main__":
    sys.exit(main())
