"""Puts the tables of benchmarks into `resources/docs/results`, each between its own two marks."""

from __future__ import annotations

import os
import platform
import re
import subprocess
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
REPORT = ROOT / "resources" / "docs" / "results" / "performance.md"


def circumstances(rounds: int, versions: str = "") -> str:
    """When, how often and on what a table was measured."""
    load = f"load {os.getloadavg()[0]:.1f}"
    parts = [time.strftime("%Y-%m-%d"), f"{rounds} round{'s' * (rounds != 1)}", f"{os.cpu_count()} cores", load, platform.system()]
    return ", ".join([*parts, versions] if versions else parts)


def commit() -> str:
    """What was measured, short; with a plus if files were changed since."""
    said = subprocess.run(["git", "describe", "--always", "--dirty=+"], cwd=ROOT, capture_output=True, text=True, check=False)
    return said.stdout.strip() or "unknown"


def write(name: str, lines: list[str], note: str, into: Path = REPORT) -> None:
    """Replace a table and the line of its circumstances."""
    text = into.read_text(encoding="utf-8")
    table = "\n".join((f"<!-- {name} -->", *lines, "", f"*{note}*", f"<!-- /{name} -->"))
    pattern = re.compile(rf"<!-- {name} -->.*?<!-- /{name} -->", re.DOTALL)
    if pattern.search(text) is None:
        raise SystemExit(f"no place for {name} in {into}")
    into.write_text(pattern.sub(lambda _: table, text), encoding="utf-8")
