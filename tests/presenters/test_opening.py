"""Opening scans and projects: what is open stays until the new one is there, and every fault is one sentence."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import SimpleITK

from sos_studio.core.captures import Window
from sos_studio.core.errors import BadInputError, CancelledError
from sos_studio.core.scans import Problem, SeriesInfo
from sos_studio.core.settings import Settings
from sos_studio.core.volume import Volume
from sos_studio.dataset import cases, locations
from sos_studio.dataset.project import Project
from sos_studio.imaging import windowing
from sos_studio.presenters.opening import Opener
from sos_studio.presenters.orientation import OrientationPresenter
from sos_studio.presenters.ports import ImmediateBackground
from sos_studio.presenters.session import Session
from sos_studio.services.scans import OpenedScan
from tests.presenters.kit import Slow, make_project, open_case
from tests.presenters.scans import make_scan, make_volume

EVERY = 5


def info(uid: str, *reservations: str, loadable: bool = True) -> SeriesInfo:
    problems = tuple(Problem(code, "warning", {"slices": 5}) for code in reservations)
    return SeriesInfo(uid, "CT", loadable, (48, 56, 64), (2.0, 2.0, 2.0), problems=problems)


def refused_info(uid: str, code: str, **values: object) -> SeriesInfo:
    return replace(info(uid, loadable=False), problems=(Problem(code, "error", values),))


class FakeReader:
    """Stands in for `SourceReader`: a coarse picture, something that happens meanwhile, then the whole scan or a fault."""

    def __init__(self, series: list[SeriesInfo] | None = None, *, between: Callable[[], None] | None = None, end: Exception | None = None):
        self.series = tuple(series or [info("only")])
        self.loadable = tuple(each for each in self.series if each.loadable)
        self.between = between or (lambda: None)
        self.end = end
        self.whole = make_scan(seed=7, source=Path("disc"))
        self.looks, self.opened, self.closed = 0, [], False
        self.path = Path("disc")

    def install(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def look(path: Path, **_: object) -> FakeReader:
            self.looks += 1
            return self

        monkeypatch.setattr("sos_studio.presenters.scan_loading.SourceReader", look)

    def open(self, uid: str | None, *, progress: Callable, cancelled: Callable[[], bool], preview: Callable) -> OpenedScan:
        self.opened.append(uid)
        chosen = next((each for each in self.series if each.uid == uid), self.series[0])
        self.whole = replace(self.whole, info=chosen)
        volume = self.whole.volume
        coarse = Volume(volume.array_kji[::EVERY], volume.lps_from_ijk * np.array([1.0, 1.0, EVERY, 1.0]))
        preview(OpenedScan(coarse, chosen, self.path, coarse=True))
        progress(0.5)
        self.between()
        if cancelled():
            raise CancelledError
        if self.end is not None:
            raise self.end
        return self.whole

    def uid_of(self, place: locations.ScanLocation) -> str | None:
        return None

    def files(self, uid: str) -> tuple[str, ...]:
        return f"{uid}-1.dcm", f"{uid}-2.dcm"

    def folder(self, uid: str) -> str:
        return ""

    def close(self) -> None:
        self.closed = True


@pytest.fixture
def session() -> Session:
    return Session(ImmediateBackground(), Settings())


@pytest.fixture
def opener(session: Session) -> Opener:
    return Opener(session)


@pytest.fixture
def said(session: Session) -> list[tuple[str, str]]:
    heard: list[tuple[str, str]] = []
    session.message.connect(lambda message, severity: heard.append((message.code, severity)))
    return heard


@pytest.fixture
def scan_file(tmp_path: Path) -> Path:
    volume = make_volume()
    image = SimpleITK.GetImageFromArray(np.asarray(volume.array_kji))
    image.SetSpacing((2.0, 2.0, 2.0))
    image.SetOrigin([float(v) for v in volume.lps_from_ijk[:3, 3]])
    path = tmp_path / "head.mha"
    SimpleITK.WriteImage(image, str(path))
    return path


def test_a_scan_opens_with_its_own_window_and_is_remembered(session: Session, opener: Opener, scan_file: Path) -> None:
    steps, waits = [], []
    session.step_requested.connect(steps.append)
    session.busy.connect(waits.append)
    opener.open_path(scan_file)
    assert session.scan is not None
    assert np.array_equal(session.scan.volume.array_kji, make_volume().array_kji)
    assert session.window.high > 700
    assert session.orientation.center_lps_mm == session.scan.volume.center_lps_mm
    assert steps == ["orient"]
    assert waits == ["open_scan", None]
    assert session.settings.recent_scans == (str(scan_file),)
    assert session.settings.recent_projects == ()
    assert locations.find(session.scan.volume.series_hash).path == scan_file


def test_a_fault_is_told_and_the_open_scan_stays(session: Session, opener: Opener, scan_file: Path, tmp_path: Path, said: list) -> None:
    opener.open_path(scan_file)
    open_before = session.scan
    broken = tmp_path / "broken.nii"
    broken.write_bytes(b"nothing of the kind")
    opener.open_path(broken)
    empty = tmp_path / "empty"
    empty.mkdir()
    opener.open_path(empty)
    assert [severity for _, severity in said] == ["error", "error"]
    assert all(code.startswith("scan.") for code, _ in said)
    assert session.scan is open_before


def test_a_series_that_was_captured_before_finds_its_case_its_orientation_and_its_grey_values(
    session: Session, opener: Opener, scan_file: Path, tmp_path: Path
) -> None:
    orienting = OrientationPresenter(session)
    with Project.create(tmp_path / "p") as project:
        session.set_project(project)
        opener.open_path(scan_file)
        assert session.case_id is None
        orienting.set_angle("roll", 4.5)
        session.set_window(Window(low=-123.0, high=987.0))
        orienting.capture()
        capture_id = session.capture.capture_id
        session.set_scan(None)
        session.set_case(None)
        opener.open_path(scan_file)
        assert session.case_id == "case-0001"
        assert session.capture.capture_id == capture_id
        assert session.orientation.roll_deg == 4.5
        assert session.window == Window(low=-123.0, high=987.0)


def test_a_project_is_made_opened_and_closed(session: Session, opener: Opener, tmp_path: Path) -> None:
    then = []
    opener.new_project(tmp_path / "new", lambda: then.append(session.project))
    first = session.project
    assert then == [first]
    opener.new_project(tmp_path / "other")
    assert first.closed
    opener.open_path(tmp_path / "new")
    assert session.project.directory == tmp_path / "new"
    opener.close_project()
    assert session.project is None


def test_a_project_is_copied_and_sealed_in_the_background_and_waited_for_by_who_opens_it_again(tmp_path: Path) -> None:
    background = Slow()
    session = Session(background, Settings())
    opener = Opener(session)
    opener.new_project(tmp_path / "one")
    background.go_on()
    first = session.project
    cases.add_case(first)
    opener.close_project()
    assert session.project is None
    assert not first.closed, "nobody waited"
    opener.open_project(tmp_path / "one")
    background.jobs.reverse()  # a worker comes to the opening first
    background.go_on()
    assert not session.project.read_only
    assert first.closed
    opener.close_project()
    opener.finish_closing()  # as a window does that closes
    assert (tmp_path / "one" / "project.seal").exists()
    Project.open(tmp_path / "one").close()


def test_a_project_that_somebody_else_writes_to_opens_to_look_at_and_says_why(
    session: Session, opener: Opener, tmp_path: Path, said: list
) -> None:
    with Project.create(tmp_path / "p"):
        opener.open_path(tmp_path / "p")
        assert session.project.read_only
        assert said == [("window.read_only", "warning")]
        opener.close_project()


def test_a_folder_that_is_no_project_is_refused_in_words(session: Session, opener: Opener, tmp_path: Path, said: list) -> None:
    opener.open_project(tmp_path)
    assert said == [("project.not_found", "error")]
    assert session.project is None


def test_cancelling_keeps_what_is_open(
    session: Session, opener: Opener, scan_file: Path, said: list, monkeypatch: pytest.MonkeyPatch
) -> None:
    opener.open_path(scan_file)
    open_before = session.scan
    told = []
    session.progress.connect(told.append)
    reader = FakeReader(between=opener.cancel)
    reader.install(monkeypatch)
    opener.open_path(Path("disc"))
    assert session.scan is open_before
    assert said == [("cancelled", "info")]
    assert told[0] == -1.0
    assert reader.closed


def test_several_series_are_offered_and_the_chosen_one_is_opened(session: Session, opener: Opener, monkeypatch: pytest.MonkeyPatch) -> None:
    offered = []
    opener.series_wanted.connect(offered.append)
    reader = FakeReader([info("a"), info("b"), info("c", loadable=False)])
    reader.install(monkeypatch)
    opener.open_path(Path("disc"))
    (picker,) = offered
    assert [row.info.uid for row in picker.rows] == ["a", "b", "c"]
    assert session.scan is None
    assert not reader.closed, "a zip stays unpacked while one chooses"
    picker.choose("b")
    assert (reader.looks, reader.opened) == (1, ["b"])
    assert session.scan is reader.whole
    assert reader.closed


def test_nothing_chosen_lets_go_of_the_source(session: Session, opener: Opener, monkeypatch: pytest.MonkeyPatch) -> None:
    offered = []
    opener.series_wanted.connect(offered.append)
    reader = FakeReader([info("a"), info("b")])
    reader.install(monkeypatch)
    opener.open_path(Path("disc"))
    offered[0].dismiss()
    assert reader.closed
    offered[0].choose("a")
    assert reader.opened == []


def test_opening_something_else_takes_the_choice_away(
    session: Session, opener: Opener, scan_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    offered, gone = [], []
    opener.series_wanted.connect(offered.append)
    reader = FakeReader([info("a"), info("b")])
    with monkeypatch.context() as patched:
        reader.install(patched)
        opener.open_path(Path("disc"))
    offered[0].gone.connect(lambda: gone.append(True))
    opener.open_path(scan_file)
    assert gone == [True]
    assert reader.closed
    assert session.scan is not None


def test_other_series_of_the_open_scan_can_be_chosen_again(
    session: Session, opener: Opener, said: list, monkeypatch: pytest.MonkeyPatch
) -> None:
    opener.other_series()
    assert said == [("window.no_scan", "warning")]
    offered = []
    opener.series_wanted.connect(offered.append)
    FakeReader([info("a"), info("b")]).install(monkeypatch)
    opener.open_scan(Path("disc"), "a")
    first = session.scan
    reader = FakeReader([info("a"), info("b")])
    reader.install(monkeypatch)
    opener.other_series()
    (picker,) = offered
    assert [row.open_now for row in picker.rows] == [True, False]
    assert picker.rows[picker.preselected].info.uid == "b"
    picker.choose("b")
    assert session.scan is reader.whole is not first


# --- a coarse picture first ---------------------------------------------------------------------------------------------------


def test_a_coarse_picture_comes_first_and_the_whole_takes_its_place(
    session: Session, opener: Opener, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen, steps = [], []
    session.scan_changed.connect(lambda scan: seen.append(("changed", scan.coarse)))
    session.scan_completed.connect(lambda scan: seen.append(("completed", scan.coarse)))
    session.step_requested.connect(steps.append)
    reader = FakeReader()
    reader.install(monkeypatch)
    opener.open_path(Path("disc"))
    assert seen == [("changed", True), ("completed", False)]
    assert steps == ["orient"]
    assert session.scan is reader.whole
    assert session.orientation.center_lps_mm == reader.whole.volume.center_lps_mm
    assert session.window == windowing.scan_window(reader.whole.volume.array_kji)


def test_what_was_turned_while_reading_stays_turned(session: Session, opener: Opener, monkeypatch: pytest.MonkeyPatch) -> None:
    orienting = OrientationPresenter(session)

    def between() -> None:
        orienting.set_angle("yaw", 7.0)
        session.set_window(Window(low=1.0, high=2.0))

    reader = FakeReader(between=between)
    reader.install(monkeypatch)
    opener.open_path(Path("disc"))
    assert session.orientation.yaw_deg == 7.0
    assert session.orientation.center_lps_mm == reader.whole.volume.center_lps_mm, "of all slices, not of every n-th"
    assert session.window == Window(low=1.0, high=2.0)
    assert orienting.step_done(1)
    session.undo.undo()
    session.undo.undo()
    assert session.orientation.yaw_deg == 0.0


def test_a_place_chosen_while_reading_stays_where_it_is(session: Session, opener: Opener, monkeypatch: pytest.MonkeyPatch) -> None:
    reader = FakeReader(between=lambda: OrientationPresenter(session).set_centre((1.0, -100.0, 730.0)))
    reader.install(monkeypatch)
    opener.open_path(Path("disc"))
    assert session.orientation.center_lps_mm == (1.0, -100.0, 730.0)


@pytest.mark.parametrize("end", [CancelledError(), BadInputError("scan.truncated", file="x")], ids=["cancelled", "damaged"])
def test_what_was_open_comes_back_if_the_rest_does_not(
    session: Session, opener: Opener, scan_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, end: Exception
) -> None:
    with Project.create(tmp_path / "p") as project:
        session.set_project(project)
        opener.open_path(scan_file)
        orienting = OrientationPresenter(session)
        orienting.capture()
        orienting.set_angle("roll", 3.0)
        before = session.scan, session.case_id, session.capture, session.orientation, session.window
        during = []
        reader = FakeReader(between=lambda: during.append((session.scan.coarse, session.case_id)), end=end)
        reader.install(monkeypatch)
        opener.open_path(Path("disc"))
        assert during == [(True, None)]
        assert (session.scan, session.case_id, session.capture, session.orientation, session.window) == before
        assert session.scan_in_front
        session.set_project(None)


def test_a_second_scan_in_the_middle_of_a_first_leaves_no_trace_of_it(
    session: Session, opener: Opener, scan_file: Path, said: list, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first one's coarse picture is on the screen when the second is asked for."""
    first = FakeReader()

    def between() -> None:
        monkeypatch.undo()
        opener.open_path(scan_file)

    first.between = between
    first.install(monkeypatch)
    opener.open_path(Path("disc"))
    assert session.scan.source == scan_file
    assert not session.scan.coarse
    assert first.closed


def test_a_capture_asked_for_while_reading_is_made_of_the_whole(
    session: Session, opener: Opener, tmp_path: Path, said: list, monkeypatch: pytest.MonkeyPatch
) -> None:
    orienting = OrientationPresenter(session)
    during = []

    def between() -> None:
        orienting.capture()
        during.append(session.capture)

    reader = FakeReader(between=between)
    reader.install(monkeypatch)
    with Project.create(tmp_path / "p") as project:
        session.set_project(project)
        opener.open_path(Path("disc"))
        assert during == [None]
        assert said[0] == ("window.capture_waits", "info")
        assert session.capture is not None
        assert session.capture.record.series_hash == reader.whole.volume.series_hash
        session.set_project(None)


def test_the_case_s_own_scan_is_oriented_from_its_first_coarse_picture(
    session: Session, opener: Opener, scan_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Project.create(tmp_path / "p") as project:
        session.set_project(project)
        opener.open_path(scan_file)
        orienting = OrientationPresenter(session)
        orienting.set_angle("roll", 4.5)
        orienting.capture()
        place = locations.find(session.scan.volume.series_hash)
        cases_seen, coarse_rolls = [], []
        session.case_changed.connect(cases_seen.append)
        reader = FakeReader(between=lambda: coarse_rolls.append((session.scan_in_front, session.orientation.roll_deg)))
        reader.whole = replace(session.scan)
        reader.install(monkeypatch)
        opener.open_known(place)
        assert coarse_rolls == [(True, 4.5)]
        assert cases_seen == []
        assert session.scan is reader.whole
        assert session.scan_in_front
        assert session.orientation.roll_deg == 4.5
        session.set_project(None)


def test_who_went_to_another_case_while_a_scan_was_read_stays_there(
    session: Session, opener: Opener, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with make_project(tmp_path / "p") as project:
        session.set_project(project)
        reader = FakeReader(between=lambda: open_case(session, "case-0002"))
        reader.install(monkeypatch)
        opener.open_path(Path("disc"))
        assert session.case_id == "case-0002"
        assert session.capture is not None
        assert session.scan is reader.whole
        assert not session.scan_in_front
        session.set_project(None)


def test_nothing_is_captured_of_the_scan_before_while_another_is_about_to_come(
    session: Session, opener: Opener, said: list, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    orienting = OrientationPresenter(session)
    heard = []
    session.opening_changed.connect(heard.append)
    with Project.create(tmp_path / "p") as project:
        session.set_project(project)
        session.set_scan(make_scan())
        reader = FakeReader()
        reader.open = lambda *_, **__: orienting.capture() or reader.whole
        reader.install(monkeypatch)
        opener.open_path(Path("disc"))
        assert said == [("window.capture_while_opening", "warning")]
        assert session.capture is None
        assert heard == [True, False]
        orienting.capture()
        assert session.capture is not None
        session.set_project(None)


# --- reservations and refusals ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("codes", "told"),
    [
        (["scan.lossy"], "A remark on this scan stands in the panel on the right."),
        (["scan.lossy", "scan.few_slices"], "Two remarks on this scan stand in the panel on the right."),
        (["scan.lossy", "scan.few_slices", "scan.not_ct"], "3 remarks on this scan stand in the panel on the right."),
    ],
)
def test_remarks_are_pointed_at_in_one_message_and_not_said_twice(
    session: Session, opener: Opener, monkeypatch: pytest.MonkeyPatch, *, codes: list[str], told: str
) -> None:
    heard = []
    session.message.connect(lambda message, severity: heard.append((str(message), severity)))
    FakeReader([info("a", *codes)]).install(monkeypatch)
    opener.open_path(Path("disc"))
    assert heard == [(told, "warning")]


def refused_after(scan_file: Path, opener: Opener, broken: Path) -> str:
    """What is told when `broken` is opened after a scan that can be."""
    told = []
    opener.refused.connect(lambda refusal: told.append(str(refusal.told)))
    opener.open_path(scan_file)
    broken.write_bytes(b"nothing of the kind")
    opener.open_path(broken)
    return told[0]


def test_a_refusal_names_what_failed_and_what_is_still_shown(opener: Opener, scan_file: Path, tmp_path: Path) -> None:
    told = refused_after(scan_file, opener, tmp_path / "broken.nii")
    assert told.startswith("broken.nii was not opened. It is truncated")
    assert told.endswith(" head.mha stays open.")


def test_no_name_of_a_folder_is_told_while_names_are_hidden(
    opener: Opener, scan_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOS_STUDIO_SCREENSHOTS", "1")
    folder = tmp_path / "Doe_Jane"
    folder.mkdir()
    told = refused_after(scan_file, opener, folder / "x.nii")
    assert told.startswith("The scan was not opened. ")
    assert told.endswith(" The earlier scan stays open.")
    assert "head" not in told


def test_a_refusal_without_another_scan_speaks_of_none(opener: Opener, tmp_path: Path) -> None:
    told = []
    opener.refused.connect(lambda refusal: told.append(str(refusal.told)))
    opener.open_path(tmp_path / "gone")
    assert told[0].startswith("gone was not opened. It does not exist.")
    assert "stays" not in told[0]


def test_a_fault_of_the_disk_names_what_was_opened_too(
    session: Session, opener: Opener, said: list, monkeypatch: pytest.MonkeyPatch
) -> None:
    texts = []
    session.message.connect(lambda message, _: texts.append(message.text))
    FakeReader(end=MemoryError()).install(monkeypatch)
    opener.open_path(Path("disc"))
    assert said == [("memory.short", "error")]
    assert texts[0].startswith("disc was not opened. ")


def test_a_refusal_tells_which_series_and_files(session: Session, opener: Opener, said: list, monkeypatch: pytest.MonkeyPatch) -> None:
    refused = []
    opener.refused.connect(refused.append)
    error = BadInputError("scan.missing_slices", missing=1, gap_mm=2.0, step_mm=1.0)
    reader = FakeReader([info("a", loadable=False)], end=error)
    reader.install(monkeypatch)
    opener.open_path(Path("disc"))
    assert said == [("scan.missing_slices", "error")]
    (refusal,) = refused
    assert refusal.told.code == "scan.missing_slices"
    assert [one.uid for one in refusal.series] == ["a"]
    assert refusal.files == {"a": ("a-1.dcm", "a-2.dcm")}
    assert reader.closed


def test_if_none_of_several_can_be_opened_the_refusal_counts_them(
    session: Session, opener: Opener, said: list, monkeypatch: pytest.MonkeyPatch
) -> None:
    refused = []
    opener.refused.connect(refused.append)
    short, lying = refused_info("a", "scan.too_few_slices", slices=2, fewest=3), refused_info("b", "scan.same_position", slices=9)
    FakeReader([short, lying], end=BadInputError("scan.too_few_slices", slices=2, fewest=3)).install(monkeypatch)
    opener.open_path(Path("disc"))
    assert said == [("window.none_loadable", "error")]
    assert str(refused[0].told) == (
        "disc was not opened. None of its 2 series can be opened. "
        "The largest: A volume needs at least 3 slices; this series has 2. Show files… says why for each."
    )


def test_where_all_are_localizers_no_axial_series_is_to_be_chosen(
    session: Session, opener: Opener, said: list, monkeypatch: pytest.MonkeyPatch
) -> None:
    refused = []
    opener.refused.connect(refused.append)
    parts = [refused_info(uid, "scan.localizer", images=n) for uid, n in (("a", 1), ("a#2", 2))]
    FakeReader(parts, end=BadInputError("scan.localizer", images=1)).install(monkeypatch)
    opener.open_path(Path("disc"))
    assert said == [("scan.localizer", "error")]
    told = str(refused[0].told)
    assert told == "disc was not opened. These are localizer images (scouts: 3), not a volume. The axial series is needed."


def test_parts_of_one_series_are_not_counted_as_series(session: Session, opener: Opener, monkeypatch: pytest.MonkeyPatch) -> None:
    refused = []
    opener.refused.connect(refused.append)
    mixed = {"slices": 4, "parts": 2, "most": 2}
    parts = [refused_info(uid, "scan.mixed_directions", **mixed) for uid in ("a", "a#2")]
    FakeReader(parts, end=BadInputError("scan.mixed_directions", **mixed)).install(monkeypatch)
    opener.open_path(Path("disc"))
    assert "series can be opened" not in str(refused[0].told)
    assert "lie in 2 directions" in str(refused[0].told)


@pytest.mark.parametrize(
    ("reservations", "told", "severity"),
    [
        ((), "2 other series here can't be opened. Case ▸ Other series of this scan… says why.", "info"),
        (
            ("scan.lossy",),
            "2 other series here can't be opened. Case ▸ Other series of this scan… says why. "
            "A remark on this scan stands in the panel on the right.",
            "warning",
        ),
    ],
    ids=["alone", "with remarks"],
)
def test_series_that_are_left_out_are_told(
    session: Session, opener: Opener, monkeypatch: pytest.MonkeyPatch, *, reservations: tuple[str, ...], told: str, severity: str
) -> None:
    heard = []
    session.message.connect(lambda message, how: heard.append((str(message), how)))
    FakeReader([info("a", *reservations), info("b", loadable=False), info("c", loadable=False)]).install(monkeypatch)
    opener.open_path(Path("disc"))
    assert heard == [(told, severity)]
    opener.open_scan(Path("disc"), "a")
    assert "other series" not in heard[-1][0] or len(heard) == 1, "who named it knows of the others"


def test_where_there_is_no_image_the_refusal_lists_what_lies_there(session: Session, opener: Opener, tmp_path: Path) -> None:
    refused = []
    opener.refused.connect(refused.append)
    (tmp_path / "folder" / "below").mkdir(parents=True)
    (tmp_path / "folder" / "below" / "report.pdf").write_bytes(b"%PDF")
    opener.open_path(tmp_path / "folder")
    assert refused[0].series == ()
    assert refused[0].files == {"": ("below/report.pdf",)}


def test_a_scan_named_after_its_project_finds_its_case(session: Session, opener: Opener, scan_file: Path, tmp_path: Path) -> None:
    with Project.create(tmp_path / "p") as project:
        session.set_project(project)
        opener.open_path(scan_file)
        OrientationPresenter(session).capture()
        session.set_project(None)
    session.set_scan(None)
    opener.open_paths([tmp_path / "p", scan_file])
    assert session.case_id == "case-0001"
    assert session.scan_in_front
    opener.close_project()
