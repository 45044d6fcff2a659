import json

import pytest

from sos_studio.presenters.left_out import LeftOutNetworks
from tests.presenters.kit import make_project, make_session
from tests.presenters.models import add_model


@pytest.fixture
def project(tmp_path):
    with make_project(tmp_path / "p") as made:
        yield made


def card_file(project, model_id):
    return project.directory / "models" / model_id / "model.json"


def listening(project):
    session, told = make_session(None), []
    session.message.connect(lambda message, severity: told.append((message.code, severity, message.text)))
    made = LeftOutNetworks(session)
    session.set_project(project)
    session.left_out = made
    return session, told


def test_a_network_of_a_newer_version_and_a_damaged_one_are_told_once_with_what_to_do(project):
    newer, damaged = add_model(project.directory, "student", "a"), add_model(project.directory, "detector", "b")
    card_file(project, newer).write_text(json.dumps(json.loads(card_file(project, newer).read_text()) | {"schema_version": 9}))
    card_file(project, damaged).write_text("{")
    session, told = listening(project)
    assert [(code, severity) for code, severity, _ in told] == [("prediction.model_unreadable", "warning"), ("model.newer", "warning")]
    assert "student-a was made by a newer version" in told[1][2]
    session.models_changed.emit()
    assert len(told) == 2
    session.set_project(None)
    session.set_project(project)
    assert len(told) == 4


def test_a_network_without_its_weights_is_told_and_what_is_no_network_is_not(project):
    model_id = add_model(project.directory, "student")
    (project.directory / "models" / model_id / "model.safetensors").unlink()
    (project.directory / "models" / "notes").mkdir()
    (project.directory / "models" / ".student-x.tmp").mkdir()
    _, told = listening(project)
    assert [code for code, *_ in told] == ["prediction.no_model"]


def test_usable_networks_are_told_nothing_of(project):
    add_model(project.directory, "student")
    assert listening(project)[1] == []
