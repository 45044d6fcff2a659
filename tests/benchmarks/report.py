"""Puts the tables of benchmarks into `resources/docs/results/performance.md`, each between its own two marks."""

from __future__ import annotations

import os
import platform
import re
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
REPORT = ROOT / "resources" / "docs" / "results" / "performance.md"


def circumstances(rounds: int, versions: str = "") -> str:
    """When, how often and on what a table was measured."""
    load = f"load {os.getloadavg()[0]:.1f}"
    parts = [time.strftime("%Y-%m-%d"), f"{rounds} round{'s' * (rounds != 1)}", f"{os.cpu_count()} cores", load, platform.system()]
    return ", ".join([*parts, versions] if versions else parts)


def write(name: str, lines: list[str], note: str) -> None:
    """Replace a table and the line of its circumstances."""
    text = REPORT.read_text(encoding="utf-8")
    table = "\n".join((f"<!-- {name} -->", *lines, "", f"*{note}*", f"<!-- /{name} -->"))
    pattern = re.compile(rf"<!-- {name} -->.*?<!-- /{name} -->", re.DOTALL)
    if pattern.search(text) is None:
        raise SystemExit(f"no place for {name} in {REPORT}")
    REPORT.write_text(pattern.sub(lambda _: table, text), encoding="utf-8")
