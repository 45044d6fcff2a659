import pytest
from PySide6.QtWidgets import QDialogButtonBox

from sos_studio.core.actions import Action
from sos_studio.core.errors import CancelledError, JobFailedError
from sos_studio.core.manifests import Manifest, ManifestEntry
from sos_studio.dataset import captures, predictions
from sos_studio.presenters.prediction import PredictionPresenter
from sos_studio.services import staging
from sos_studio.ui.predict_step import PredictStep
from sos_studio.ui.predict_tools import PredictTools
from sos_studio.ui.teaching_dialog import TeachingDialog
from tests.presenters.kit import Slow, make_project, make_session
from tests.presenters.models import FakeService, add_model


@pytest.fixture
def project(tmp_path):
    with make_project(tmp_path / "p") as made:
        add_model(made.directory, "student", "a")
        yield made


def make(project, service, qtbot):
    session = make_session(project)
    dialog = TeachingDialog(session, PredictionPresenter(session, service))
    qtbot.addWidget(dialog)
    dialog.show()
    dialog.session = session
    return dialog


def stage(project, case_id, evaluator, number=3):
    (capture,) = captures.captures(project, case_id)
    staging.stage(project, case_id, capture.capture_id, None, evaluator, number)


def choices(dialog):
    return [dialog.which.itemText(n) for n in range(dialog.which.count())]


def test_nothing_is_asked_before_somebody_says_of_which_cases(project, qtbot):
    stage(project, "case-0001", "Dr Other")
    service = FakeService()
    dialog = make(project, service, qtbot)
    assert service.asked == []
    assert choices(dialog)[0] == "Cases that nobody has staged (1)"
    assert choices(dialog)[2] == "Cases that I have not staged, also those that the network learned from (2)"
    dialog.start.click()
    assert [dialog.table.item(row, 1).text() for row in range(dialog.table.rowCount())] == ["case-0002"]


def test_cases_that_the_network_learned_from_or_is_judged_by_teach_nothing_new(project, qtbot):
    def entry(n, fold):
        picture = {"path": "x", "sha256": str(n)}
        facts = {"case_id": f"case-000{n}", "patient": f"x{n}", "capture_id": "c", "stage": 1, "fold": fold, "shape_vu": [8, 8]}
        return ManifestEntry.model_validate({**facts, "spacing_mm": None, "full_image": picture})

    manifest = Manifest(manifest_id="m1", project_id="p", software="s", entries=(entry(1, 1), entry(2, 0)))
    project.path("manifests").mkdir(exist_ok=True)
    project.path("manifests", "m1.json").write_text(manifest.model_dump_json())
    assert choices(make(project, FakeService(), qtbot))[1].endswith("(0)")


def test_where_all_is_staged_what_the_network_does_not_know_is_offered_first(project, qtbot):
    for case_id in ("case-0001", "case-0002"):
        stage(project, case_id, "Dr Other")
    dialog = make(project, FakeService(), qtbot)
    assert dialog.which.currentData() == "unlearned"
    assert dialog.start.isEnabled()
    dialog.which.setCurrentIndex(0)
    dialog.which.activated.emit(0)
    assert not dialog.start.isEnabled()
    assert dialog.words.text() == "There is no such case."


def test_every_row_has_its_own_number_and_reason_and_no_stage(project, qtbot):
    dialog = make(project, FakeService(sure=0.3), qtbot)
    dialog.start.click()
    assert float(dialog.table.item(0, 2).text()) == pytest.approx(1.47, abs=0.01)
    assert dialog.table.item(0, 3).text() == "likeliest stage 30\u00a0%, next 18\u00a0%"
    assert predictions.shown(project, "case-0001") == []


def test_a_double_click_asks_for_the_case_and_the_list_stays(project, qtbot):
    dialog = make(project, FakeService(), qtbot)
    dialog.start.click()
    wanted = []
    dialog.case_wanted.connect(wanted.append)
    dialog.table.itemActivated.emit(dialog.table.item(1, 0))
    assert wanted == ["case-0002"]
    assert dialog.isVisible()


def test_what_was_staged_is_ticked_and_the_next_case_is_one_click_away(project, qtbot):
    dialog = make(project, FakeService(), qtbot)
    dialog.start.click()
    wanted = []
    dialog.case_wanted.connect(wanted.append)
    dialog.next.click()
    stage(project, "case-0001", "Dr Test")
    dialog.session.cases_changed.emit()
    assert [dialog.table.item(row, 0).text() for row in range(2)] == ["✓", ""]
    dialog.next.click()
    assert wanted == ["case-0001", "case-0002"]
    stage(project, "case-0002", "Dr Test")
    dialog.session.cases_changed.emit()
    assert not dialog.next.isEnabled()


def test_a_predictor_that_does_not_start_is_told(project, qtbot):
    service = FakeService()
    service.error = JobFailedError("prediction.cant_start", reason="no room")
    dialog = make(project, service, qtbot)
    dialog.start.click()
    assert "could not be started" in dialog.words.text()


def test_the_list_comes_back_to_the_front_and_goes_with_its_project(project, qtbot):
    step = PredictStep(make_session(project), service=FakeService())
    qtbot.addWidget(step)
    qtbot.addWidget(step.inspector())
    wanted = []
    tools = PredictTools(step._session, step, step, wanted.append)
    tools.actions_by_id[Action.TEACHING_CASES]()
    dialog = tools._teaching
    assert not dialog.isModal()
    dialog.case_wanted.emit("case-0002")
    tools.actions_by_id[Action.TEACHING_CASES]()
    assert (tools._teaching, wanted) == (dialog, ["case-0002"])
    step._session.set_project(None)
    assert tools._teaching is None


def test_the_networks_that_are_asked_are_named(project, qtbot):
    dialog = make(project, FakeService(), qtbot)
    assert dialog.asked.text() == "Asked: Student (2026-11-20), chosen in Predict."
    add_model(project.directory, "student", "b")
    dialog.session.models_changed.emit()
    first, second = dialog.asked.text().split("How far")
    assert first.startswith("Asked: Student (")
    assert "they differ from it is told by: Student (" in second


def tools_of(project, qtbot):
    """What the Predict menu does, with work that goes on when it is told to."""
    slow = Slow()
    session = make_session(project, background=slow)
    step = PredictStep(session, service=FakeService())
    qtbot.addWidget(step)
    qtbot.addWidget(step.inspector())
    slow.go_on()
    return slow, session, PredictTools(session, step, step, lambda _: None)


def test_closed_while_networks_are_asked_it_goes_on_and_tells_its_end(project, qtbot):
    slow, session, tools = tools_of(project, qtbot)
    told = []
    session.message.connect(lambda message, _: told.append(str(message)))
    tools.actions_by_id[Action.TEACHING_CASES]()
    dialog = tools._teaching
    qtbot.addWidget(dialog)
    slow.go_on()
    dialog.start.click()
    assert [task.what for task in session.tasks.running] == ["teaching"]
    dialog.buttons.button(QDialogButtonBox.StandardButton.Close).click()
    assert not dialog.isVisible()
    slow.go_on()
    assert session.tasks.running == ()
    assert told[-1].startswith("2 cases are in order.")
    tools.actions_by_id[Action.TEACHING_CASES]()
    assert tools._teaching is dialog
    assert dialog.table.rowCount() == 2


def test_it_goes_with_its_project_also_while_networks_are_asked(project, qtbot):
    slow, session, tools = tools_of(project, qtbot)
    tools.actions_by_id[Action.TEACHING_CASES]()
    slow.go_on()
    tools._teaching.start.click()
    session.set_project(None)
    assert tools._teaching is None
    with pytest.raises(CancelledError):
        slow.go_on()


def test_phantom_trained_networks_are_called_so_in_red_here_too(project, qtbot):
    add_model(project.directory, "student", "b", phantom=True)
    dialog = make(project, FakeService(), qtbot)
    assert dialog.origin.isVisible()
    assert dialog.origin.objectName() == "alarm"
    assert "Trained on phantoms" in dialog.origin.text()


def test_who_reads_blinded_is_not_told_which_cases_others_have_staged(project, qtbot):
    stage(project, "case-0001", "Dr Other")
    session = make_session(project)
    session.blinding.set_on(True)
    dialog = TeachingDialog(session, PredictionPresenter(session, FakeService()))
    qtbot.addWidget(dialog)
    dialog.show()
    assert len(choices(dialog)) == 1
    assert "I have not staged" in choices(dialog)[0]
    dialog.start.click()
    assert dialog.table.rowCount() == 2
