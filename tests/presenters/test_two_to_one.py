"""2:1 can't be broken by any route: whatever is clicked, dragged, nudged, typed or undone, the frame stays one, or the reason is said."""

from __future__ import annotations

import contextlib
import math
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sos_studio.core.errors import BadInputError
from sos_studio.core.predictions import PredictedRoi
from sos_studio.core.roi import Roi
from sos_studio.dataset import captures, checks, sql
from sos_studio.dataset.in_use import in_use
from sos_studio.dataset.project import Project
from sos_studio.messages import catalogue
from sos_studio.presenters import case_files
from sos_studio.presenters.crop import CropPresenter
from sos_studio.presenters.frame_edit import Edit, Ends, Grip, dragged, moved, scaled, turned
from tests.presenters.kit import SHAPE_VU, make_project, make_session
from tests.services.hostile_frames import NUMBERS, POINTS, is_a_frame, require_whole

T = TypeVar("T")

ROI = Roi.of((200.0, 150.0), 20.0, 80.0)
ENDS = Ends((175.0, 141.0), (225.0, 159.0))

DEEDS = st.one_of(
    st.tuples(st.just("click"), POINTS),
    st.tuples(st.just("again")),
    st.tuples(st.just("drag"), st.sampled_from(["inside", "corner", "knob", "endocranial", "ectocranial"]), POINTS),
    st.tuples(st.just("let go of nothing"), POINTS),
    st.tuples(st.just("move"), NUMBERS, NUMBERS),
    st.tuples(st.just("turn"), NUMBERS),
    st.tuples(st.just("scale"), NUMBERS),
    st.tuples(st.just("type"), POINTS, NUMBERS, NUMBERS),
    st.tuples(st.just("escape")),
    st.tuples(st.just("undo")),
    st.tuples(st.just("redo")),
)


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    with make_project(tmp_path / "p", 1) as made:
        yield made


def tried(make: Callable[[], T]) -> tuple[T | None, str]:
    """The answer, or the code of why there is none."""
    try:
        return make(), ""
    except BadInputError as error:
        return None, error.code


def do(presenter: CropPresenter, deed: tuple) -> None:
    session, state = presenter._session, presenter.state
    match deed:
        case ("click", uv):
            presenter.click(uv)
        case ("again",):
            presenter.click_again()
        case ("drag", where, uv) if state.roi is not None:
            roi, ends = state.roi, state.ends
            angle = math.radians(roi.angle_deg)
            knob = (
                roi.center_uv[0] + 0.57 * roi.width_px * math.cos(angle),
                roi.center_uv[1] + 0.57 * roi.width_px * math.sin(angle),
            )
            first, second = (ends.endocranial_uv, ends.ectocranial_uv) if ends is not None else (roi.center_uv, roi.center_uv)
            corner = (float(roi.corners_uv[0][0]), float(roi.corners_uv[0][1]))
            at = {"inside": roi.center_uv, "corner": corner, "knob": knob, "endocranial": first, "ectocranial": second}[where]
            presenter.grab(at, 3.0)
            presenter.drag((250.0, 160.0))
            presenter.drag(uv)
            presenter.release()
        case ("let go of nothing", uv):
            presenter.grab(uv, 5.0)
            presenter.preview(uv)
            presenter.release()
        case ("move", du, dv):
            presenter.nudge(du_px=du, dv_px=dv)
        case ("turn", degrees):
            presenter.nudge(turn_deg=degrees)
        case ("scale", factor):
            presenter.nudge(factor=factor)
        case ("type", center, angle, width):
            presenter.set_values(center, angle, width)
        case ("escape",):
            presenter.escape()
        case ("undo",):
            session.undo.undo()
        case ("redo",):
            session.undo.redo()


@settings(max_examples=30, suppress_health_check=list(HealthCheck))
@given(st.lists(DEEDS, max_size=14))
def test_no_row_of_deeds_breaks_a_frame(deeds: list[tuple]) -> None:
    with tempfile.TemporaryDirectory() as folder, make_project(Path(folder) / "p", 1) as project:
        session = make_session(project)
        told: list[str] = []
        session.message.connect(lambda message, severity: told.append(message.code))
        presenter = CropPresenter(session)
        presenter.click((160.0, 120.0))
        presenter.click((200.0, 150.0))
        for deed in deeds:
            do(presenter, deed)
            state = presenter.state
            assert state.roi is None or is_a_frame(state.roi, SHAPE_VU), deed
            assert session.roi is None or is_a_frame(session.roi, SHAPE_VU), deed
            if state.refusal is not None:
                assert state.refusal.code in catalogue()
                assert state.refusal.text
        presenter.commit()
        require_whole(project)
        assert "internal" not in told
        kept = in_use(project, "case-0001")
        assert kept.roi_n is None or captures.frame(project, kept.capture_id or "", kept.roi_n) == session.roi


@settings(max_examples=150, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_what_is_typed_is_taken_whole_or_not_at_all(project: Project, data: st.DataObject) -> None:
    presenter = CropPresenter(make_session(project))
    presenter._show(roi=ROI, ends=ENDS)
    center, angle, width = data.draw(POINTS), data.draw(NUMBERS), data.draw(NUMBERS)
    presenter.set_values(center, angle, width)
    state = presenter.state
    wish, code = tried(lambda: Roi.of(center, angle, width))
    if wish is not None:
        _, code = tried(lambda: wish.require_usable(SHAPE_VU))
        # Numbers that lead beyond the border leave the frame as it was, and that is what is said.
        code = "crop.not_changed" if code == "roi.outside_image" else code
    assert (state.refusal.code if state.refusal is not None else "") == code
    assert state.roi == (ROI if code else wish)


@given(st.sampled_from(["moved", "turned", "scaled", *Grip]), POINTS, NUMBERS)
def test_an_edit_answers_with_a_frame_and_says_what_it_did_not_do(how: str, at: tuple[float, float], number: float) -> None:
    def edit() -> Edit:
        match how:
            case "moved":
                return moved(ROI, ENDS, *at, SHAPE_VU)
            case "turned":
                return turned(ROI, ENDS, number, SHAPE_VU)
            case "scaled":
                return scaled(ROI, ENDS, number, SHAPE_VU)
        return dragged(ROI, ENDS, Grip(how), start_uv=ENDS.endocranial_uv, now_uv=at, shape_vu=SHAPE_VU)

    answer, code = tried(edit)
    if answer is None:
        assert code == "roi.not_a_frame"
        assert not all(map(math.isfinite, (*at, number))) or max(map(abs, (*at, number))) > 1e15 or how == "scaled"
    else:
        assert is_a_frame(answer.roi, SHAPE_VU)
        assert answer.refused in ("", *catalogue())


@given(POINTS, NUMBERS, NUMBERS)
def test_a_frame_is_made_of_numbers_or_not_at_all(center: tuple[float, float], angle: float, width: float) -> None:
    roi, code = tried(lambda: Roi.of(center, angle, width))
    if roi is None:
        assert code == "roi.not_a_frame"
        assert not (all(map(math.isfinite, (*center, angle, width))) and width > 1e-300)
        return
    assert roi.width_px == 2 * roi.height_px
    assert -180.0 <= roi.angle_deg <= 180.0
    mirrored = roi.mirrored(400)
    assert (mirrored.width_px, mirrored.height_px) == (roi.width_px, roi.height_px)
    assert roi.inside(SHAPE_VU) == mirrored.inside(SHAPE_VU) or abs(roi.center_uv[0]) > 1e6 or not _clear_of_the_border(roi)


def _clear_of_the_border(roi: Roi) -> bool:
    """A corner within rounding of the border may fall on either side of it."""
    edges = [*(roi.corners_uv[:, 0] + 0.5), *(roi.corners_uv[:, 0] - 399.5), *(roi.corners_uv[:, 1] + 0.5), *(roi.corners_uv[:, 1] - 299.5)]
    return min(map(abs, edges)) > 1e-6


@given(POINTS, NUMBERS, NUMBERS, NUMBERS)
def test_a_detectors_proposal_is_a_frame_or_none(center: tuple[float, float], angle: float, width: float, height: float) -> None:
    try:
        said = PredictedRoi(center_uv=center, angle_deg=angle, width_px=width, height_px=height, source="detector")
        roi = said.roi()
    except (ValueError, BadInputError):
        return
    assert roi.width_px == 2 * roi.height_px


ROWS = st.fixed_dictionaries({"center_u": NUMBERS, "center_v": NUMBERS, "angle_deg": NUMBERS, "width_px": NUMBERS}).map(
    lambda row: {name: value for name, value in row.items() if not math.isnan(value)}  # SQLite keeps no NaN
)


@settings(max_examples=25, suppress_health_check=list(HealthCheck))
@given(ROWS)
def test_a_row_that_somebody_edited_is_shown_only_if_it_is_a_frame(row: dict[str, float]) -> None:
    with tempfile.TemporaryDirectory() as folder, make_project(Path(folder) / "p", 1) as project:
        session = make_session(project)
        crop = CropPresenter(session)
        crop.click((160.0, 120.0))
        crop.click((200.0, 150.0))
        with project.writing() as database:
            database.execute(sql.update(sql.RoiRow).values(**row)) if row else None
        session.set_case(None)
        told: list[str] = []
        session.message.connect(lambda message, severity: told.append(message.code))
        case_files.load_case(project, "case-0001").show(session)
        assert session.capture is not None, "the picture is there anyway"
        assert (session.roi is None) == (told == ["roi.damaged"])
        assert session.roi is None or is_a_frame(session.roi, SHAPE_VU)
        if session.roi is None:  # and the case can be worked on
            crop.click((150.0, 120.0))
            crop.click((210.0, 150.0))
            assert session.roi_n == 2
            assert told == ["roi.damaged"]


def test_a_frame_in_use_that_is_not_there_is_told_and_the_case_opens(project: Project) -> None:
    session = make_session(project)
    crop = CropPresenter(session)
    crop.click((160.0, 120.0))
    crop.click((200.0, 150.0))
    # The database itself refuses such a row; another program, or one that was told not to, may write it.
    with contextlib.closing(sqlite3.connect(project.directory / "project.sqlite")) as database:
        database.execute(
            "INSERT INTO in_use (case_id, capture_id, roi_n, created_utc) SELECT case_id, capture_id, 99, created_utc FROM in_use"
        )
        database.commit()
    session.set_case(None)
    told: list[str] = []
    session.message.connect(lambda message, severity: told.append(message.text))
    case_files.load_case(project, "case-0001").show(session)
    assert session.capture is not None
    assert session.roi is None
    assert told == ["Frame 99 of case-0001 can't be used: it is damaged, too small or reaches beyond the image."]


def test_a_file_that_somebody_edited_changes_no_frame_and_the_check_tells(project: Project) -> None:
    session = make_session(project)
    crop = CropPresenter(session)
    crop.click((160.0, 120.0))
    crop.click((200.0, 150.0))
    roi, capture_id = session.roi, session.capture.capture_id
    file = captures.capture_paths(project, capture_id).folder / "roi-1.json"
    file.write_text('{"center_uv": [1e9, NaN], "angle_deg": 720, "width_px": 3, "height_px": 3}')
    assert case_files.load_case(project, "case-0001").roi == roi
    assert [problem.code for problem in checks.check(project)] == ["check.file_changed"]
