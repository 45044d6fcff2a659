from __future__ import annotations

import threading
from pathlib import Path

import numpy as np

from sos_studio.dataset import exports
from sos_studio.dataset.exports import ExportOptions, ExportReport
from sos_studio.imaging import images
from sos_studio.presenters.exchange import Exchange, export_remarks
from tests.presenters.kit import make_project, make_session


def test_an_export_says_how_many_cases_went_where(tmp_path: Path) -> None:
    session = make_session(make_project(tmp_path / "study"))
    told: list[object] = []
    session.message.connect(lambda *words: told.append(str(words[0])))
    Exchange(session).export(tmp_path / "out", "csv")
    assert (tmp_path / "out" / "cases.csv").is_file()
    assert told == ["Exported 2 of 2 cases to out."]


def test_an_export_says_what_it_left_out_why_and_that_its_folds_are_a_plan() -> None:
    report = ExportReport("yolo", Path("out"), 221, 900, {"excluded": 5, "no_frame": 16}, planned_folds=221)
    words = "Left out: 5 excluded, 16 without a frame. Its folds are a plan: the first training gives those that stay."
    assert export_remarks(report) == " " + words
    assert export_remarks(ExportReport("csv", Path("out"), 242, 9, marked_excluded=5)) == " 5 of them are excluded; a column says so."


def test_what_was_filled_into_a_datasheet_is_there_the_next_time(tmp_path: Path) -> None:
    exchange = Exchange(make_session(make_project(tmp_path / "study")))
    assert exchange.filled_in() == {}
    exchange.export(tmp_path / "out", "datasheet", ExportOptions(details={"licence": "CC0", "title": ""}))
    assert exchange.filled_in() == {"licence": "CC0"}
    exchange.export(tmp_path / "csv", "csv", ExportOptions())
    assert exchange.filled_in() == {"licence": "CC0"}
    assert Exchange(make_session(None)).filled_in() == {}


def test_cancel_stops_an_export_that_runs_and_leaves_nothing(tmp_path: Path, monkeypatch) -> None:
    session = make_session(make_project(tmp_path / "study"))
    exchange = Exchange(session)
    told: list[object] = []
    session.message.connect(lambda *words: told.append(str(words[0])))
    begun = threading.Event()

    def tables(*arguments: object) -> list[object]:
        exchange.cancel()
        begun.set()
        return real(*arguments)

    real = exports.export_tables.tables
    monkeypatch.setattr(exports.export_tables, "tables", tables)
    exchange.export(tmp_path / "out", "csv")
    assert begun.is_set()
    assert "Cancelled" in str(told)
    assert not list(tmp_path.glob("*out*"))


def test_an_import_says_how_many_pictures_it_has_to_do_with(tmp_path: Path, monkeypatch) -> None:
    session = make_session(make_project(tmp_path / "study"))
    pictures = tmp_path / "pictures"
    pictures.mkdir()
    for n in range(3):
        images.write_png(pictures / f"{n}.png", np.random.default_rng(n).integers(0, 255, (60, 80), dtype=np.uint8))
    seen: list[tuple[int | None, float]] = []
    session.tasks.changed.connect(lambda: seen.extend((task.total, task.fraction) for task in session.tasks.running))
    Exchange(session).import_images([pictures])
    assert seen[-1] == (3, 1.0)
