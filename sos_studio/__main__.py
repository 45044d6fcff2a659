"""``python -m sos_studio``: the same as the command ``sos-studio``."""

from __future__ import annotations

import sys


def main() -> int:
    """Entry point of the installed command."""
    from sos_studio.cli.main import main as run

    return run()


if __name__ == "__main__":
    sys.exit(main())
