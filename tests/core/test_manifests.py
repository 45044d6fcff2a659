from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from sos_studio.core.errors import BadInputError
from sos_studio.core.manifests import Manifest, ManifestEntry, ManifestImage


def _entry(case: str, patient: str, fold: int) -> ManifestEntry:
    image = ManifestImage(path=f"captures/{case}/k/full.png", sha256="0" * 64)
    return ManifestEntry(
        case_id=case, patient=patient, capture_id="k", stage=1, fold=fold, full_image=image, shape_vu=(9, 9), spacing_mm=0.25
    )


def test_a_patient_in_two_folds_is_refused() -> None:
    with pytest.raises(ValidationError, match="two folds"):
        Manifest(manifest_id="m", project_id="p", software="s", entries=(_entry("a", "x", 0), _entry("b", "x", 1)))


def test_a_manifest_reads_back_equal(tmp_path: Path) -> None:
    manifest = Manifest(manifest_id="m", project_id="p", software="s", entries=(_entry("a", "x", 0), _entry("b", "x", 0)))
    path = tmp_path / "m.json"
    path.write_text(manifest.model_dump_json())
    assert Manifest.read(path) == manifest


def test_a_broken_manifest_is_named(tmp_path: Path) -> None:
    path = tmp_path / "m.json"
    path.write_text("{")
    with pytest.raises(BadInputError, match=r"manifest\.unreadable"):
        Manifest.read(path)
