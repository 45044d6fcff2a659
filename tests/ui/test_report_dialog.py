from pathlib import Path

import pytest
from PySide6.QtWidgets import QDialogButtonBox, QFileDialog

from sos_studio.core.actions import Action
from sos_studio.services import case_report, staging
from sos_studio.services.case_report_files import Wish
from sos_studio.ui import predict_tools
from sos_studio.ui.predict_step import PredictStep
from sos_studio.ui.predict_tools import PredictTools
from sos_studio.ui.report_dialog import ReportDialog
from tests.presenters.kit import make_project, make_session
from tests.presenters.models import FakeService, add_model


def test_nothing_names_the_patient_unless_it_is_typed_after_a_warning(qtbot):
    dialog = ReportDialog()
    qtbot.addWidget(dialog)
    dialog.show()
    dialog.patient.setText("Jane Doe")
    assert dialog.patient_text == ""
    assert not dialog.warning.isVisible()
    dialog.identified.click()
    assert dialog.warning.isVisible()
    assert dialog.patient_text == "Jane Doe"
    dialog.pdf.click()
    assert dialog.patient_text == ""
    assert not dialog._buttons.buttons()[0].isEnabled()


def test_a_report_that_names_the_patient_wants_a_name(qtbot):
    dialog = ReportDialog()
    qtbot.addWidget(dialog)
    ok = dialog._buttons.button(QDialogButtonBox.StandardButton.Ok)
    dialog.identified.click()
    assert not ok.isEnabled()
    dialog.patient.setText("  ")
    assert not ok.isEnabled()
    dialog.patient.setText("Jane Doe")
    assert ok.isEnabled()
    dialog.patient.clear()
    dialog.identified.click()
    assert ok.isEnabled()


@pytest.fixture
def step(tmp_path, qtbot):
    with make_project(tmp_path / "p") as project:
        add_model(project.directory, "student", phantom=True)
        made = PredictStep(make_session(project), service=FakeService(stage=4))
        qtbot.addWidget(made)
        qtbot.addWidget(made.inspector())
        yield made


def test_the_report_of_what_is_on_the_screen_is_written_as_pdf_and_dicom(step, tmp_path):
    session = step.presenter._session
    told = []
    session.message.connect(lambda message, severity: told.append(message.code))
    tools = PredictTools(session, step, step, lambda _: None)
    tools.report_to(tmp_path / "out", Wish())
    assert told == ["predict.nothing_to_confirm"]
    step.actions_by_id[Action.PREDICT]()
    tools.report_to(tmp_path / "out", Wish(dicom=True))
    assert told[-1] == "predict.report_saved"
    assert (tmp_path / "out" / "case-0001-report.pdf").read_bytes().startswith(b"%PDF")
    assert sorted(path.name for path in (tmp_path / "out" / "case-0001-dicom").iterdir()) == ["full.dcm", "heatmap.dcm", "report.dcm"]


def test_a_blinded_readers_report_goes_by_their_number_and_tells_no_other_reading(step, tmp_path, monkeypatch):
    session = step.presenter._session
    project, capture = session.project, session.capture
    staging.stage(project, "case-0001", capture.capture_id, None, "Dr Other", 5)
    session.blinding.set_on(True)
    step.presenter.readings.choose(2)
    step.actions_by_id[Action.PREDICT]()
    made, told = [], []
    gather = case_report.gather
    monkeypatch.setattr(case_report, "gather", lambda *args, **kwargs: made.append(gather(*args, **kwargs)) or made[-1])
    session.message.connect(lambda message, severity: told.append(message.text))
    PredictTools(session, step, step, lambda _: None).report_to(tmp_path / "out", Wish(dicom=True))
    number = session.blinding.name("case-0001")
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [f"{number}-dicom", f"{number}-report.pdf"]
    assert [row.evaluator for _, row in made[0].readings] == ["Dr Test"]
    assert number in told[-1]
    assert "case-0001" not in told[-1]


def test_the_report_says_whose_evidence_the_heatmap_on_the_screen_shows(step, tmp_path, monkeypatch):
    session, made = step.presenter._session, []
    gather = case_report.gather
    monkeypatch.setattr(case_report, "gather", lambda *args, **kwargs: made.append(gather(*args, **kwargs)) or made[-1])
    step.actions_by_id[Action.PREDICT]()
    step.presenter.set_heat_stage(2)
    step.presenter.set_heat_method("grad-cam++")
    PredictTools(session, step, step, lambda _: None).report_to(tmp_path / "out", Wish())
    assert (made[0].said.stage, made[0].heat_stage, made[0].heat_method) == (4, 2, "grad-cam++")


def test_a_report_tells_its_folder_is_in_sight_while_it_is_written_and_can_be_opened(step, tmp_path, monkeypatch):
    session, told, busy, opened = step.presenter._session, [], [], []
    session.message.connect(lambda message, severity: told.append(message))
    session.tasks.changed.connect(lambda: busy.append([task.what for task in session.tasks.running]))
    step.actions_by_id[Action.PREDICT]()
    busy.clear()
    tools = PredictTools(session, step, step, lambda _: None)
    tools.written.connect(lambda *said: opened.append(said))
    tools.report_to(tmp_path / "out", Wish())
    assert busy[0] == ["report"]
    assert busy[-1] == []
    assert str(tmp_path / "out") in told[-1].text
    ((words, label, show),) = opened
    assert (words, label) == (told[-1], "Open")
    shown = []
    monkeypatch.setattr(predict_tools.QDesktopServices, "openUrl", lambda url: shown.append(url.toLocalFile()) or len(shown) > 1)
    show()
    assert (shown, told[-1].code) == ([str(tmp_path / "out" / "case-0001-report.pdf")], "predict.report_no_program")
    told.clear()
    show()
    assert told == []


def test_the_report_calls_the_network_as_the_window_does(step, tmp_path, monkeypatch):
    made = []
    gather = case_report.gather
    monkeypatch.setattr(case_report, "gather", lambda *args, **kwargs: made.append(gather(*args, **kwargs)) or made[-1])
    step.actions_by_id[Action.PREDICT]()
    PredictTools(step.presenter._session, step, step, lambda _: None).report_to(tmp_path / "out", Wish())
    assert made[0].network == "Student (2026-11-20)"
    (table,) = [part for part in case_report._network(made[0]) if hasattr(part, "rows")]
    assert table.rows[0] == ("Name", "Student (2026-11-20)")
    assert "student-a" in table.rows[1][1]


def test_whoever_exports_a_network_is_told_which_and_the_file_is_called_after_it(step, monkeypatch):
    tools = PredictTools(step.presenter._session, step, step, lambda _: None)
    tools.actions_by_id[Action.EXPORT_NETWORK]()
    (dialog,) = step.findChildren(QFileDialog)
    assert dialog.windowTitle() == "Export Student (2026-11-20)"
    (file,) = dialog.selectedFiles()
    assert Path(file).name.startswith("Student 2026-11-20 1")
    assert Path(file).name.endswith(".sosmodel")
    assert not set(Path(file).name) & set('<>:"|?*()')
    dialog.reject()
