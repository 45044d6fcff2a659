"""Starting weights: found where a person put them, fetched only when asked, never half."""

from __future__ import annotations

import hashlib
import io
import json
from email.message import Message
from http.client import HTTPMessage
from pathlib import Path

import pytest

from sos_studio.core.errors import BadInputError, CancelledError
from sos_studio.core.jobs import SOURCE_SUFFIX
from sos_studio.core.settings import Settings
from sos_studio.services import weights
from tests.services.conftest import safetensors_bytes


class _Reply(io.BytesIO):
    def __init__(self, content: bytes, said: int | None = None) -> None:
        super().__init__(content)
        self.headers: Message = HTTPMessage()
        self.headers["Content-Length"] = str(len(content) if said is None else said)


def test_without_weights_training_starts_from_scratch_and_says_so() -> None:
    status = weights.status("convnext_atto")
    assert (status.path, status.code, status.downloadable) == (None, "weights.from_scratch", True)


def test_weights_are_found_in_the_cache_and_in_the_settings(tmp_path: Path) -> None:
    cached = weights.cache_file("convnext_tiny+attn")
    cached.parent.mkdir(parents=True)
    cached.write_bytes(safetensors_bytes())
    assert weights.find("convnext_tiny") == cached.resolve()
    own = tmp_path / "own.safetensors"
    own.write_bytes(safetensors_bytes())
    Settings(weights={"convnext_tiny": str(own)}).save()
    assert weights.find("convnext_tiny+attn") == own


def test_a_chosen_file_is_never_replaced_in_silence(tmp_path: Path) -> None:
    with pytest.raises(BadInputError, match=r"weights\.not_found"):
        weights.find("resnet18", tmp_path / "missing.safetensors")
    (tmp_path / "pickle.pt").write_bytes(b"\x80\x02anything")
    with pytest.raises(BadInputError, match=r"weights\.unreadable"):
        weights.find("resnet18", tmp_path / "pickle.pt")


def test_a_download_is_whole_or_not_there() -> None:
    shares: list[float] = []
    got = weights.download_weights("convnext_atto", shares.append, open_url=lambda _url: _Reply(safetensors_bytes()))
    assert got == weights.cache_file("convnext_atto")
    assert shares[-1] == 1.0
    assert weights.find("convnext_atto") is not None
    note = json.loads(got.with_suffix(SOURCE_SUFFIX).read_text())
    assert note == {
        "source": weights.weights_url("convnext_atto"),
        "licence": "apache-2.0",
        "sha256": hashlib.sha256(got.read_bytes()).hexdigest(),
    }


@pytest.mark.parametrize(
    ("reply", "code"),
    [(_Reply(b"<html>not found</html>"), "weights.unreadable"), (_Reply(safetensors_bytes(), 10_000), "weights.download_failed")],
)
def test_a_bad_download_leaves_nothing(reply: _Reply, code: str) -> None:
    with pytest.raises(BadInputError) as caught:
        weights.download_weights("resnet18", open_url=lambda _url: reply)
    assert caught.value.code == code
    assert list(weights.cache_dir().iterdir()) == []


def test_a_download_can_be_cancelled() -> None:
    with pytest.raises(CancelledError):
        weights.download_weights("resnet18", cancelled=lambda: True, open_url=lambda _url: _Reply(safetensors_bytes()))
    assert list(weights.cache_dir().iterdir()) == []


def test_no_connection_is_one_sentence() -> None:
    def refuse(_url: str) -> _Reply:
        raise OSError("no route to host")

    with pytest.raises(BadInputError, match=r"weights\.download_failed"):
        weights.download_weights("resnet18", open_url=refuse)
    with pytest.raises(BadInputError, match=r"weights\.none_published"):
        weights.download_weights("unheard_of")
