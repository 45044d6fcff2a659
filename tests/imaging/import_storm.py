"""Damaged scans by the thousand: whatever bytes a file holds, it loads or is refused in words, within five seconds and little memory.

Inputs are the files of the hostile sample and of the generated odd cases with bytes flipped, lengths and header values overwritten, pieces
cut out, doubled or spliced in from other files. They are read in a child process, so that a crash, a hang or a memory hog is seen
for what it is; the parent notes the input and goes on behind it. The same seed makes the same inputs.

    python -m tests.imaging.import_storm --count 2000 --seed 1
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
LONGEST_S = 5.0
# Memory that reading may touch above what the process held before: that of a volume a few times over, and a constant.
TIMES_THE_FILE, CONSTANT_BYTES = 16, 256 << 20
LARGEST_SEED_BYTES = 60_000
# Header values that decide how much is read and how: group, element and VR as an explicit file has them.
_TAGS = [
    *(b"\x28\x00" + element + b"US" for element in (b"\x10\0", b"\x11\0", b"\0\x01", b"\1\x01", b"\2\x01", b"\3\x01", b"\2\0")),
    *(b"\x28\x00" + element + b"DS" for element in (b"\x30\0", b"\x52\x10", b"\x53\x10")),
    *(b"\x20\x00\x32\x00DS", b"\x20\x00\x37\x00DS", b"\x28\x00\x08\x00IS", b"\x28\x00\x04\x00CS"),
    *(b"\x02\x00\x10\x00UI", b"\xe0\x7f\x10\x00O", b"\x28\x00\x20\x01"),
]
_STREAM_MARKERS = [
    b"\xfe\xff\x00\xe0",
    b"\xff\x4f\xff\x51",
    b"\xff\xf7",
    b"\xff\xc3",
    b"\xff\xc0",
    b"PK\x01\x02",
    b"PK\x03\x04",
    b"sizes:",
    b"DimSize",
]
_WORDS = [b"\0\0", b"\xff\xff", b"\x00\x80", b"\xff\x7f", b"\x01\0", b"\x10\x27", b"\x20\0", b"\0\x40"]
_TEXTS = [
    b"0",
    b"-1",
    b"1A",
    b"999999999",
    b"NaN",
    b"inf",
    b"1e308",
    b"\\",
    b"",
    b"1.2.840.10008.1.2.4.90",
    b"1.2.840.10008.1.2.1.99",
    b"1.2.840.10008.1.2.5",
]


def overwritten(data: bytearray, rng: random.Random) -> None:
    """A header value, or bytes behind a marker of a stream, replaced by one of those that hurt."""
    marker = rng.choice(_TAGS + _STREAM_MARKERS)
    places = []
    at = data.find(marker)
    while at >= 0 and len(places) < 50:
        places.append(at)
        at = data.find(marker, at + 1)
    if not places:
        data[rng.randrange(len(data))] = rng.randrange(256)
        return
    at = rng.choice(places) + len(marker)
    new = rng.choice(_WORDS if rng.random() < 0.5 else _TEXTS)
    shift = rng.choice([0, 2, 2, 2, 4, 6])
    data[at + shift : at + shift + len(new)] = new


def damaged(whole: bytes, others: list[bytes], rng: random.Random) -> bytes:
    """One to three kinds of damage at once."""
    data = bytearray(whole)
    for _ in range(rng.choice([1, 1, 2, 3])):
        if not data:
            break
        reach = min(len(data), rng.choice([400, 2000, len(data)]))
        start = rng.randrange(reach)
        kind = rng.randrange(8)
        if kind == 0:
            del data[start:]
        elif kind == 1:
            del data[start : start + rng.choice([1, 2, 4, 7, 100, 1000])]
        elif kind == 2:
            data[start:start] = data[start : start + rng.choice([1, 2, 8, 200])]
        elif kind == 3:
            other = rng.choice(others)
            begin = rng.randrange(max(1, len(other)))
            data[start : start + rng.choice([4, 64, 2000])] = other[begin : begin + rng.choice([4, 64, 2000])]
        elif kind == 4:
            data[start : start + 4] = rng.choice([b"\xff\xff\xff\xff", b"\xff\xff\xff\x7f", b"\0\0\0\0", b"\0\0\0\x80"])
        elif kind == 5:
            overwritten(data, rng)
        else:
            for _ in range(rng.choice([1, 3, 12])):
                data[rng.randrange(reach)] = rng.choice([0, 0xFF, 0x7F, 0x80, rng.randrange(256)])
    return bytes(data)


@dataclass(frozen=True)
class Seed:
    """One scan to damage: a folder of its own, and what of it a person would open."""

    folder: Path
    source: Path

    @property
    def files(self) -> list[Path]:
        return sorted(path for path in self.folder.rglob("*") if path.is_file())


def hostile_folder() -> Path | None:
    folder = Path(os.environ.get("SOS_STUDIO_REAL_DATA", ROOT.parent / "shared" / "data"), "hostile")
    return folder if folder.is_dir() else None


def make_seeds(place: Path) -> list[Seed]:
    """All generated odd cases, volume files of every format, and the small files of the hostile sample."""
    from tests.imaging import odd_files, odd_frames, odd_places, odd_values, test_volume_files

    seeds = []
    for case in [*odd_values.CASES, *odd_files.CASES, *odd_places.CASES, *odd_frames.CASES]:
        if case.name in ("thousand_files", "zip_bomb", "deflate_bomb"):
            continue
        folder = place / case.name
        folder.mkdir()
        seeds.append(Seed(folder, case.make(folder)))
    volumes = place / "volumes"
    volumes.mkdir()
    space = ["space: LPS", *test_volume_files.directions(test_volume_files.LPS)]
    for path in (
        test_volume_files.nifti(volumes / "a.nii"),
        test_volume_files.nifti(volumes / "b.nii.gz", version=2),
        test_volume_files.nrrd(volumes / "c.nrrd", *space),
        test_volume_files.meta_image(volumes / "d.mha", "ElementDataFile = LOCAL"),
        test_volume_files.vtk(volumes / "e.vtk", binary=True),
    ):
        alone = place / path.name
        alone.mkdir()
        seeds.append(Seed(alone, path.rename(alone / path.name)))
    hostile = hostile_folder()
    for number, path in enumerate(sorted(p for p in hostile.rglob("*") if p.is_file()) if hostile else []):
        if path.stat().st_size <= LARGEST_SEED_BYTES:
            folder = place / f"hostile{number}"
            folder.mkdir()
            copy = folder / path.name
            shutil.copyfile(path, copy)
            seeds.append(Seed(folder, copy))
    return seeds


def _status(name: str) -> int:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(name):
            return int(line.split()[1]) * 1024
    return 0


def _told(source: Path) -> str:
    """What loading ends in: ``loaded`` or the refusal's code; anything else is raised."""
    import numpy as np

    from sos_studio.core.errors import SosError
    from sos_studio.imaging import sources
    from sos_studio.messages import catalogue, message

    refused = None
    try:
        try:
            volume = sources.load_series(source).volume
        except SosError as several:
            if several.code != "scan.several_series":
                raise
            volume = sources.load_volume(source, several.values["series"][0].uid)
    except SosError as error:
        refused = error
    if refused is not None:
        assert refused.code in catalogue(), refused.code
        assert "{" not in str(message(refused.code, refused.values))
        return refused.code
    assert np.isfinite(volume.lps_from_ijk).all()
    return "loaded"


def _inputs(seeds: list[Seed], seed: int, start: int) -> Iterator[tuple[int, Seed, Path, bytes, bool]]:
    """Number, scan, file to damage, its bytes, and whether it is opened alone; each depends on its own number only."""
    others = [path.read_bytes() for one in seeds for path in one.files[:1]]
    number = start
    while True:
        rng = random.Random(f"{seed} {number}")
        chosen = rng.choice(seeds)
        path = rng.choice(chosen.files)
        alone = chosen.source.is_dir() and rng.random() < 0.6
        yield number, chosen, path, damaged(path.read_bytes(), others, rng), alone
        number += 1


def work(place: Path, seed: int, start: int, count: int, prelude: str) -> None:
    """The child: reads one damaged input after the other and prints a line for each, before and behind."""
    import resource

    exec(prelude, {})

    seeds = [Seed(Path(one["folder"]), Path(one["source"])) for one in json.loads((place / "seeds.json").read_text())]
    # What is imported lazily is not the first input's fault.
    for one in seeds[:3] + [s for s in seeds if s.source.suffix in (".nrrd", ".mha")]:
        _told(one.source)
    resource.setrlimit(resource.RLIMIT_AS, (_status("VmSize") + (4 << 30), resource.RLIM_INFINITY))
    for number, chosen, path, data, alone in _inputs(seeds, seed, start):
        if number >= start + count:
            break
        whole = path.read_bytes()
        path.write_bytes(data)
        source = path if alone else chosen.source
        size = len(data) if alone or source.is_file() else sum(p.stat().st_size for p in chosen.files)
        sys.stdout.write(json.dumps({"begin": number, "file": str(path.relative_to(place))}) + "\n")
        sys.stdout.flush()
        Path("/proc/self/clear_refs").write_text("5")
        before, began = _status("VmRSS"), time.perf_counter()
        signal.alarm(int(3 * LONGEST_S))
        try:
            told, fault = _told(source), ""
        except Exception as error:
            told, fault = "", f"{type(error).__name__}: {error}"[:300]
        signal.alarm(0)
        took, grown = time.perf_counter() - began, _status("VmHWM") - before
        if took > LONGEST_S:
            fault = f"took {took:.1f} s"
        if grown > TIMES_THE_FILE * size + CONSTANT_BYTES:
            fault = f"touched {grown >> 20} MB for {size} bytes"
        path.write_bytes(whole)
        sys.stdout.write(json.dumps({"end": number, "told": told, "fault": fault, "s": round(took, 3), "mb": grown >> 20}) + "\n")
        sys.stdout.flush()


@dataclass
class Outcome:
    """What became of all inputs."""

    inputs: int = 0
    ends: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)
    longest_s: float = 0.0
    most_mb: int = 0


def storm(count: int, seed: int, place: Path, prelude: str = "") -> Outcome:
    """Try `count` inputs in child processes; a child that dies is an input's fault, and another one goes on behind it.

    Parameters
    ----------
    place
        An empty folder for the scans that are damaged.
    prelude
        Python that each child runs first, to see that this storm would notice a reader's faults.
    """
    seeds = make_seeds(place)
    (place / "seeds.json").write_text(json.dumps([{"folder": str(s.folder), "source": str(s.source)} for s in seeds]))
    pristine = place.parent / f"{place.name}-pristine"
    shutil.copytree(place, pristine, symlinks=True)
    outcome, number = Outcome(), 0
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)}
    while number < count:
        command = [sys.executable, "-m", "tests.imaging.import_storm", "--work", str(place), "--seed", str(seed)]
        command += ["--start", str(number), "--count", str(count - number), "--prelude", prelude]
        child = subprocess.run(
            command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=False
        )
        begun: dict[str, Any] | None = None
        for line in child.stdout.splitlines():
            event = json.loads(line)
            if "begin" in event:
                begun = event
                continue
            begun = None
            number = event["end"] + 1
            outcome.inputs += 1
            outcome.ends[event["told"] or "fault"] += 1
            outcome.longest_s, outcome.most_mb = max(outcome.longest_s, event["s"]), max(outcome.most_mb, event["mb"])
            if event["fault"]:
                outcome.faults.append(f"input {event['end']} of seed {seed}: {event['fault']}")
        if begun is not None:
            outcome.inputs += 1
            outcome.faults.append(f"input {begun['begin']} of seed {seed} ({begun['file']}): the process died with {child.returncode}")
            number = begun["begin"] + 1
            shutil.rmtree(place)
            shutil.copytree(pristine, place, symlinks=True)
        elif child.returncode != 0 and number < count:
            raise RuntimeError(f"the reading process failed to start ({child.returncode})")
    return outcome


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--start", type=int, default=0)
    parser.add_argument("--work", type=Path)
    parser.add_argument("--prelude", default="")
    arguments = parser.parse_args()
    if arguments.work is not None:
        work(arguments.work, arguments.seed, arguments.start, arguments.count, arguments.prelude)
        return
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "seeds").mkdir()
        outcome = storm(arguments.count, arguments.seed, Path(folder) / "seeds")
    sys.stdout.write(f"{outcome.inputs} inputs, longest {outcome.longest_s:.2f} s, most {outcome.most_mb} MB\n")
    for end, times in outcome.ends.most_common():
        sys.stdout.write(f"  {end}: {times}\n")
    for fault in outcome.faults:
        sys.stdout.write(f"FAULT {fault}\n")


if __name__ == "__main__":
    main()
