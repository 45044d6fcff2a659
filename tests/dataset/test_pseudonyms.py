from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from sos_studio.core.errors import BadInputError
from sos_studio.core.settings import user_data_dir
from sos_studio.dataset import pseudonyms


def test_the_same_patient_has_the_same_pseudonym_however_it_is_typed() -> None:
    assert pseudonyms.pseudonym("Müller^Jane") == pseudonyms.pseudonym("  mu\u0308ller^JANE ")
    assert pseudonyms.pseudonym("4711") != pseudonyms.pseudonym("4712")
    pseudonyms.require_pseudonym(pseudonyms.pseudonym("4711"))


def test_another_key_gives_other_pseudonyms(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    here = pseudonyms.pseudonym("4711")
    monkeypatch.setenv("SOS_STUDIO_DATA_DIR", str(tmp_path / "elsewhere"))
    assert pseudonyms.pseudonym("4711") != here


def test_an_exported_key_makes_the_same_pseudonyms_on_a_second_workstation(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    here = pseudonyms.pseudonym("4711")
    pseudonyms.export_key(tmp_path / "key.txt")
    monkeypatch.setenv("SOS_STUDIO_DATA_DIR", str(tmp_path / "elsewhere"))
    pseudonyms.import_key(tmp_path / "key.txt")
    pseudonyms.import_key(tmp_path / "key.txt")
    assert pseudonyms.pseudonym("4711") == here


def test_a_second_key_is_refused_because_known_patients_would_change(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pseudonyms.export_key(tmp_path / "key.txt")
    monkeypatch.setenv("SOS_STUDIO_DATA_DIR", str(tmp_path / "elsewhere"))
    here = pseudonyms.pseudonym("4711")
    with pytest.raises(BadInputError, match=r"pseudonyms\.other_key"):
        pseudonyms.import_key(tmp_path / "key.txt")
    assert pseudonyms.pseudonym("4711") == here


@pytest.mark.parametrize("content", ["", "sos-studio pseudonym key 1:00", "hello", "é"])
def test_what_is_no_key_is_refused(tmp_path: Path, content: str) -> None:
    (tmp_path / "key.txt").write_text(content, "utf-8")
    with pytest.raises(BadInputError, match=r"pseudonyms\.bad_key"):
        pseudonyms.import_key(tmp_path / "key.txt")


def test_a_damaged_key_is_never_replaced_by_a_new_one() -> None:
    pseudonyms.pseudonym("4711")
    path = user_data_dir() / pseudonyms.KEY_FILE
    path.write_bytes(b"short")
    with pytest.raises(BadInputError, match=r"pseudonyms\.bad_key"):
        pseudonyms.pseudonym("4711")
    assert path.read_bytes() == b"short"


@pytest.mark.skipif(os.name == "nt", reason="permission bits are POSIX")
def test_only_the_user_can_read_the_key(tmp_path: Path) -> None:
    pseudonyms.export_key(tmp_path / "key.txt")
    assert (user_data_dir() / pseudonyms.KEY_FILE).stat().st_mode & 0o077 == 0
    assert (tmp_path / "key.txt").stat().st_mode & 0o077 == 0


def test_threads_that_need_the_first_key_at_once_agree_on_it() -> None:
    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(pseudonyms.pseudonym, ["4711"] * 32))) == 1
