import json
from datetime import UTC, datetime

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialogButtonBox

from sos_studio.core.actions import Action
from sos_studio.core.crossval import METHODS
from sos_studio.core.jobs import Cancelled, Failed, Metric, Progress
from sos_studio.messages import message
from sos_studio.presenters import training as training_module
from sos_studio.services import presets, worker_process
from sos_studio.ui import training_overview, training_words
from sos_studio.ui.crossval_dialog import CrossvalDialog
from sos_studio.ui.training_dock import TrainingDock
from sos_studio.ui.weights_dialog import WeightsDialog
from tests.presenters.kit import make_project, make_session
from tests.presenters.test_training import Job


@pytest.fixture
def project(tmp_path):
    with make_project(tmp_path / "p") as made:
        yield made


@pytest.fixture
def alive(monkeypatch):
    state = {"life": worker_process.Life.ALIVE}
    monkeypatch.setattr(worker_process, "life", lambda folder: state["life"])
    return state


def make_dock(project, qtbot, *, told=True):
    session = make_session(project)
    session.settings.from_scratch_told = told
    made = TrainingDock(session)
    qtbot.addWidget(made)
    made.resize(840, 280)
    made.show()
    qtbot.waitExposed(made)
    made.session = session
    return made


def running_job(project):
    job = Job(project)
    job.begin()
    job.write(Progress, 60, done=0.25, total=1.0, part="detector")
    for epoch in range(1, 6):
        job.write(Metric, 60 + epoch, name="loss", split="train", step=epoch, value=2.0 / epoch, part="detector")
        job.write(Metric, 60 + epoch, name="hit_rate", split="inner", step=epoch, value=epoch / 6, part="detector")
    return job


def test_a_cross_validation_of_nothing_can_not_be_started(project, qtbot):
    dialog = CrossvalDialog(presets.settings("quick"), "quick")
    qtbot.addWidget(dialog)
    start = dialog.buttons.button(QDialogButtonBox.StandardButton.Ok)
    assert start.isEnabled()
    count = len(dialog.wish.arms(presets.settings("quick")))
    assert dialog.summary.text().startswith(
        f"Methods compared: {count}, each in 5 of 5 folds\nRounds of training and testing: {5 * count}, "
    )
    for box in dialog._methods.values():
        box.setChecked(False)
    assert not start.isEnabled()
    assert dialog.summary.text().startswith("Tick")
    dialog._tables[1].setChecked(True)
    assert start.isEnabled()
    assert dialog.wish.tables == (1,)


def test_progress_names_the_part_and_the_time_left(project, qtbot, alive):
    running_job(project)
    dock = make_dock(project, qtbot)
    assert dock.pages.overview.status.text() == "Training the network that finds the SOS (2 of 3) · 25 % · about 3 min left"
    assert "Detector" in dock.pages.overview.status.toolTip()
    assert dock.pages.overview.bar.value() == 250
    assert dock.retrain.isEnabled(), "another one would wait in line"
    assert dock.cancel.isVisible()
    assert "close the window" in dock.pages.overview.facts.text()


def test_curves_follow_while_the_job_goes_on(project, qtbot, alive):
    job = running_job(project)
    dock = make_dock(project, qtbot)
    assert "total 0.4" in dock.pages.losses.accessibleDescription()
    assert "SOS found" in dock.pages.rates.accessibleDescription()
    job.write(Metric, 70, name="loss", split="train", step=6, value=0.123, part="detector")
    qtbot.waitUntil(lambda: "0.123" in dock.pages.losses.accessibleDescription(), timeout=3000)
    assert not dock.pages.losses.grab().isNull()


def test_the_result_is_shown_with_counts_and_the_timer_rests(project, qtbot, alive):
    job = running_job(project)
    dock = make_dock(project, qtbot)
    job.succeed({"held_out": {"student": {"n": 40, "correct": 27, "within_one": 39}, "attention_in_roi": {"n": 40, "mean": 0.61}}})
    dock.presenter.poll()
    assert "27 of 40" in dock.pages.overview.result.text()
    assert "61\u00a0%" in dock.pages.overview.result.text()
    assert not dock.pages.overview.phantom.isVisible()
    assert not dock._timer.isActive()
    assert dock.retrain.isEnabled()
    assert not dock.cancel.isVisible()


def test_figures_of_phantoms_are_called_so_in_red(project, qtbot, alive, monkeypatch):
    monkeypatch.setattr(project, "phantom", True)
    job = running_job(project)
    job.succeed({"held_out": {"student": {"n": 40, "correct": 27}}})
    alive["life"] = worker_process.Life.GONE
    dock = make_dock(project, qtbot)
    assert dock.pages.overview.phantom.isVisible()
    assert dock.pages.overview.phantom.objectName() == "alarm"


def test_a_failure_is_one_red_sentence_with_what_to_do_and_can_be_resumed(project, qtbot, alive):
    job = running_job(project)
    dock = make_dock(project, qtbot)
    job.write(Failed, 80, code="training.out_of_memory", values={})
    dock.presenter.poll()
    assert "smaller pictures" in dock.pages.overview.problem.text()
    assert "Traceback" not in dock.pages.overview.problem.text()
    assert dock.resume.isVisible()


def test_cancelled_is_said_and_can_be_resumed(project, qtbot, alive):
    job = running_job(project)
    dock = make_dock(project, qtbot)
    dock.cancel.click()
    assert (job.folder / "cancel").exists()
    assert (dock.cancel.text(), dock.cancel.isEnabled()) == ("Cancelling …", False), "it was heard, though the worker takes its time"
    assert dock.pages.overview.status.text().startswith("Cancelling …")
    assert "cancelling" in dock.jobs.item(0).text()
    job.write(Cancelled, 90)
    dock.presenter.poll()
    assert dock.pages.overview.status.text() == "Training cancelled at 25 %: Resume goes on from there"
    assert dock.resume.isVisible()


def test_the_log_is_there(project, qtbot, alive):
    job = running_job(project)
    (job.folder / "log.txt").write_text("epoch 1\nepoch 2\n")
    dock = make_dock(project, qtbot)
    assert dock.pages.log.toPlainText() == "epoch 1\nepoch 2\n"
    assert dock.pages.log.isReadOnly()


def test_from_scratch_is_told_plainly_once_and_one_button_goes_on(project, qtbot, monkeypatch):
    asked = []

    def start(project, kind, *, preset, compared, wait):
        asked.append(kind)
        job = Job(project)
        job.begin()
        return job.handle

    monkeypatch.setattr(training_module.jobs, "start_training", start)
    monkeypatch.setattr(training_module.jobs, "require_startable", lambda project, kind: None)
    monkeypatch.setattr(worker_process, "life", lambda folder: worker_process.Life.ALIVE)
    dock = make_dock(project, qtbot, told=False)
    dock.actions_by_id[Action.RETRAIN_ALL]()
    dialog = dock.findChild(WeightsDialog)
    assert "from scratch" in dialog._headline.text()
    assert asked == []
    dialog.go_on.click()
    assert asked == ["retrain"]
    assert dock.session.settings.from_scratch_told
    assert dock.presenter.state.running


def test_not_now_starts_nothing(project, qtbot, monkeypatch):
    asked = []
    monkeypatch.setattr(training_module.jobs, "start_training", lambda *args, **kwargs: asked.append(args))
    monkeypatch.setattr(training_module.jobs, "require_startable", lambda project, kind: None)
    dock = make_dock(project, qtbot, told=False)
    dock.actions_by_id[Action.RETRAIN_ALL]()
    dialog = dock.findChild(WeightsDialog)
    dialog.buttons.rejected.emit()
    assert asked == []
    assert not dock.session.settings.from_scratch_told


def test_too_few_cases_are_said_once_before_any_question(project, qtbot):
    dock = make_dock(project, qtbot, told=False)
    dock.actions_by_id[Action.RETRAIN_ALL]()
    assert dock.findChild(WeightsDialog) is None
    assert "at least 10 are needed" in dock.problem.text()


def test_why_nothing_begins_is_no_fault_of_the_training_on_the_screen_and_goes_once_cases_change(project, qtbot, alive):
    job = Job(project)
    job.begin()
    job.succeed({})
    alive["life"] = worker_process.Life.GONE
    dock = make_dock(project, qtbot)
    dock.actions_by_id[Action.RETRAIN_ALL]()
    assert "at least 10 are needed" in dock.problem.text()
    assert dock.pages.overview.problem.text() == ""
    dock.pages.setCurrentWidget(dock.pages.log)
    assert dock.problem.isVisible(), "whichever page is in front"
    dock.session.cases_changed.emit()
    assert not dock.problem.isVisible()


def test_cases_alike_that_keep_a_training_from_beginning_are_one_button_away(project, qtbot):
    dock = make_dock(project, qtbot)
    asked = []
    dock.leaks_wanted.connect(lambda: asked.append(True))
    dock.presenter._show(problem=message("training.too_few_cases", {"count": 1, "least": 10}))
    assert not dock.leaks.isVisible()
    dock.presenter._show(problem=message("training.leak", {"count": 1, "pairs": "case-0001 and case-0002"}))
    dock.leaks.click()
    assert asked == [True]


def test_a_training_that_has_not_begun_to_learn_is_getting_ready(project, qtbot, alive):
    Job(project).begin()
    dock = make_dock(project, qtbot)
    assert dock.pages.overview.status.text().startswith("Getting ready")
    assert "getting ready" in dock.jobs.item(0).text()


def test_curves_of_a_part_that_is_complete_are_shown_until_the_next_has_measured_something(project, qtbot, alive):
    job = Job(project)
    job.begin()
    job.write(Metric, 10, name="loss", split="train", step=1, value=1.5, part="teacher")
    job.write(Progress, 60, done=0.25, total=1.0, part="detector")
    dock = make_dock(project, qtbot)
    assert dock.pages.part.currentData() == "teacher"
    assert "1.5" in dock.pages.losses.accessibleDescription()
    job.write(Metric, 70, name="loss", split="train", step=1, value=9.5, part="detector")
    dock.presenter.poll()
    assert dock.pages.part.currentData() == "detector"


def test_an_empty_project_says_what_to_do(project, qtbot):
    dock = make_dock(project, qtbot)
    assert "Retrain all" in dock.pages.overview.status.text()
    assert dock.retrain.isEnabled()
    assert not make_dock(None, qtbot).retrain.isEnabled()


def test_every_button_says_what_it_does(project, qtbot):
    dock = make_dock(project, qtbot)
    for widget in (dock.retrain, dock._single, dock._preset, dock.cancel, dock.resume, dock._weights, dock.jobs):
        assert widget.toolTip()
    assert "(Ctrl+Shift+T)" in dock.retrain.toolTip()


def test_a_preset_says_what_it_is_for(project, qtbot):
    dock = make_dock(project, qtbot)
    dock.presenter.choose_preset("clinic")
    assert "a night" in dock._preset.toolTip()
    tips = [dock._preset.itemData(n, Qt.ItemDataRole.ToolTipRole) for n in range(dock._preset.count())]
    assert all(len(tip) > len(dock._preset.itemText(n)) for n, tip in enumerate(tips))


def test_a_student_alone_says_who_teaches_it_and_that_nothing_is_replaced(project, qtbot, alive):
    job = Job(project, judged=("student-1",), kind="student")
    spec = json.loads((job.folder / "job.json").read_text()) | {"teacher_model": "teacher-20261120-083025-7bcb"}
    (job.folder / "job.json").write_text(json.dumps(spec))
    job.begin()
    text = make_dock(project, qtbot).pages.overview.facts.text()
    when = datetime(2026, 11, 20, 8, 30, tzinfo=UTC).astimezone()
    assert f"taught by the teacher of {when:%Y-%m-%d %H:%M}" in text
    assert "stays until you take the new one" in text


def test_time_left_is_said_in_words_a_person_uses():
    assert training_words.time_left(None) == ""
    assert training_words.time_left(12) == "about 10 s left"
    assert training_words.time_left(240) == "about 4 min left"
    assert training_words.time_left(9000) == "about 2.5 h left"


def test_jobs_are_named_by_time_and_kind():
    began = datetime(2026, 11, 20, 10, 0, tzinfo=UTC).astimezone()
    assert training_words.job_title("20261120-100000-retrain-ab12") == f"{began:%Y-%m-%d %H:%M}, all three networks"
    assert training_words.job_title("odd") == "odd"


def test_the_dialog_takes_a_file_and_refuses_what_is_none(project, qtbot, tmp_path):
    session = make_session(project)
    dialog = WeightsDialog(session)
    qtbot.addWidget(dialog)
    bad = tmp_path / "bad.safetensors"
    bad.write_bytes(b"no")
    dialog.presenter.choose(bad)
    assert "bad.safetensors" in dialog.problem.text()
    header = json.dumps({"a": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}}).encode()
    good = tmp_path / "good.safetensors"
    good.write_bytes(len(header).to_bytes(8, "little") + header + b"\0\0\0\0")
    dialog.presenter.choose(good)
    assert "good.safetensors" in dialog._place.text()
    assert dialog.problem.text() == ""
    assert dialog.buttons.button(QDialogButtonBox.StandardButton.Close) is not None


def test_a_cross_validation_is_one_entry_of_the_menu_and_its_tables_one_click_away(project, qtbot, monkeypatch, alive):
    asked, opened = [], []

    def start(project, kind, *, preset, compared, wait):
        asked.append((kind, compared))
        made.append(Job(project))
        made[0].begin()
        return made[0].handle

    made = []
    monkeypatch.setattr(training_module.jobs, "start_training", start)
    monkeypatch.setattr(training_overview.QDesktopServices, "openUrl", lambda url: opened.append(url.toLocalFile()))
    dock = make_dock(project, qtbot)
    dock.actions_by_id[Action.CROSS_VALIDATION]()
    dialog = dock.findChild(CrossvalDialog)
    assert dialog.wish.methods == tuple(m for m in METHODS if m in dialog.wish.methods)
    assert {"teacher", "full-image", "framework"} <= set(dialog.wish.methods)
    dialog._methods["kd-only"].setChecked(False)
    dialog._folds.setValue(2)
    dialog.accept()
    (wanted,) = asked
    assert wanted == ("crossval", dialog.wish)
    assert (wanted[1].folds, "kd-only" in wanted[1].methods) == (2, False)
    assert not dock.pages.overview.report.isVisible()
    (job,) = made
    job.write(Progress, 60, done=0.25, total=1.0, part="fold-2")
    dock.presenter.poll()
    assert "networks that fold 2 tests" in dock.pages.overview.status.text()
    job.succeed({"kind": "crossval", "models": {}, "held_out": {}, "report": f"jobs/{job.folder.name}/crossval/report.json"})
    dock.presenter.poll()
    assert dock.pages.overview.report.isVisible()
    dock.pages.overview.report.click()
    assert opened == [(job.folder / "crossval").as_posix()]
    # Predictions beside labels are nothing for who reads blinded.
    dock.session.blinding.set_on(True)
    assert not dock.pages.overview.report.isVisible()
