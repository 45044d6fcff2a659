"""Opening a scan: ours against SimpleITK, ITK, pydicom, dcm2niix and VTK in one run, interleaved.

Run from the project's root with the extra `bench` installed: ``python -m tests.benchmarks.bench_open [SECTION …] [--rounds N] [--write]``.
Sections: ``warm512 warm768 cold512 cold768 rle jpegls j2k memory512 memory768`` (default: all). ``--write`` puts each table into
`resources/docs/results/performance.md`. Not collected as a test: what a busy machine measures proves nothing.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import re
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

from sos_studio.core.volume import Volume
from sos_studio.imaging.dicom_write import Syntax, write_series
from tests.benchmarks import peers_open

ROOT = Path(__file__).resolve().parents[2]
REPORT = ROOT / "resources" / "docs" / "results" / "performance.md"
SHAPES = {"512": (512, 512, 512), "768": (600, 768, 768), "few": (48, 512, 512)}
COMPRESSED: dict[str, Syntax] = {"rle": "rle", "jpegls": "jpegls", "j2k": "j2k"}
SECTIONS = ("warm512", "warm768", "cold512", "cold768", *COMPRESSED, "memory512", "memory768")
BASE = "SimpleITK, default"
FIRST_PICTURE = "SOS Studio, first picture"
NOT_COMPRESSED = {"VTK", "dcm2niix", peers_open.BYTES_ALONE}


def phantom(shape_kji: tuple[int, int, int]) -> Volume:
    """A head of sorts with a scanner's noise, which is what decides how well it compresses."""
    slices, rows, columns = shape_kji
    rng = np.random.default_rng(1)
    noise = rng.standard_normal((rows, columns)) * 30
    j, i = np.mgrid[0:rows, 0:columns]
    radius = np.hypot((j - rows / 2) / rows, (i - columns / 2) / columns)
    tissue = np.select([radius < 0.33, radius < 0.37, radius < 0.4], [40, 900, 60], -1000)
    array_kji = np.empty(shape_kji, np.int16)
    for k in range(slices):
        array_kji[k] = tissue + np.roll(noise, (37 * k, 11 * k), (0, 1))
    return Volume(array_kji, np.diag([0.3, 0.3, 0.3, 1.0]))


def series(scratch: Path, size: str, syntax: Syntax) -> Path:
    """The folder of that series, written once."""
    folder = scratch / f"{size}-{syntax}"
    if not (folder / "done").is_file():
        write_series(phantom(SHAPES[size]), folder / "series", transfer_syntax=syntax, seed=3)
        (folder / "done").touch()
        os.sync()
    return folder / "series"


def forget(folder: Path) -> None:
    """Take a folder's files out of the system's cache."""
    for path in folder.iterdir():
        descriptor = os.open(path, os.O_RDONLY)
        os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
        os.close(descriptor)


def touch_memory(size: int) -> None:
    """Use and free as much memory as any peer will want: in a virtual machine the first touch of a page may cost more than reading it."""
    np.empty(size, np.uint8).fill(1)


def first_picture(folder: Path) -> float:
    """Seconds until the coarse volume is there."""
    from sos_studio.imaging.sources import ScanSource

    begin = time.perf_counter()
    seen: list[float] = []
    with ScanSource(folder) as source:
        source.load(preview=lambda _: seen.append(time.perf_counter() - begin))
    return seen[0]


def timed(folder: Path, rounds: int, *, cold: bool, without: set[str]) -> dict[str, list[float]]:
    """Milliseconds of each peer and round; one round more is run first and not counted."""
    peers, _ = peers_open.present()
    peers[peers_open.BYTES_ALONE] = peers_open.bytes_alone
    peers = {name: run for name, run in peers.items() if name not in without}
    times: dict[str, list[float]] = {name: [] for name in (*peers, FIRST_PICTURE)}
    for number in range(rounds + 1):
        for name, measured in times.items():
            if cold:
                forget(folder)
            touch_memory(3 * sum(path.stat().st_size for path in folder.iterdir()))
            begin = time.perf_counter()
            if name == FIRST_PICTURE:
                elapsed = first_picture(folder)
            else:
                peers[name](folder)
                elapsed = time.perf_counter() - begin
            if number:
                measured.append(elapsed * 1e3)
    return times


def time_table(times: dict[str, list[float]], slices: int | None) -> list[str]:
    """Rows of the report; per slice if their number is given."""
    share = 1 if slices is None else slices
    base = float(np.median(times[BASE]))
    unit = "ms" if slices is None else "ms per slice"
    lines = [f"| | median {unit} | p95 | × {BASE} |", "|---|---|---|---|"]
    for name, measured in times.items():
        median, p95 = np.percentile(measured, [50, 95])
        lines.append(f"| {name} | {median / share:.2f} | {p95 / share:.2f} | {base / median:.1f} |")
    return lines


# Opens a folder in a fresh process and tells by how much its memory grew at most.
_GROWTH = """
import re, sys
from pathlib import Path
from tests.benchmarks import peers_open
import numpy, pydicom, SimpleITK, sos_studio.imaging.sources, sos_studio.imaging.dicom_read, imagecodecs
def peak_kb():  # not ru_maxrss: that begins with what the parent had
    return int(re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1])

runs = {peers_open.WITH_FIRST_PICTURE: peers_open.sos_studio_with_first_picture, **peers_open.PEERS}
run, folder, small = runs[sys.argv[1]], Path(sys.argv[2]), Path(sys.argv[3])
kept = run(small)
before = peak_kb()
kept = run(folder)
print(peak_kb() - before)
"""


def memory_table(scratch: Path, size: str) -> list[str]:
    """Rows of the report: peak memory of opening, above a process that has opened a small scan already."""
    peers, _ = peers_open.present()
    folder, small = series(scratch, size, "explicit"), series(scratch, "few", "explicit")
    copy_mb = int(np.prod(SHAPES[size])) * 2 / 1e6
    lines = [f"| one copy: {copy_mb:.0f} MB | peak MB | copies |", "|---|---|---|"]
    for name in (peers_open.WITH_FIRST_PICTURE, *peers):
        if name == "dcm2niix":  # a process of its own
            continue
        command = [sys.executable, "-c", _GROWTH, name, str(folder), str(small)]
        done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=True, timeout=300)
        grown_mb = int(done.stdout.split()[-1]) * 1024 / 1e6
        lines.append(f"| {name} | {grown_mb:.0f} | {grown_mb / copy_mb:.2f} |")
    return lines


def section(name: str, scratch: Path, rounds: int) -> list[str]:
    if name.startswith("memory"):
        return memory_table(scratch, name.removeprefix("memory"))
    if name in COMPRESSED:
        folder = series(scratch, "few", COMPRESSED[name])
        return time_table(timed(folder, rounds, cold=False, without=NOT_COMPRESSED), SHAPES["few"][0])
    size, cold = name[4:], name.startswith("cold")
    return time_table(timed(series(scratch, size, "explicit"), rounds, cold=cold, without=set()), None)


def write(name: str, lines: list[str], rounds: int) -> None:
    """Replace a section's table in the report."""
    _, absent = peers_open.present()
    cores, load = os.cpu_count(), os.getloadavg()[0]
    measured = f"{time.strftime('%Y-%m-%d')}, {rounds} rounds, {cores} cores, load {load:.1f}, {platform.system()}, {peers_open.versions()}"
    note = f"{measured}{'; absent: ' + ', '.join(absent) if absent else ''}"
    text = REPORT.read_text(encoding="utf-8")
    table = "\n".join((f"<!-- {name} -->", *lines, "", f"*{note}*", f"<!-- /{name} -->"))
    pattern = re.compile(rf"<!-- {name} -->.*?<!-- /{name} -->", re.DOTALL)
    if pattern.search(text) is None:
        raise SystemExit(f"no place for {name} in {REPORT}")
    REPORT.write_text(pattern.sub(lambda _: table, text), encoding="utf-8")


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("sections", nargs="*", metavar="SECTION", help=" ".join(SECTIONS))
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--scratch", type=Path, default=Path("/tmp/sos-studio-bench"), help="where the series are kept")
    parser.add_argument("--write", action="store_true", help="put the tables into the report")
    parser.add_argument("--json", type=Path, help="also write the tables there")
    chosen = parser.parse_args(arguments)
    told: dict[str, list[str]] = {}
    _, absent = peers_open.present()
    sys.stdout.write(f"{peers_open.versions()}; absent: {', '.join(absent) or 'none'}\n")
    for name in chosen.sections or SECTIONS:
        told[name] = section(name, chosen.scratch, chosen.rounds)
        sys.stdout.write(f"\n{name}\n" + "\n".join(told[name]) + "\n")
        sys.stdout.flush()
        if chosen.write:
            write(name, told[name], chosen.rounds)
    if chosen.json is not None:
        chosen.json.write_text(json.dumps(told, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
