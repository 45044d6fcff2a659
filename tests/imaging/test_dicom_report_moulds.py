from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sos_studio.core.roi import Roi
from sos_studio.imaging import dicom_codes as codes
from sos_studio.imaging import dicom_report, dicom_secondary
from sos_studio.imaging.dicom_mould import Mould
from sos_studio.imaging.dicom_report import Finding, Observer
from sos_studio.imaging.dicom_report_moulds import ReportMoulds
from sos_studio.imaging.dicom_secondary import Placed, Subject
from sos_studio.imaging.dicom_write import seeded_uid

MOULDS = ReportMoulds()
NAMES = st.text(st.characters(exclude_categories=("C", "Z"), exclude_characters="\\^="), min_size=1, max_size=20)
STAGED = (codes.STAGE, codes.stage_value("bassed-5", 3, "Ossification halfway"))
USE = (codes.INTENDED_USE, codes.RESEARCH_ONLY)


@st.composite
def reports(draw: st.DrawFn) -> dict[str, Any]:
    """Arguments of a report: of any subject, observer and time, with and without a frame and a crop."""
    uid = st.integers(0, 2**128 - 1).map(lambda n: f"2.25.{n}")
    subject = Subject(
        draw(NAMES),
        f"case-{draw(st.integers(1, 10**12)):04d}",
        draw(uid),
        "SOS Studio 1",
        draw(st.none() | st.floats(0, 2000)),
        draw(st.sampled_from(["F", "M", None])),
    )
    pictures = [
        dicom_secondary.secondary_capture(
            np.zeros(draw(st.tuples(st.integers(1, 90), st.integers(1, 90))), dtype=np.uint8),
            subject,
            Placed(draw(uid), n, "picture", draw(uid), draw(st.integers(1, 400))),
            angle_deg=draw(st.floats(-180, 180)),
            spacing_mm=draw(st.sampled_from([None, 0.25])),
            burned_in=draw(st.sampled_from([None, False])),
        )
        for n in (1, 2)
    ]
    corners = Roi.of(draw(st.tuples(st.floats(0, 999), st.floats(0, 999))), draw(st.floats(-180, 180)), 40.0).corners_uv
    moment = draw(st.datetimes(datetime(1900, 1, 2), datetime(2200, 1, 1), timezones=st.just(timezone(timedelta(hours=-5)))))
    return {
        "subject": subject,
        "placed": Placed(draw(uid), 3, "SOS reading", draw(uid), draw(st.integers(1, 2**31 - 1))),
        "observer": Observer(draw(NAMES), draw(uid)),
        "finding": Finding(
            tracking_uid=draw(uid),
            tracking_name=draw(NAMES),
            evaluations=draw(st.sampled_from([(USE,), (STAGED, USE)])),
            corners_uv=draw(st.sampled_from([None, corners])),
            read_at=moment,
            from_scan=draw(st.booleans()),
        ),
        "full": pictures[0],
        "crop": draw(st.sampled_from([None, pictures[1]])),
    }


@settings(max_examples=15, deadline=None)
@given(reports())
def test_a_report_from_a_mould_is_the_one_that_the_library_makes_byte_for_byte(said: dict[str, Any]) -> None:
    assert MOULDS.encoded(**said) == dicom_secondary.encode(dicom_report.reading_report(**said))


def test_the_library_is_asked_once_for_all_reports_of_a_kind(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []
    original = dicom_report.reading_report

    def counted(*given: Any, **named: Any) -> Any:
        asked.append(1)
        return original(*given, **named)

    monkeypatch.setattr("sos_studio.imaging.dicom_report_moulds.reading_report", counted)
    moulds = ReportMoulds()
    for n in range(5):
        subject = Subject(f"P{n}", f"case-{n}", seeded_uid(n, "study"), "SOS Studio 1", 30.0 + n, "F")
        full = dicom_secondary.secondary_capture(
            np.zeros((9 + n, 8), dtype=np.uint8), subject, Placed("2.25.1", 1, "full", f"2.25.{n + 10}")
        )
        finding = Finding("2.25.7", f"region {n}", (STAGED, USE), None, datetime(2026, 1, 1 + n, tzinfo=UTC), from_scan=True)
        moulds.encoded(subject, Placed("2.25.3", 3, "read", f"2.25.{n + 30}"), Observer(f"Reader {n}", "2.25.5"), finding, full=full)
    assert len(asked) == 1


def test_no_mould_is_made_of_what_is_not_understood() -> None:
    subject = Subject("MOULDED", "case-1", "2.25.1", "SOS Studio 1")
    picture = dicom_secondary.secondary_capture(np.zeros((4, 4), dtype=np.uint8), subject, Placed("2.25.2", 1, "full", "2.25.3"))
    made = dicom_secondary.encode(picture)
    assert Mould(made, {"who": b"MOULDED"}).filled({"who": b"MOULDED"}) == made
    for data, values in (
        (made, {"who": b"not in it"}),
        (made, {"one": b"MOULDED", "other": b"MOULDED"}),
        (made[:-1], {"who": b"MOULDED"}),
        (b"no DICOM at all", {"who": b"MOULDED"}),
    ):
        with pytest.raises(ValueError, match=r"."):
            Mould(data, values)
