import pytest

from sos_studio.messages import Message
from sos_studio.presenters.judging import JudgingPresenter
from sos_studio.services import model_choice, model_list
from tests.presenters.kit import make_project, make_session
from tests.services.test_job_care import make_model


@pytest.fixture
def project(tmp_path):
    with make_project(tmp_path / "p") as made:
        yield made


def test_networks_are_listed_with_the_one_in_use_and_the_way_back(project):
    first = make_model(project, 1)
    presenter = JudgingPresenter(make_session(project))
    assert (presenter.state.used, presenter.state.before) == (first, None)
    session = presenter._session
    model_list.settle(project)
    second = make_model(project, 2)
    session.models_changed.emit()
    assert presenter.state.used == first
    assert [entry.card.model_id for entry in presenter.state.staging] == [second, first]
    heard = []
    session.message.connect(lambda told, severity: heard.append((told.code, severity)))
    presenter.use(second)
    assert (presenter.state.used, presenter.state.before) == (second, first)
    assert heard == [("model.now_in_use", "success")]
    presenter.use(first)
    assert (presenter.state.used, presenter.state.before) == (first, second)


def test_there_is_a_way_back_to_what_nobody_ever_chose(project):
    first, second = make_model(project, 1), make_model(project, 2)
    presenter = JudgingPresenter(make_session(project))
    assert presenter.state.used == second
    presenter.use(first)
    assert (presenter.state.used, presenter.state.before) == (first, second)
    assert len(model_choice.choices(project.directory / "models")) == 2


def test_a_detector_and_an_unknown_network_are_not_taken_into_use(project):
    make_model(project, 1)
    detector = make_model(project, 2, kind="detector")
    presenter = JudgingPresenter(make_session(project))
    before = presenter.state.used
    presenter.use(detector)
    presenter.use("nothing")
    assert presenter.state.used == before
    assert [entry.card.kind for entry in presenter.state.staging] == ["student"]


def test_what_can_not_be_compared_is_said_and_asked_for_once(project, monkeypatch):
    first, second = make_model(project, 1), make_model(project, 2)
    presenter = JudgingPresenter(make_session(project))
    asked = []
    from sos_studio.presenters import judging

    compare = judging.model_results.compare
    monkeypatch.setattr(judging.model_results, "compare", lambda *given: asked.append(given) or compare(*given))
    presenter.ask_comparison(first, second)
    presenter.ask_comparison(first, second)
    told = presenter.state.comparisons[(first, second)]
    assert isinstance(told, Message)
    assert told.code == "compare.unknown_training"
    assert len(asked) == 1
    presenter.ask_result(first)
    assert presenter.state.results == {first: None}
    presenter._session.models_changed.emit()
    assert presenter.state.comparisons == {}
    presenter.ask_comparison(first, second)
    assert len(asked) == 2


def test_in_a_second_window_nothing_is_chosen(project):
    first, second = make_model(project, 1), make_model(project, 2)
    from sos_studio.dataset.project import Project

    with Project.open(project.directory, read_only=True) as looked_at:
        session = make_session(looked_at)
        heard = []
        session.message.connect(lambda told, severity: heard.append(told.code))
        presenter = JudgingPresenter(session)
        presenter.use(first)
        assert heard == ["project.read_only"]
        assert presenter.state.used == second


def test_a_label_that_was_corrected_is_counted_when_somebody_looks_again_and_the_old_figures_stay_until_then(project, monkeypatch):
    first = make_model(project, 1)
    session = make_session(project)
    presenter = JudgingPresenter(session)
    from sos_studio.presenters import judging

    found = iter(["before", "after"])
    monkeypatch.setattr(judging.model_results, "result", lambda *_: next(found))
    presenter.ask_result(first)
    session.cases_changed.emit()
    assert presenter.state.results == {first: "before"}
    presenter.ask_result(first)
    assert presenter.state.results == {first: "after"}
