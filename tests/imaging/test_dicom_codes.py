"""The codes of our structured reports say what they mean in the room that DICOM gives them."""

from __future__ import annotations

from sos_studio.imaging import dicom_codes


def test_no_meaning_is_cut_off_and_every_value_fits() -> None:
    for code in dicom_codes.own_codes():
        assert len(code.meaning) < 64, code  # what is longer is cut to 64
        assert 0 < len(code.value) <= 16, code
