"""How long a thousand captures take to come in, with a table, and how long the search for nearly alike pictures takes.

Run ``python -m tests.benchmarks.bench_import [--write]``.
"""

from __future__ import annotations

import argparse
import csv
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from PIL import Image

from sos_studio.dataset.near_duplicates import Look, pairs_among
from sos_studio.dataset.project import Project
from sos_studio.services import projects
from sos_studio.services.import_pictures import ImportOptions, PictureOptions
from tests.benchmarks import report
from tests.imaging import screenshots

SHAPE_VU = (653, 868)
GOAL_S = 120.0


def captures(folder: Path, count: int, drawn: bool) -> Path:
    """JPEG files of invented heads, as screenshots with border, letters and ruler or without; returns their table."""
    table = folder / "stages.csv"
    with table.open("w", newline="") as stream:
        rows = csv.writer(stream, delimiter=";")
        rows.writerow(["Datei", "Stadium", "Patient", "Alter", "Geschlecht"])
        for n in range(count):
            head = screenshots.head(n, SHAPE_VU)
            rgb = np.repeat(head[..., None], 3, axis=2)
            if drawn:
                rgb = screenshots.screenshot(head, border=(24, 30, 12, 40), letters="APSI", tick_px=16.0, longer_every=5).rgb
            Image.fromarray(rgb).save(folder / f"{n:04d}.jpg", quality=90)
            rows.writerow([f"{n:04d}.jpg", n % 5 + 1, f"patient {n}", f"{8 + n % 20},5", "w" if n % 2 else "m"])
    return table


def measure(count: int, drawn: bool) -> tuple[float, float, float, int]:
    """Seconds of the import, of the processor for it, of the same import once more, and how many cases there are."""
    with tempfile.TemporaryDirectory() as scratch:
        pictures = Path(scratch) / "pictures"
        pictures.mkdir()
        table = captures(pictures, count, drawn)
        options = ImportOptions(PictureOptions(ruler_tick_mm=2.0 if drawn else None))
        with Project.create(Path(scratch) / "project") as project:
            began, computed = time.perf_counter(), time.process_time()
            first = projects.import_images(project, [pictures], table, options)
            between, computed = time.perf_counter(), time.process_time() - computed
            projects.import_images(project, [pictures], table, options)
            ended = time.perf_counter()
            assert first.complete, first.faults[:3]
        return between - began, computed, ended - between, len(first.imported)


def search(count: int) -> float:
    """Seconds in which all pairs of so many pictures are compared, their hashes known."""
    rng = np.random.default_rng(0)
    looks = {f"case-{n:05d}": Look(rng.bytes(64).hex(), rng.bytes(64).hex()) for n in range(count)}
    began = time.perf_counter()
    pairs_among(looks)
    return time.perf_counter() - began


def main(arguments: list[str]) -> int:
    """Measure, print, and on request write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--count", type=int, default=1000)
    chosen = parser.parse_args(arguments)
    lines = ["| | seconds | ms a picture | of it the processor |", "|---|---|---|---|"]
    worst = 0.0
    for name, drawn in (("captures without anything drawn", False), ("screenshots with border, letters and ruler", True)):
        first, computed, again, taken = measure(chosen.count, drawn)
        worst = max(worst, first)
        lines.append(f"| {taken} {name} | {first:.1f} | {first / taken * 1e3:.0f} | {computed / taken * 1e3:.0f} |")
        lines.append(f"| the same again: all known | {again:.1f} | {again / taken * 1e3:.0f} | |")
    lines.append(f"| nearly alike pairs among 10,000 pictures, hashes known | {search(10_000):.1f} | | |")
    sys.stdout.write("\n".join(lines) + "\n")
    if chosen.write:
        report.write("import1000", lines, report.circumstances(1))
    return 0 if worst * 1000 / chosen.count <= GOAL_S else 1


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
