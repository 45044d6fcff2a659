"""Make `resources/docs/results/import.md`: every odd scan that the reader is held to, and what it says of it.

    python resources/docs/make_import_table.py [--fuzz N]

The generated cases are written into a temporary folder; the real ones are read from the folder that SOS_STUDIO_REAL_DATA names, and left
out where it is absent. `--fuzz` tries so many damaged files as well (30,000 unless said; about five minutes on two busy cores).
"""

from __future__ import annotations

import argparse
import re
import sys
import tempfile
import warnings
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from sos_studio.core.errors import SosError  # noqa: E402
from sos_studio.core.scans import SeriesInfo  # noqa: E402
from sos_studio.imaging import sources  # noqa: E402
from sos_studio.messages import message  # noqa: E402
from tests.imaging import odd_files, odd_frames, odd_places, odd_values  # noqa: E402
from tests.imaging import test_volume_files as volume_files  # noqa: E402
from tests.imaging.hostile_cases import FOLDER_WHAT  # noqa: E402
from tests.imaging.import_storm import CONSTANT_BYTES, LONGEST_S, TIMES_THE_FILE, Outcome, hostile_folder, storm  # noqa: E402

TARGET = ROOT / "resources" / "docs" / "results" / "import.md"
PARTS = (
    ("Pixels that mean something else than they seem to", odd_values.CASES),
    ("Files packed otherwise than usual, or otherwise than they say", odd_files.CASES),
    ("Slices that lie otherwise, series that hold more", odd_places.CASES),
    ("One file of many frames", odd_frames.CASES),
)
LEANING, MOVED = volume_files.LPS.copy(), volume_files.LPS.copy()
LEANING[:3, 2] += 0.5 * LEANING[:3, 1]
MOVED[:3, 3] += 25.0
SPACE = ("space: LPS", *volume_files.directions(volume_files.LPS))
LOCAL = "ElementDataFile = LOCAL"
# What the tests of volume files hold the reader to: name of the file, what is in it, and what writes it.
VOLUMES: tuple[tuple[str, str, Callable[[Path], Path]], ...] = (
    ("nifti.nii.gz", "NIfTI, both transforms agree", volume_files.nifti),
    ("qform.nii", "NIfTI with a quaternion only", lambda path: volume_files.nifti(path, sform=None)),
    ("metres.nii", "NIfTI in metres", lambda path: volume_files.nifti(path, units=1)),
    ("no_unit.nii", "NIfTI without a unit", lambda path: volume_files.nifti(path, units=0)),
    ("registered.nii", "NIfTI, a scanner's and another transform differ", lambda path: volume_files.nifti(path, sform=MOVED, codes=(1, 2))),
    ("conflict.nii", "NIfTI, two scanner's transforms differ", lambda path: volume_files.nifti(path, sform=MOVED)),
    ("nowhere.nii", "NIfTI without transforms", lambda path: volume_files.nifti(path, sform=None, qform=None)),
    ("leaning.nii", "NIfTI of a tilted gantry", lambda path: volume_files.nifti(path, sform=LEANING, qform=None)),
    ("series.nii", "NIfTI of three volumes", lambda path: volume_files.nifti(path, shape=(11, 10, 3, 3))),
    ("lps.nrrd", "NRRD in LPS", lambda path: volume_files.nrrd(path, *SPACE)),
    ("spacings.nrrd", "NRRD with spacings, without directions", lambda path: volume_files.nrrd(path, "spacings: 0.4 0.5 0.7")),
    ("bare.nrrd", "NRRD without either", volume_files.nrrd),
    ("left.nrrd", "NRRD in a space that is no patient's", lambda path: volume_files.nrrd(path, "space: 3D-left-handed", *SPACE[1:])),
    ("away.nhdr", "NRRD whose data lie elsewhere", lambda path: volume_files.nrrd(path, *SPACE, "data file: ../x.raw", data=None)),
    (
        "directed.mha",
        "MetaImage with directions",
        lambda path: volume_files.meta_image(path, "TransformMatrix = 0 1 0 -1 0 0 0 0 1", LOCAL),
    ),
    ("undirected.mha", "MetaImage without directions", lambda path: volume_files.meta_image(path, LOCAL)),
    ("micro.mha", "MetaImage in micrometres", lambda path: volume_files.meta_image(path, "DistanceUnits = um", LOCAL)),
    ("points.vtk", "legacy VTK structured points", lambda path: volume_files.vtk(path, binary=True)),
)
# The generated scans are tiny.
OF_ALL_GENERATED = frozenset({"scan.small_field"})
HEAD = """# Opening odd scans

Made by `resources/docs/make_import_table.py`; `tests/imaging` holds the reader to every line. A scan loads with the right voxels at the
right place, or it is refused in the words below. What is said beside a scan that loads stays visible while it is open.
"""


def described(info: SeriesInfo, unsaid: frozenset[str]) -> str:
    """Size, voxels and reservations of a series that loads, but for those that all of a table's cases share."""
    size = " x ".join(str(n) for n in reversed(info.shape_kji or ()))
    spacing = " x ".join(f"{mm:.3g}" for mm in reversed(info.spacing_mm_kji or ()))
    told = [message(problem.code, problem.values).text for problem in info.problems if problem.code not in unsaid]
    return f"{size} voxels of {spacing} mm" + (f". *{' '.join(told)}*" if told else "")


def outcome(source: Path, unsaid: frozenset[str] = frozenset()) -> str:
    """What a person would see who opens this."""
    try:
        infos = [info for info in sources.list_series(source) if info.loadable]
        if infos:
            for info in infos:
                sources.load_volume(source, info.uid)
            first = described(infos[0], unsaid)
            return f"**{len(infos)} volumes**, the first {first}" if len(infos) > 1 else f"**loads**: {first}"
        sources.load_volume(source)
    except SosError as error:
        return f"refused: {message(error.code, error.values)}"
    return "**loads**"


def row(name: str, what: str, told: str) -> str:
    """One line of a table."""
    told = re.sub(r"\s+", " ", told).replace("|", "\\|")
    return f"| `{name}` | {what} | {told} |"


def table(rows: list[str]) -> str:
    """Rows under their heads."""
    return "\n".join(["| case | what is in it | what becomes of it |", "|---|---|---|", *rows]) + "\n"


def fuzz_words(found: Outcome) -> str:
    """The count, and what it stands for."""
    loaded, refused = found.ends["loaded"], found.inputs - found.ends["loaded"] - len(found.faults)
    memory = f"{TIMES_THE_FILE} times the input's size and {CONSTANT_BYTES >> 20} MB"
    lines = (
        "The generated and the small real files with bytes flipped, values and lengths overwritten, pieces cut out, doubled and spliced.",
        f"Each is read in a child process and may take {LONGEST_S:.0f} s and touch {memory} of memory (`tests/imaging/import_storm.py`;",
        "`.ci/nightly` tries 30,000).",
        "",
        f"**{found.inputs:,} inputs: {loaded:,} loaded, {refused:,} refused in words, {len(found.faults)} faults** (crash, hang, memory,",
        f"an error without words). The longest took {found.longest_s:.2f} s, the most memory touched was {found.most_mb} MB; the refusals",
        f"are of {len(found.ends) - 1} kinds.",
    )
    return "## Damaged files\n\n" + "\n".join(lines) + "\n"


def main() -> None:
    """Write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--fuzz", type=int, default=30_000)
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    pages = [HEAD]
    hostile = hostile_folder()
    if hostile is not None:
        rows = [row(name, what, outcome(hostile / name)) for name, what in sorted(FOLDER_WHAT.items())]
        pages.append(f"## {len(rows)} real cases\n\nFrom public test collections; each folder is opened as a whole.\n\n{table(rows)}")
    count = sum(len(cases) for _, cases in PARTS)
    loads = sum(case.code is None for _, cases in PARTS for case in cases)
    counted = f"{loads} of them load, {count - loads} are refused; the scan has 18 x 22 x 12 voxels."
    counted += " That no skull base fits into so few is\nremarked on each and left out below."
    pages.append(f"## {count} generated cases and {len(VOLUMES)} volume files\n\nOf the DICOM cases {counted}\n")
    for title, cases in PARTS:
        rows = []
        for case in cases:
            with tempfile.TemporaryDirectory() as folder:
                rows.append(row(case.name, case.what, outcome(case.make(Path(folder)), OF_ALL_GENERATED)))
        pages.append(f"### {title}\n\n{table(rows)}")
    with tempfile.TemporaryDirectory() as folder:
        rows = [row(name, what, outcome(make(Path(folder) / name), OF_ALL_GENERATED)) for name, what, make in VOLUMES]
    pages.append(f"### Volume files\n\n{table(rows)}")
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "seeds").mkdir()
        found = storm(arguments.fuzz, 11, Path(folder) / "seeds")
    pages.append(fuzz_words(found))
    TARGET.write_text("\n".join(pages), encoding="utf-8")
    if found.faults:
        sys.exit("\n".join(found.faults))


if __name__ == "__main__":
    main()
