import json
import threading

import pytest

from sos_studio.core.errors import BadInputError, CancelledError
from sos_studio.presenters import starting_weights as module
from sos_studio.presenters.ports import ImmediateBackground
from sos_studio.presenters.starting_weights import StartingWeightsPresenter
from tests.presenters.kit import make_session


def weights_file(folder, name="w.safetensors"):
    header = json.dumps({"a": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}}).encode()
    path = folder / name
    path.write_bytes(len(header).to_bytes(8, "little") + header + b"\0\0\0\0")
    return path


@pytest.fixture
def session():
    return make_session(None)


def test_without_weights_it_says_so(session):
    presenter = StartingWeightsPresenter(session)
    assert presenter.state.status.path is None


def test_a_chosen_file_is_checked_and_remembered(session, tmp_path):
    presenter = StartingWeightsPresenter(session)
    presenter.choose(weights_file(tmp_path))
    assert presenter.state.status.path.name == "w.safetensors"
    presenter.forget()
    assert presenter.state.status.path is None


def test_a_file_that_is_none_is_refused_and_nothing_changes(session, tmp_path):
    (tmp_path / "w.safetensors").write_bytes(b"pickle")
    presenter = StartingWeightsPresenter(session)
    presenter.choose(tmp_path / "w.safetensors")
    assert presenter.state.problem.code == "weights.unreadable"
    assert presenter.state.status.path is None


def test_a_download_tells_its_progress_and_is_found_afterwards(session, monkeypatch, tmp_path):
    seen = []

    def download(network, progress, cancelled):
        progress(1.0)
        session.settings.weights[network] = str(weights_file(tmp_path))
        session.save_settings()

    monkeypatch.setattr(module.weights, "download_weights", download)
    presenter = StartingWeightsPresenter(session)
    presenter.changed.connect(lambda state: seen.append(state.fraction))
    presenter.download()
    assert 1.0 in seen
    assert presenter.state.fraction is None
    assert presenter.state.status.path is not None


def test_a_failed_download_is_one_sentence(session, monkeypatch):
    def download(network, progress, cancelled):
        raise BadInputError("weights.download_failed", network=network, reason="no route")

    monkeypatch.setattr(module.weights, "download_weights", download)
    presenter = StartingWeightsPresenter(session)
    presenter.download()
    assert "no route" in presenter.state.problem.text
    assert presenter.state.fraction is None


def test_a_download_can_be_stopped(session, monkeypatch):
    class Threaded(ImmediateBackground):
        def run(self, work, on_done, on_error=None, *, key=None):
            if key is not None:
                return super().run(work, on_done, on_error, key=key)

            def job():
                try:
                    on_done(work())
                except CancelledError as error:
                    on_error(error)

            self.thread = threading.Thread(target=job)
            self.thread.start()
            return None

    def download(network, progress, cancelled):
        while not cancelled():
            threading.Event().wait(0.005)
        raise CancelledError

    monkeypatch.setattr(module.weights, "download_weights", download)
    session.background = Threaded()
    presenter = StartingWeightsPresenter(session)
    presenter.download()
    presenter.cancel()
    session.background.thread.join(5)
    assert presenter.state.fraction is None
    assert presenter.state.problem is None
