"""Composition root: ``python -m sos_studio`` and the command ``sos-studio`` bring command line and window together."""

from __future__ import annotations

import gc
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from sos_studio.core.calm import keep_cores_free

if TYPE_CHECKING:
    from types import ModuleType


def main() -> int:
    """Entry point of the installed command."""
    keep_cores_free()
    from sos_studio.cli.main import main as run

    return run(open_window=open_window)


def open_window(paths: list[Path]) -> int:
    """Show the window on a project or a scan and return when it is closed; Qt is imported only now."""
    window = window_module()
    exit_code: int = window.run(paths)
    return exit_code


def window_module() -> ModuleType:
    """`sos_studio.ui.app`, imported without looking for garbage meanwhile.

    Modules are made to stay. Looking through them again and again takes a tenth of the start-up time, and later makes dragging stutter.

    Raises
    ------
    BadInputError
        ``cli.no_qt`` if Qt's libraries lack something of the system's; the loader's own words name it.
    """
    gc.disable()
    try:
        from sos_studio.ui import app
    except ImportError as error:
        from sos_studio.core.errors import BadInputError

        raise BadInputError("cli.no_qt", reason=str(error)) from error
    finally:
        gc.freeze()
        gc.enable()
    return app


if __name__ == "__main__":
    sys.exit(main())
