"""The training centre by mouse and keys: figures of a network, its worst mistakes, two networks side by side, taking one into use."""

from __future__ import annotations

import re
import shutil

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel

from sos_studio.core.actions import Action
from sos_studio.core.errors import BadInputError
from sos_studio.core.jobs import Cancelled, Failed, Progress, Started
from sos_studio.core.manifests import Manifest
from sos_studio.dataset import manifests
from sos_studio.dataset.project import Project
from sos_studio.messages import message
from sos_studio.presenters import training as training_module
from sos_studio.services import model_list, staging, waiting, worker_process
from sos_studio.ui import training_words
from sos_studio.ui.job_dialogs import DeleteJobDialog, RenameJobDialog
from sos_studio.ui.training_dock import TrainingDock
from tests.presenters.kit import make_session
from tests.presenters.test_training import Job
from tests.services.conftest import filled_project_folder  # noqa: F401  a fixture
from tests.services.test_model_results import held_out, model, said

LEFT, PLAIN = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier


@pytest.fixture
def project(filled_project_folder, tmp_path):  # noqa: F811
    folder = tmp_path / "filled"
    shutil.copytree(filled_project_folder, folder)
    with Project.open(folder) as opened:
        yield opened


@pytest.fixture
def manifest(project):
    return Manifest.read(manifests.freeze(project))


@pytest.fixture
def lives(monkeypatch):
    """Which jobs have a worker, by folder name; the others never had one or it is gone."""
    alive = set()
    gone, there = worker_process.Life.GONE, worker_process.Life.ALIVE
    monkeypatch.setattr(worker_process, "life", lambda folder: there if folder.name in alive else gone)
    return alive


def make_dock(project, qtbot, height=330):
    session = make_session(project)
    session.settings.from_scratch_told = True
    made = TrainingDock(session)
    qtbot.addWidget(made)
    made.resize(1366, height)
    made.show()
    qtbot.waitExposed(made)
    made.session = session
    return made


def show_page(dock, page, qtbot):
    """By a click on its tab."""
    bar, index = dock.pages.tabBar(), dock.pages.indexOf(page)
    QTest.mouseClick(bar, LEFT, PLAIN, bar.tabRect(index).center())
    assert dock.pages.currentWidget() is page
    qtbot.wait(10)


def trained(project, manifest, n, says, job_id):
    """A training that is complete, with its student."""
    import json

    job = Job(project, job_id)
    job.begin()
    entry = model(project, n, manifest, says)
    card = json.loads((entry.path / "model.json").read_text())
    (entry.path / "model.json").write_text(json.dumps(card | {"job_id": job_id}))
    job.succeed({"models": {"student": entry.card.model_id}, "held_out": {"student": {"n": 3, "correct": 1}}})
    return entry.card.model_id


OLD, NEW = "20261120-100001-retrain-aaaa", "20261120-110002-retrain-bbbb"


@pytest.fixture
def two(project, manifest, lives):
    """The student in use stages all held-out cases as 1; the new one gets two of three right."""
    cases = held_out(manifest)
    old = trained(project, manifest, 1, [said(case, 5) for case in cases], OLD)
    model_list.settle(project)
    new = trained(project, manifest, 2, [said(case, case.stage if n else case.stage + 2, 0.8) for n, case in enumerate(cases)], NEW)
    return old, new


def test_figures_stages_confusion_and_calibration_of_a_network(project, two, qtbot):
    dock = make_dock(project, qtbot)
    result = dock.pages.result
    show_page(dock, result, qtbot)
    assert "2 of 3 cases staged rightly" in result.figures.text()
    assert "95 % intervals by patient" in result.figures.text()
    assert result.phantom.isVisible()
    assert sum(map(sum, result.confusion._counts)) == 3
    assert "label" in result.confusion.accessibleDescription()
    assert "sure 80" in result.calibration.accessibleDescription()
    shown = [result.stages.item(row, 1).text() for row in range(result.stages.rowCount())]
    assert sum(int(text.split(" of ")[1]) for text in shown) == 3
    # The cell under the pointer says what it counts.
    wrong = next((r, c) for r, row in enumerate(result.confusion._counts) for c, n in enumerate(row) if n and r != c)
    QTest.mouseMove(result.confusion, result.confusion.cell(*wrong).center().toPoint())
    qtbot.waitUntil(lambda: f"Labelled {wrong[0] + 1}, staged {wrong[1] + 1}: 1 of" in result.confusion.toolTip())
    for view in (result.confusion, result.calibration):
        assert not view.grab().isNull()


def test_a_double_click_on_a_mistake_opens_its_case_in_predict(project, manifest, two, qtbot):
    dock = make_dock(project, qtbot)
    mistakes = dock.pages.mistakes
    show_page(dock, dock.pages._wrong, qtbot)
    assert mistakes.count() == 1
    wrong = held_out(manifest)[0]
    QTest.mouseClick(dock.pages.judged.uncover, LEFT)
    assert mistakes.item(0).text() == f"{wrong.case_id}\nlabel {wrong.stage}, said {wrong.stage + 2} (80\u00a0%)"
    qtbot.waitUntil(lambda: not mistakes.item(0).icon().isNull())
    asked, steps = [], []
    dock.session.case_requested.connect(asked.append)
    dock.session.step_requested.connect(steps.append)
    place = mistakes.visualItemRect(mistakes.item(0)).center()
    QTest.mouseClick(mistakes.viewport(), LEFT, PLAIN, place)
    QTest.mouseDClick(mistakes.viewport(), LEFT, PLAIN, place)
    assert asked == [wrong.case_id]
    assert steps == ["predict"]


def test_label_and_answer_of_a_case_not_read_yet_are_covered_until_one_asks_and_a_later_reading_knows(project, manifest, two, qtbot):
    dock = make_dock(project, qtbot)
    judged, wrong = dock.pages.judged, held_out(manifest)[0]
    show_page(dock, dock.pages._wrong, qtbot)
    assert judged.pictures.item(0).text() == f"{wrong.case_id}\nnot read by you yet"
    assert "You have not read one of them" in judged.told.text()
    before = staging.stage(project, wrong.case_id, wrong.capture_id, None, "Dr Other", wrong.stage)
    assert not before.ai_seen
    QTest.mouseClick(judged.uncover, LEFT)
    assert "label" in judged.pictures.item(0).text()
    assert not judged.told.isVisible()
    assert dock.session.blinding.has_seen_ai(wrong.case_id)
    after = staging.stage(project, wrong.case_id, wrong.capture_id, None, dock.session.evaluator, wrong.stage)
    assert after.ai_seen
    dock.session.cases_changed.emit()
    dock.session.set_evaluator("Dr Other")
    assert "label" in judged.pictures.item(0).text(), "they have read it"
    dock.session.set_evaluator("Dr New")
    assert "not read by you" in judged.pictures.item(0).text()


def test_who_reads_blinded_sees_no_case_beside_its_label(project, two, qtbot):
    dock = make_dock(project, qtbot)
    show_page(dock, dock.pages._wrong, qtbot)
    assert dock.pages.mistakes.count() == 1
    dock.session.blinding.set_on(True)
    assert dock.pages.mistakes.count() == 0
    assert "blinded" in dock.pages._mistakes_note.text()
    show_page(dock, dock.pages.compare, qtbot)
    assert dock.pages.compare.apart.count() == 0


def test_the_new_student_is_compared_before_it_replaces_the_one_in_use_and_the_old_one_is_one_click_away(project, two, qtbot):
    old, new = two
    dock = make_dock(project, qtbot)
    overview, told = dock.pages.overview, []
    dock.session.message.connect(lambda message, severity: told.append((message.code, severity)))
    assert dock.judging.state.used == old
    text = overview.standing.text()
    assert "not in use" in text
    assert "On the same 3 cases that neither was trained on" in text
    assert "95" not in text or "points" in text
    assert "McNemar" in text
    QTest.mouseClick(overview.use, LEFT)
    assert dock.judging.state.used == new
    assert model_list.current(project, "student").card.model_id == new
    assert told == [("model.now_in_use", "success")]
    assert not overview.use.isVisible()
    assert "✓ In use" in overview.standing.text()
    dock.presenter.follow(OLD)
    assert overview.use.text() == "Use this network"
    assert "against the newer one in use" in overview.standing.text()
    dock.presenter.follow(NEW)
    QTest.mouseClick(overview.back, LEFT)
    assert model_list.current(project, "student").card.model_id == old
    assert overview.use.isVisible()
    assert overview.use.text() == "Use the new network"


def test_any_two_networks_are_compared_and_the_cases_on_which_they_part_are_shown(project, manifest, two, qtbot):
    old, new = two
    dock = make_dock(project, qtbot)
    compare = dock.pages.compare
    show_page(dock, compare, qtbot)
    assert (compare.first.currentData(), compare.second.currentData()) == (new, old)
    assert compare.first.currentText().startswith("Student ("), "as in Predict"
    assert compare.second.currentText().endswith(" · in use")
    assert "2 against 0 staged rightly" in compare.told.text()
    rows = [[compare.table.item(n, k).text() for k in range(4)] for n in range(compare.table.rowCount())]
    assert rows[0][0] == "staged rightly"
    assert rows[0][3].startswith("+67 points (")
    assert compare.apart.count() == 2
    QTest.mouseClick(compare.judged.uncover, LEFT)
    assert re.search(r"label (\d), said \1 and 5$", compare.apart.item(0).text())
    QTest.mouseClick(compare.use, LEFT)
    assert dock.judging.state.used == new
    assert not compare.use.isVisible()
    QTest.mouseClick(compare.back, LEFT)
    assert dock.judging.state.used == old, "one click back where it was taken"
    # The other way round, by keys.
    compare.first.setFocus()
    QTest.keyClick(compare.first, Qt.Key.Key_Down)
    QTest.keyClick(compare.first, Qt.Key.Key_Up)
    compare.compare(old, new)
    assert "0 against 2 staged rightly" in compare.told.text()
    compare.compare(new, new)
    assert "same network" in compare.told.text()
    assert not compare.table.isVisible()


def test_a_network_of_an_older_version_can_be_asked_now(project, manifest, two, qtbot, monkeypatch):
    (project.directory / "models" / two[1] / "held_out.json").unlink()
    asked = []
    monkeypatch.setattr(training_module.jobs, "judge_models", lambda project, ids, *, wait: asked.append(list(ids)) or 1 / 0)
    dock = make_dock(project, qtbot)
    monkeypatch.setattr(dock.presenter, "_not_started", lambda *_: None)
    show_page(dock, dock.pages.result, qtbot)
    assert "older version" in dock.pages.result.figures.text()
    QTest.mouseClick(dock.pages.ask.button, LEFT)
    assert asked == [[two[1]]]


def test_the_list_of_mistakes_offers_to_ask_too(project, two, qtbot, monkeypatch):
    (project.directory / "models" / two[1] / "held_out.json").unlink()
    asked = []
    monkeypatch.setattr(training_module.jobs, "judge_models", lambda project, ids, *, wait: asked.append(list(ids)) or _refuse())
    dock = make_dock(project, qtbot)
    show_page(dock, dock.pages._wrong, qtbot)
    assert "Which cases it got wrong is not known" in dock.pages._mistakes_note.text()
    assert not dock.pages.mistakes.isVisible(), "no empty box"
    box = dock.pages.ask_for_mistakes
    QTest.mouseClick(box.button, LEFT)
    assert asked == [[two[1]]]
    assert "at least 10 are needed" in box.problem.text(), "why not is said where it was pressed"
    assert not dock.problem.isVisible()
    assert box.button.isVisible()


def _refuse():
    raise BadInputError("training.too_few_cases", count=2, least=10)


def test_another_training_is_put_on_the_screen_by_a_click_in_the_list(project, two, qtbot):
    dock = make_dock(project, qtbot)
    assert dock.presenter.state.job.handle.job_id == NEW
    item = dock.jobs.item(1)
    QTest.mouseClick(dock.jobs.viewport(), LEFT, PLAIN, dock.jobs.visualItemRect(item).center())
    assert dock.presenter.state.job.handle.job_id == OLD
    assert "✓ In use" in dock.pages.overview.standing.text()
    QTest.keyClick(dock.jobs, Qt.Key.Key_Up)
    assert dock.presenter.state.job.handle.job_id == NEW


def test_data_and_settings_of_a_training_are_told(project, manifest, lives, qtbot):
    job = Job(project)
    spec = (job.folder / "job.json").read_text().replace("manifests/m.json", f"manifests/{manifest.manifest_id}.json")
    (job.folder / "job.json").write_text(spec)
    job.begin()
    dock = make_dock(project, qtbot)
    text = dock.pages.facts.toPlainText()
    assert "15 cases of 15 patients, 15 with a frame" in text
    assert "12 to learn from, about 2 of them check cases; 3 test cases" in text
    assert "more than half of the evaluators" in text
    assert "Bassed" in text
    assert "Teacher: convnext_atto, crops of 192 × 96 pixels, 30 rounds" in text
    assert "stage 0.2, likeness to the teacher 0.8, attention inside the frame 0.01" in text
    assert "frozen" not in text
    assert "12 cases to learn from, 3 test cases" in dock.pages.overview.facts.text()
    assert text.index("Student: ") < text.index("inner_validation_fraction"), "words first, names of the command line last"
    assert "student.alpha = 0.01" in text


def test_a_training_is_named_and_deleted_by_its_menu(project, two, qtbot):
    dock = make_dock(project, qtbot)
    dock.ask_name()
    dialog = dock.findChild(RenameJobDialog)
    QTest.keyClicks(dialog._name, "spring cases")
    QTest.keyClick(dialog._name, Qt.Key.Key_Return)
    assert dock.jobs.item(0).text().startswith("spring cases\n")
    dock.delete.trigger()
    asked = dock.findChild(DeleteJobDialog)
    assert asked.networks.isEnabled()
    asked.networks.setChecked(True)
    asked.accept()
    assert dock.jobs.count() == 1
    assert dock.presenter.state.job.handle.job_id == OLD
    assert {entry.card.model_id for entry in model_list.models(project)} == {two[0]}
    dock.delete.trigger()
    last = [dialog for dialog in dock.findChildren(DeleteJobDialog) if dialog.isVisible()][-1]
    assert not last.networks.isEnabled(), "predictions are made with it"
    last.reject()
    assert dock.jobs.count() == 1


def test_what_was_deleted_elsewhere_while_it_was_asked_about_takes_no_other_training_with_it(project, two, qtbot):
    dock = make_dock(project, qtbot)
    assert dock.presenter.state.job.handle.job_id == NEW
    dock.delete.trigger()
    asked = dock.findChild(DeleteJobDialog)
    shutil.rmtree(dock.presenter.state.job.handle.job_dir)
    dock.presenter.poll()
    assert dock.presenter.state.job.handle.job_id == OLD
    asked.accept()
    assert dock.presenter.state.job.handle.job_id == OLD
    assert dock.jobs.count() == 1
    qtbot.waitUntil(lambda: dock.findChild(DeleteJobDialog) is None)


def test_enter_deletes_nothing(qtbot):
    dialog = DeleteJobDialog("spring", 0, in_use=False)
    qtbot.addWidget(dialog)
    dialog.show()
    qtbot.waitExposed(dialog)
    ended = []
    dialog.finished.connect(ended.append)
    QTest.keyClick(dialog, Qt.Key.Key_Return)
    assert ended == [DeleteJobDialog.DialogCode.Rejected]


def test_a_name_that_looks_like_html_is_a_name(qtbot):
    dialog = DeleteJobDialog("<h1>spring</h1>", 2, in_use=False, before=True)
    qtbot.addWidget(dialog)
    dialog.show()
    label, *_, note = [each for each in dialog.findChildren(QLabel) if each.isVisible()]
    assert label.textFormat() is Qt.TextFormat.PlainText
    assert "“<h1>spring</h1>”" in label.text()
    assert "no way back" in note.text()


def test_what_the_command_line_begins_is_seen_while_nothing_runs(project, two, lives, qtbot):
    dock = make_dock(project, qtbot)
    assert not dock._timer.isActive()
    assert dock._idle.isActive()
    job = Job(project, "20261120-120000-retrain-cccc")
    job.begin()
    lives.add(job.folder.name)
    dock._idle.timeout.emit()
    assert dock.jobs.count() == 3
    assert dock._timer.isActive()
    dock.hide()
    assert not dock._idle.isActive()


def test_nothing_is_worked_out_while_nobody_looks(project, manifest, two, qtbot, monkeypatch):
    dock = make_dock(project, qtbot)
    wrong = held_out(manifest)[0]
    show_page(dock, dock.pages._wrong, qtbot)
    dock.hide()
    monkeypatch.setattr("sos_studio.presenters.judging.model_results.compare", lambda *_: pytest.fail("compared"))
    monkeypatch.setattr("sos_studio.presenters.judging.model_results.result", lambda *_: pytest.fail("counted"))
    staging.stage(project, wrong.case_id, wrong.capture_id, None, "A", wrong.stage + 2)
    dock.session.cases_changed.emit()
    monkeypatch.undo()
    # The label was wrong, not the network: back on the screen the list knows.
    dock.show()
    qtbot.waitUntil(lambda: dock.pages.mistakes.count() == 0)


def test_waiting_trainings_are_moved_by_the_menu(project, lives, qtbot, monkeypatch):
    running = Job(project, "20261120-090000-retrain-0000")
    running.begin()
    lives.add(running.folder.name)
    for n in (1, 2):
        job = Job(project, f"20261120-1{n}0000-retrain-000{n}")
        waiting.join(waiting.Waiting(job_dir=str(job.folder.resolve()), device="auto", attempt=1))
    monkeypatch.setattr("sos_studio.services.job_queue.ensure_keeper", lambda: None)
    dock = make_dock(project, qtbot)
    texts = [dock.jobs.item(n).text() for n in range(3)]
    assert ["▶" in text for text in texts] == [True, False, False]
    assert texts[1].endswith("waits, number 1")
    assert not dock.earlier.isEnabled()
    dock.presenter.follow("20261120-120000-retrain-0002")
    assert "the running training and 1 more in the line are ahead of it" in dock.pages.overview.status.text()
    assert dock.earlier.isEnabled()
    dock.earlier.trigger()
    qtbot.waitUntil(lambda: waiting.line()[0].path.name == "20261120-120000-retrain-0002")
    dock.presenter.poll()
    assert "next, once the running training has ended" in dock.pages.overview.status.text()
    assert (dock.earlier.isEnabled(), dock.later.isEnabled()) == (False, True)
    QTest.mouseClick(dock.cancel, LEFT)
    dock.presenter.poll()
    assert [entry.path.name for entry in waiting.line()] == ["20261120-110000-retrain-0001"]
    assert dock.resume.isVisible()


def test_too_little_memory_is_one_button_away_from_a_smaller_batch(project, lives, qtbot, monkeypatch):
    job = Job(project)
    job.begin()
    job.write(Failed, 5, code="training.out_of_memory", values={"part": "student", "setting": "student.optimiser.batch_size=4"})
    asked = []
    monkeypatch.setattr(training_module.jobs, "resume", lambda handle, *, wait, changes: asked.append(changes) or handle)
    dock = make_dock(project, qtbot)
    overview = dock.pages.overview
    assert overview.smaller.text() == "Try again with batches of 4"
    QTest.mouseClick(overview.smaller, LEFT)
    assert asked == [{"student.optimiser.batch_size": 4}]


def test_in_a_second_window_nothing_is_started_named_deleted_or_chosen(project, two, qtbot):
    with Project.open(project.directory, read_only=True) as looked_at:
        dock = make_dock(looked_at, qtbot)
        assert not dock.retrain.isEnabled()
        assert not dock.more.isVisible()
        overview = dock.pages.overview
        assert "On the same 3 cases" in overview.standing.text()
        assert not overview.use.isVisible()
        dock.actions_by_id[Action.RETRAIN_ALL]()
        assert "nothing was saved" in dock.problem.text()


def test_the_list_has_a_menu_under_the_pointer(project, two, qtbot):
    dock = make_dock(project, qtbot)
    dock.jobs.customContextMenuRequested.emit(dock.jobs.visualItemRect(dock.jobs.item(0)).center())
    assert dock.more.menu().isVisible()
    dock.more.menu().close()
    dock.jobs.customContextMenuRequested.emit(QPoint(5, dock.jobs.height() - 3))
    assert not dock.more.menu().isVisible()


def test_who_asks_a_network_stays_where_they_are_and_sees_what_it_said(project, two, lives, qtbot, monkeypatch):
    kept = project.directory / "models" / two[1] / "held_out.json"
    known = kept.read_text()
    kept.unlink()
    dock = make_dock(project, qtbot)
    show_page(dock, dock.pages.result, qtbot)
    asking = Job(project, "20261120-120000-evaluate-cccc", judged=(two[1],), kind="evaluate")

    def judge(project, ids, *, wait):
        asking.write(Started, 0, kind="evaluate", parts=("evaluate",), versions={})
        lives.add(asking.folder.name)
        return asking.handle

    monkeypatch.setattr(training_module.jobs, "judge_models", judge)
    box = dock.pages.ask
    QTest.mouseClick(box.button, LEFT)
    assert dock.presenter.state.job.handle.job_id == NEW
    assert not box.button.isVisible(), "it was pressed"
    assert box.bar.isVisible()
    assert box.said.text() == "Asking …"
    asking.write(Progress, 5, done=0.4, total=1.0, part="evaluate")
    dock.presenter.poll()
    assert (box.said.text(), box.bar.value()) == ("Asking · 40 %", 400)
    assert dock.jobs.item(0).text().startswith("networks being asked\n▶")
    kept.write_text(known)
    asking.succeed({})
    dock.presenter.poll()
    assert "2 of 3 cases staged rightly" in dock.pages.result.figures.text()
    assert not box.isVisible()
    assert dock.jobs.count() == 2, "nothing of it is left to look at"


@pytest.fixture
def asking(project, two, lives, monkeypatch):
    """The new student's answers are unknown; who asks for them gets this job, which runs."""
    kept = project.directory / "models" / two[1] / "held_out.json"
    known = kept.read_text()
    kept.unlink()
    made = Job(project, "20261120-120000-evaluate-cccc", judged=(two[1],), kind="evaluate")
    made.write(Started, 0, kind="evaluate", parts=("evaluate",), versions={})
    lives.add(made.folder.name)
    made.answer = lambda: kept.write_text(known)
    return made


def test_whoever_looked_on_while_a_network_was_asked_is_led_back_to_its_training(project, two, asking, qtbot):
    dock = make_dock(project, qtbot)
    dock.presenter.follow(NEW)
    show_page(dock, dock.pages.result, qtbot)
    item = dock.jobs.item(0)
    QTest.mouseClick(dock.jobs.viewport(), LEFT, PLAIN, dock.jobs.visualItemRect(item).center())
    assert dock.presenter.state.job.handle.job_id == asking.folder.name
    assert dock.pages.ask.bar.isVisible(), "the same page, and how far it is"
    assert "asked about cases" in dock.pages.overview.facts.text()
    assert "preset" not in dock.pages.overview.facts.text()
    asking.answer()
    asking.succeed({})
    dock.presenter.poll()
    assert dock.presenter.state.job.handle.job_id == NEW
    assert dock.jobs.currentItem().data(Qt.ItemDataRole.UserRole) == NEW
    assert "2 of 3 cases staged rightly" in dock.pages.result.figures.text()
    dock.ask_delete()
    (dialog,) = dock.findChildren(DeleteJobDialog)
    assert "all three networks" in dialog.findChild(QLabel).text(), "the one that is marked"
    dialog.reject()


def test_asking_is_stopped_where_it_was_begun_and_can_be_asked_again(project, two, asking, lives, qtbot):
    dock = make_dock(project, qtbot)
    dock.presenter.follow(NEW)
    show_page(dock, dock.pages.result, qtbot)
    heard = []
    dock.session.message.connect(lambda told, _: heard.append(told.code))
    box = dock.pages.ask
    QTest.mouseClick(box.cancel, LEFT)
    assert (asking.folder / "cancel").exists()
    asking.write(Cancelled, 9)
    lives.discard(asking.folder.name)
    dock.presenter.poll()
    assert heard == ["compare.cancelled"]
    assert box.button.isVisible()
    assert box.problem.text() == ""
    assert dock.jobs.count() == 2


def test_why_a_network_could_not_be_asked_stands_where_it_was_asked(project, two, asking, lives, qtbot):
    dock = make_dock(project, qtbot)
    dock.presenter.follow(NEW)
    show_page(dock, dock.pages.result, qtbot)
    asking.write(Failed, 9, code="compare.no_common_cases", values={})
    lives.discard(asking.folder.name)
    dock.presenter.poll()
    assert dock.pages.ask.problem.text() == str(message("compare.no_common_cases"))
    assert dock.pages.ask.button.isVisible()
    assert "could not be asked" in training_words.status(dock.presenter.state.asks[0].state, asks=True)


def test_the_end_of_a_training_is_told_with_a_button_that_shows_it(project, manifest, lives, window, qtbot):
    session = window.session
    session.settings.from_scratch_told = True
    job = Job(project)
    job.begin()
    lives.add(job.folder.name)
    session.set_project(project)
    qtbot.waitUntil(lambda: window.training_dock.presenter.state.running)
    assert not window.training_dock.isVisible()
    job.succeed({})
    window.training_dock.presenter.poll()
    qtbot.waitUntil(lambda: "training has ended well" in window.messages.text.lower())
    QTest.mouseClick(window.messages._more, LEFT)
    assert window.training_dock.isVisible()
    session.set_project(None)


def test_a_project_with_one_student_offers_to_compare_it_with_its_teacher(project, manifest, lives, qtbot):
    cases = held_out(manifest)
    student = trained(project, manifest, 1, [said(case, case.stage) for case in cases], OLD)
    of_crops = [said(case, 5).model_copy(update={"picture_sha256": case.crop.sha256}) for case in cases]
    teacher = model(project, 2, manifest, of_crops, kind="teacher").card.model_id
    dock = make_dock(project, qtbot)
    compare = dock.pages.compare
    show_page(dock, compare, qtbot)
    assert (compare.first.currentData(), compare.second.currentData()) == (student, teacher)
    assert "3 against 0 staged rightly" in compare.told.text()


def test_where_a_compared_network_was_deleted_another_one_stands(project, manifest, two, qtbot):
    old, new = two
    third = model(project, 3, manifest, [said(case, 4) for case in held_out(manifest)], kind="teacher").card.model_id
    dock = make_dock(project, qtbot)
    compare = dock.pages.compare
    show_page(dock, compare, qtbot)
    assert (compare.first.currentData(), compare.second.currentData()) == (new, old)
    dock.judging._show(models=tuple(entry for entry in dock.judging.state.models if entry.card.model_id != new))
    assert (compare.first.currentData(), compare.second.currentData()) == (third, old)
    assert compare.told.text()


def test_two_that_can_be_compared_are_offered_first_and_a_pair_that_was_chosen_stays(project, two, manifest, qtbot):
    import json

    old, new = two
    stranger = model(project, 3, manifest, [])
    card = json.loads((stranger.path / "model.json").read_text())
    (stranger.path / "model.json").write_text(json.dumps(card | {"manifest_id": "manifest-elsewhere"}))
    dock = make_dock(project, qtbot)
    compare = dock.pages.compare
    show_page(dock, compare, qtbot)
    assert {compare.first.currentData(), compare.second.currentData()} == {old, new}
    assert "On the same 3 cases" in compare.told.text()
    compare.compare(stranger.card.model_id, old)
    assert compare.first.currentData() == stranger.card.model_id
    assert compare.told.text().startswith("Nobody can tell which cases Student (")
