"""Networks as one file: whole and verified, or refused in words; never unpickled."""

from __future__ import annotations

import hashlib
import io
import json
import os
import pickle
import shutil
import time
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from safetensors.numpy import save

from sos_studio.core.errors import BadInputError, ProjectError, SosError
from sos_studio.messages import message
from sos_studio.services import model_list, model_package
from sos_studio.services.model_list import ModelEntry


def network(folder: Path, model_id: str = "student-1", kind: str = "student", **more: Any) -> ModelEntry:
    weights = save({"a": np.arange(6, dtype=np.float32), "b": np.ones((2, 3), np.float32)})
    card = {
        "model_id": model_id,
        "kind": kind,
        "network": "convnext_atto",
        "input_shape_hw": [224, 224],
        "manifest_id": "m1",
        "phantom": True,
        "from_scratch": True,
        "created_utc": "2026-11-20T10:00:00+00:00",
        "software": "test",
        "weights_sha256": hashlib.sha256(weights).hexdigest(),
        "held_out": {"n": 40, "correct": 27},
        **more,
    }
    place = folder / model_id
    place.mkdir(parents=True)
    (place / "model.safetensors").write_bytes(weights)
    (place / "model.json").write_text(json.dumps(card))
    (place / "held_out.json").write_text('{"case-0001": 3}')
    return model_list.read(place)


@pytest.fixture
def package(tmp_path: Path) -> Path:
    entries = [network(tmp_path / "from"), network(tmp_path / "from", "detector-1", "detector")]
    model_package.export_models(entries, tmp_path / "out" / "both.sosmodel")
    return tmp_path / "out" / "both.sosmodel"


def rewritten(package: Path, change: Callable[[dict[str, bytes]], None]) -> Path:
    """The package with other members."""
    with zipfile.ZipFile(package) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    change(members)
    other = package.with_name("other.sosmodel")
    with zipfile.ZipFile(other, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return other


def test_networks_arrive_as_they_left_without_what_they_said_of_cases(package: Path, tmp_path: Path) -> None:
    found = model_package.import_models(package, tmp_path / "to" / "models")
    assert [entry.card.model_id for entry in found] == ["student-1", "detector-1"]
    for entry in found:
        source = tmp_path / "from" / entry.card.model_id
        assert sorted(path.name for path in entry.path.iterdir()) == ["model.json", "model.safetensors"]
        assert all((entry.path / name).read_bytes() == (source / name).read_bytes() for name in ("model.json", "model.safetensors"))
    assert [path.name for path in (tmp_path / "to" / "models").iterdir() if path.name.startswith(".")] == []


def test_a_package_says_in_words_what_it_holds_and_what_it_is_not(package: Path) -> None:
    with zipfile.ZipFile(package) as archive:
        words = archive.read("CARD.md").decode()
    assert "not a medical device" in words
    assert "Trained on phantoms" in words
    assert "27 of 40 staged as labelled" in words


def test_the_same_networks_give_the_same_bytes(package: Path, tmp_path: Path) -> None:
    entries = [model_list.read(tmp_path / "from" / name) for name in ("student-1", "detector-1")]
    model_package.export_models(entries, tmp_path / "again.sosmodel")
    assert (tmp_path / "again.sosmodel").read_bytes() == package.read_bytes()


def test_importing_twice_changes_nothing_and_another_network_of_that_name_is_refused(package: Path, tmp_path: Path) -> None:
    models = tmp_path / "to"
    model_package.import_models(package, models)
    assert len(model_package.import_models(package, models)) == 2
    (models / "student-1" / "model.json").write_text("{}")
    with pytest.raises(BadInputError, match=r"package\.other_of_that_name"):
        model_package.import_models(package, models)


def test_what_a_killed_import_left_is_cleared_away_by_a_later_one(package: Path, tmp_path: Path) -> None:
    for name, age_s in ((".import-old.tmp", 7200), (".import-new.tmp", 5)):
        (tmp_path / "to" / name / "student-1").mkdir(parents=True)
        os.utime(tmp_path / "to" / name, (time.time() - age_s,) * 2)
    model_package.import_models(package, tmp_path / "to")
    assert sorted(path.name for path in (tmp_path / "to").iterdir()) == [".import-new.tmp", "detector-1", "student-1"]


def test_a_network_whose_weights_were_changed_is_not_packed(tmp_path: Path) -> None:
    entry = network(tmp_path)
    (entry.path / "model.safetensors").write_bytes(save({"a": np.zeros(3, np.float32)}))
    with pytest.raises(BadInputError, match=r"model\.changed"):
        model_package.export_models([entry], tmp_path / "x.sosmodel")
    assert not (tmp_path / "x.sosmodel").exists()
    assert not list(tmp_path.glob(".x.*"))


class Trap:
    def __reduce__(self) -> tuple[object, ...]:
        return (pytest.fail, ("unpickled",))


def _no_card(members: dict[str, bytes]) -> None:
    del members["models/student-1/model.json"]


def _pickle(members: dict[str, bytes]) -> None:
    content = pickle.dumps(Trap())
    members["models/student-1/model.safetensors"] = content
    listed = json.loads(members["package.json"])
    listed["models"][0]["files"]["model.safetensors"] = hashlib.sha256(content).hexdigest()
    card = json.loads(members["models/student-1/model.json"]) | {"weights_sha256": hashlib.sha256(content).hexdigest()}
    members["models/student-1/model.json"] = json.dumps(card).encode()
    listed["models"][0]["files"]["model.json"] = hashlib.sha256(members["models/student-1/model.json"]).hexdigest()
    members["package.json"] = json.dumps(listed).encode()


def _climbing(members: dict[str, bytes]) -> None:
    listed = json.loads(members["package.json"])
    listed["models"][0]["model_id"] = "../evil"
    members["package.json"] = json.dumps(listed).encode()


def _other_weights(members: dict[str, bytes]) -> None:
    members["models/student-1/model.safetensors"] = save({"a": np.zeros(3, np.float32)})


def _more(members: dict[str, bytes]) -> None:
    members["run.py"] = b"print(1)"


def _newer(members: dict[str, bytes]) -> None:
    members["package.json"] = json.dumps(json.loads(members["package.json"]) | {"schema_version": 2, "models": "elsewhere"}).encode()


def _newer_card(members: dict[str, bytes]) -> None:
    card = json.dumps(json.loads(members["models/student-1/model.json"]) | {"schema_version": 9}).encode()
    members["models/student-1/model.json"] = card
    listed = json.loads(members["package.json"])
    listed["models"][0]["files"]["model.json"] = hashlib.sha256(card).hexdigest()
    members["package.json"] = json.dumps(listed).encode()


def _twice(members: dict[str, bytes]) -> None:
    listed = json.loads(members["package.json"])
    listed["models"].append(listed["models"][0])
    members["package.json"] = json.dumps(listed).encode()


def _called(name: str) -> Callable[[dict[str, bytes]], None]:
    """The detector under another name, its hashes put right."""

    def change(members: dict[str, bytes]) -> None:
        listed = json.loads(members["package.json"])
        for file in ("model.json", "model.safetensors"):
            members[f"models/{name}/{file}"] = members.pop(f"models/detector-1/{file}")
        card = json.dumps(json.loads(members[f"models/{name}/model.json"]) | {"model_id": name}).encode()
        members[f"models/{name}/model.json"] = card
        listed["models"][1]["model_id"] = name
        listed["models"][1]["files"]["model.json"] = hashlib.sha256(card).hexdigest()
        members["package.json"] = json.dumps(listed).encode()

    return change


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (_twice, "package.damaged"),
        (_called("STUDENT-1"), "package.damaged"),
        (_called("NUL.x"), "package.damaged"),
        (_called("detector."), "package.damaged"),
        (_no_card, "package.damaged"),
        (_pickle, "package.damaged"),
        (_climbing, "package.not_one"),
        (_other_weights, "package.damaged"),
        (_more, "package.damaged"),
        (_newer, "package.newer"),
        (_newer_card, "model.newer"),
    ],
)
def test_what_is_not_exactly_a_package_is_refused_and_leaves_nothing(
    package: Path, tmp_path: Path, change: Callable[[dict[str, bytes]], None], code: str
) -> None:
    with pytest.raises(BadInputError) as caught:
        model_package.import_models(rewritten(package, change), tmp_path / "to")
    assert caught.value.code == code
    assert message(caught.value.code, caught.value.values).text
    assert list((tmp_path / "to").iterdir()) == []


@given(st.data())
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_flipped_or_missing_byte_is_never_taken_for_a_network(package: Path, tmp_path: Path, data: st.DataObject) -> None:
    content = bytearray(package.read_bytes())
    if data.draw(st.booleans()):
        at = data.draw(st.integers(0, len(content) - 1))
        content[at] ^= 1 << data.draw(st.integers(0, 7))
    else:
        del content[data.draw(st.integers(0, len(content) - 1)) :]
    broken = tmp_path / "broken.sosmodel"
    broken.write_bytes(bytes(content))
    shutil.rmtree(tmp_path / "to", ignore_errors=True)
    try:
        found = model_package.import_models(broken, tmp_path / "to")
    except SosError:
        assert not list((tmp_path / "to").iterdir())
        return
    # Bytes that zip does not look at (times, flags of no meaning) may differ; what arrived is what left.
    for entry in found:
        for name in ("model.json", "model.safetensors"):
            assert (entry.path / name).read_bytes() == (tmp_path / "from" / entry.card.model_id / name).read_bytes()


def test_a_package_can_be_used_without_being_taken_in(package: Path) -> None:
    with model_package.opened(package) as folder:
        assert model_list.read(folder / "student-1").card.kind == "student"
    assert not folder.exists()


@pytest.mark.parametrize("how", [zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_members_that_are_packed_are_refused_before_any_is_unpacked(package: Path, tmp_path: Path, how: int) -> None:
    other = tmp_path / "packed.sosmodel"
    with zipfile.ZipFile(package) as archive, zipfile.ZipFile(other, "w", how) as into:
        for name in archive.namelist():
            into.writestr(name, archive.read(name))
    with pytest.raises(BadInputError, match=r"package\.not_one"):
        model_package.import_models(other, tmp_path / "to")
    assert list((tmp_path / "to").iterdir()) == []


@pytest.mark.parametrize("error", [zlib.error("x"), ValueError("x")])
def test_whatever_unpacking_trips_over_is_damage_in_words(
    package: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def trip(*_: object) -> str:
        raise error

    monkeypatch.setattr(model_package, "_pour", trip)
    with pytest.raises(BadInputError, match=r"package\.damaged"):
        model_package.import_models(package, tmp_path / "to")


def test_a_full_disk_is_told_where_a_package_is_only_used(package: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> str:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(model_package, "_pour", full)
    with pytest.raises(ProjectError, match=r"prediction\.folder_unwritable") as caught, model_package.opened(package):
        pytest.fail("nothing was unpacked")
    assert caught.value.values["reason"] == "No space left on device"


def test_a_picture_or_a_folder_is_no_package(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(b"\x89PNG")
    assert not model_package.is_package(tmp_path / "a.png")
    assert not model_package.is_package(tmp_path)
    with pytest.raises(BadInputError, match=r"package\.not_one"):
        model_package.unpack(tmp_path / "a.png", tmp_path)
    with zipfile.ZipFile(tmp_path / "b.zip", "w") as archive:
        archive.writestr("x", io.BytesIO().getvalue())
    with pytest.raises(BadInputError, match=r"package\.not_one"):
        model_package.unpack(tmp_path / "b.zip", tmp_path)


def test_a_folder_that_cannot_be_written_is_told(package: Path, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ProjectError, match=r"prediction\.folder_unwritable"):
        model_package.import_models(package, tmp_path / "file")
    with pytest.raises(ProjectError, match=r"prediction\.folder_unwritable"):
        model_package.export_models([model_list.read(tmp_path / "from" / "student-1")], tmp_path / "file" / "x.sosmodel")
