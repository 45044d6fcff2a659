"""Nothing of a patient reaches a file: marks are planted everywhere in the input, and every byte that was written is searched."""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import logging
import shutil
import subprocess
import sys
import unicodedata
import urllib.parse
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pydicom
import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo
from safetensors.numpy import save_file

from sos_studio.core.roi import Roi
from sos_studio.core.settings import Settings
from sos_studio.dataset import captures, cases, exports, locations, readings
from sos_studio.imaging.identity import read_identity
from sos_studio.presenters.case_files import capture_into, scan_of_case
from sos_studio.presenters.opening import Opener
from sos_studio.presenters.ports import ImmediateBackground
from sos_studio.presenters.session import Session
from sos_studio.services import patients, staging
from tests.e2e import planted
from tests.e2e.conftest import ROOT, SMALLEST, journey_environment
from tests.e2e.planted import CODE, DATE, FOLDER, PATIENT, PICTURE, PLACES, PROJECTS, SECRETS, TABLE, TEXT, UID_ROOT, WEIGHTS

PICTURES = 9


class Journey:
    """The folders of one journey, and its command line."""

    def __init__(self, root: Path) -> None:
        self.scan = root / "in" / f"{FOLDER} DOB 1.1." / "series"
        self.repeat = root / "in" / f"{FOLDER} DOB 1.1." / "again"
        self.pictures = root / "in" / FOLDER
        self.weights = root / "in" / WEIGHTS / "start.safetensors"
        self.project = root / PROJECTS / "study"
        self.out, self.user, self.home, self.temporary = root / "out", root / "user", root / "home", root / "tmp"
        for folder in (
            self.scan,
            self.repeat,
            self.pictures,
            self.weights.parent,
            self.project.parent,
            self.out,
            self.home,
            self.temporary,
        ):
            folder.mkdir(parents=True)
        self.said = self.answered = ""

    def run(self, *arguments: str | Path, code: int = 0) -> str:
        """Type one command; what it says and answers is kept, its result on stdout is returned."""
        environment = {**journey_environment(self.user), "HOME": str(self.home), "TMPDIR": str(self.temporary)}
        environment.pop("XDG_CACHE_HOME", None)
        command = [sys.executable, "-m", "sos_studio", *map(str, arguments)]
        done = subprocess.run(
            command, capture_output=True, text=True, encoding="utf-8", timeout=280, check=False, env=environment, cwd=ROOT
        )
        assert done.returncode == code, done.stderr
        self.said += done.stderr
        if arguments[0] != "inspect":
            self.answered += done.stdout
        return done.stdout

    @property
    def cli_files(self) -> tuple[Path, ...]:
        """All folders that were written to, but for the user's own data."""
        return self.project, self.out, self.temporary, self.home


def _plant(journey: Journey) -> None:
    assert planted.write_planted_series(journey.scan) > 600
    planted.write_planted_series(journey.repeat, scan=1)
    rng = np.random.default_rng(7)
    rows = ["image;stage;patient;operator"]
    for n in range(PICTURES):
        words = PngInfo()
        words.add_text("Author", TEXT)
        words.add_itxt("Title", TEXT, zip=True)
        picture = Image.fromarray(rng.integers(0, 255, (96, 128), dtype=np.uint8))
        name = f"{PICTURE} {n}.{'png' if n % 2 else 'jpg'}"
        picture.save(journey.pictures / name, **({"pnginfo": words} if n % 2 else {"comment": TEXT.encode()}))
        rows.append(f"{name};{1 + n % 5};{PATIENT} {n};{TEXT}")
    (journey.pictures / f"{TABLE}.csv").write_text("\n".join(rows), encoding="utf-8")
    save_file({"not.this.network": np.zeros(3, np.float32)}, journey.weights)


def _without_a_window(journey: Journey) -> None:
    """What a person without a project does, and the import of pictures."""
    inspected = journey.run("inspect", journey.scan, "--json")
    assert UID_ROOT in inspected  # the one place where it may be told
    assert not planted.found_in(inspected.replace(UID_ROOT, "").encode())
    journey.run("inspect", Path(shutil.make_archive(str(journey.scan.parent / FOLDER), "zip", journey.scan)))
    journey.run("capture", journey.scan, "--out", journey.out / "capture", "--center", "30,32,24")
    journey.run("project", "new", journey.project)
    journey.run("project", "import", journey.project, journey.pictures, "--labels", journey.pictures / f"{TABLE}.csv")
    journey.run("project", "import", journey.project, journey.out / "capture")
    journey.run("deidentify", journey.scan, "--out", journey.out / "copy", "--json")
    journey.run("deidentify", journey.repeat, "--out", journey.out / "copy of the project", "--project", journey.project, "--keep-sex")
    journey.run("project", "patients", journey.project, "--json")
    journey.run("project", "secret", "export", journey.project, journey.out / "secret")


def _in_the_window(journey: Journey, monkeypatch: pytest.MonkeyPatch) -> None:
    """Open project and scan as the window does, capture, draw frames, stage."""
    monkeypatch.setenv("SOS_STUDIO_DATA_DIR", str(journey.user))
    session = Session(ImmediateBackground(), Settings(evaluator="Dr Test"))
    opener = Opener(session)
    opener.open_path(journey.project)
    opener.open_path(journey.scan)
    project, scan = session.project, session.scan
    assert project is not None
    assert scan is not None
    known = cases.case_of_series(project, scan.volume.series_hash)
    done = capture_into(project, scan, session.orientation, session.window, session.case_id)
    case_id, capture = done.case_id, done.capture
    assert case_id == known  # the capture made outside of the project was of this very series
    place = scan_of_case(project, case_id)
    assert place == locations.ScanLocation(journey.scan, locations.key_of(f"{UID_ROOT}.2"))
    opener.open_known(place)
    assert session.scan is not scan
    _repeat_scan(journey, opener, session, case_id)
    roi_n, _ = staging.store_roi(project, capture.capture_id, Roi.of((120.0, 90.0), 30.0, 60.0))
    staging.stage(project, case_id, capture.capture_id, roi_n, "Dr Test", 3, remark="seen")
    for summary in cases.cases(project):
        if not summary.cropped and summary.capture_id is not None:
            staging.store_roi(project, summary.capture_id, Roi.of((64.0, 48.0), 20.0, 40.0))
    assert len(readings.readings(project, case_id)) == 1
    assert captures.captures(project, case_id)
    project.close()


def _repeat_scan(journey: Journey, opener: Opener, session: Session, first: str) -> None:
    """The same patient's next scan joins the patient; age and sex are kept only from when that was decided."""
    project = session.project
    assert project is not None
    patients.decide(project, keep_sex=True)
    opener.open_path(journey.repeat)
    assert session.scan is not None
    again = capture_into(project, session.scan, session.orientation, session.window, session.case_id)
    found = {summary.case_id: summary for summary in cases.cases(project)}
    assert again.case_id != first
    assert found[again.case_id].patient == found[first].patient
    assert (found[again.case_id].age_years, found[again.case_id].sex) == (None, "F")
    staging.store_roi(project, again.capture.capture_id, Roi.of((120.0, 90.0), 30.0, 60.0))
    staging.stage(project, again.case_id, again.capture.capture_id, 1, "Dr Test", 3)


def _training_and_exports(journey: Journey) -> None:
    settings = [part for key, value in SMALLEST.items() for part in ("--set", f"{key}={json.dumps(value)}")]
    # A training that fails writes a traceback into its log.
    journey.run("train", "teacher", "--project", journey.project, *settings, "--weights", journey.weights, code=4)
    journey.run("train", "all", "--project", journey.project, *settings)
    for form in exports.FORMATS:
        journey.run("project", "export", journey.project, "--out", journey.out / form, "--format", form)
    journey.run("predict", journey.scan, "--project", journey.project, "--out", journey.out / "prediction")
    journey.run("project", "check", journey.project)


def test_nothing_of_a_patient_reaches_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    journey = Journey(tmp_path)
    _plant(journey)
    _without_a_window(journey)
    _in_the_window(journey, monkeypatch)
    _training_and_exports(journey)

    assert planted.found_below(*journey.cli_files) == {}
    assert planted.foreign_png_chunks(tmp_path / PROJECTS) == {}
    assert planted.foreign_png_chunks(journey.out) == {}
    assert not planted.found_in("\n".join(planted.database_texts(journey.project / "project.sqlite")).encode())
    # Places of scans and projects are the user's own; words and numbers of patients are nobody's.
    own = planted.found_below(journey.user)
    assert {mark for marks in own.values() for mark in marks} <= PLACES, own
    assert {"settings.json", "scan-locations.json"} <= set(own)
    for words in (journey.said, caplog.text):
        assert planted.found_in(words.encode()) <= {PICTURE}
    assert planted.found_in(journey.answered.encode()) <= PLACES | {PICTURE}
    # Nor may a hash without a key be there: names and numbers can be guessed.
    texts = [TEXT, DATE, CODE, *(f"{PATIENT} {n}" for n in range(PICTURES)), *(f"{UID_ROOT}{end}" for end in (".1", ".2", ".1.2", ".4.0"))]
    identity = read_identity(next(journey.scan.iterdir()))
    texts += [spelled for text in identity.texts for spelled in (text.value, text.born) if spelled]
    written = b"".join(path.read_bytes() for folder in journey.cli_files for path in folder.rglob("*") if path.is_file())
    assert planted.hashes_in(written, texts) == set()
    assert len({p.parent for p in journey.out.rglob("*.dcm") if not p.is_relative_to(journey.out / "dicom")}) == 2
    assert not [path for path in journey.temporary.rglob("*") if path.is_file() or path.name.startswith("sos-studio")]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16-le", "utf-16-be", "latin-1"])
def test_the_search_would_find_a_mark(tmp_path: Path, encoding: str) -> None:
    words: Callable[[str], bytes] = lambda text: b"\xff\x00{" + text.encode(encoding) + b"}"  # noqa: E731
    (tmp_path / "log.txt").write_bytes(words(TEXT) + words(DATE.lower()))
    assert planted.found_in(base64.b64encode(b"ab" + words(TEXT) + b"c")) == {TEXT}
    assert planted.found_in(words(TEXT).hex().encode()) == {TEXT}
    assert planted.found_in(gzip.compress(words(TEXT))) == {TEXT}
    (tmp_path / FOLDER.lower()).mkdir()
    assert planted.found_below(tmp_path) == {"log.txt": {TEXT, DATE}, FOLDER.lower(): {FOLDER}}
    info = PngInfo()
    info.add_text("Comment", TEXT, zip=True)
    Image.new("L", (9, 9)).save(tmp_path / "p.png", pnginfo=info)
    assert planted.found_below(tmp_path)["p.png"] == {TEXT}
    assert planted.foreign_png_chunks(tmp_path) == {"p.png": {b"zTXt"}}


def test_the_search_would_find_what_is_escaped_packed_or_hashed(tmp_path: Path) -> None:
    for escaped in (json.dumps({"a": TEXT}), urllib.parse.quote(f"file:///x/{TEXT}"), unicodedata.normalize("NFD", TEXT)):
        assert planted.found_in(escaped.encode()) == {TEXT}
    with zipfile.ZipFile(tmp_path / "a.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(f"{FOLDER}/x", "a" * 100 + DATE)
    assert planted.found_below(tmp_path) == {"a.zip": {FOLDER, DATE}}
    for digest in (hashlib.sha256(TEXT.encode()).hexdigest().encode(), hashlib.md5(TEXT.casefold().encode()).digest()):
        assert planted.hashes_in(b"x" + digest, [TEXT, PATIENT]) == {TEXT}


def test_every_slice_of_the_series_is_marked(tmp_path: Path) -> None:
    planted.write_planted_series(tmp_path)
    slices = sorted(tmp_path.iterdir())
    assert len(slices) == 48
    for path in (slices[0], slices[-1]):
        assert planted.found_in(path.read_bytes()) == set(SECRETS) - {FOLDER, PATIENT, PICTURE, TABLE, PROJECTS, WEIGHTS}
    assert pydicom.dcmread(slices[0]).PatientName == TEXT
