"""Structured reports by the ten thousand: highdicom makes one of each kind, the others are that one with other values (`dicom_mould`)."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import numpy as np

from sos_studio.imaging import dicom_secondary
from sos_studio.imaging.dicom_mould import Mould
from sos_studio.imaging.dicom_report import Finding, Observer, graphic_data, person_name, reading_report
from sos_studio.imaging.dicom_secondary import Placed, Subject
from sos_studio.imaging.dicom_write import seeded_uid

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

# Values that no real report has, all different: each is found again in the file of a mould.
_AGE = 987.0
_NUMBER = 98765
_MOMENT = datetime(1987, 6, 5, 4, 32, 10, 123456, tzinfo=UTC)
_CORNERS = np.array([[11.25, 12.5], [13.75, 14.25], [15.5, 16.75], [17.25, 18.5]])
_Pictures = Mapping[str, "Dataset | None"]
_SHAPES = {"full": (49157, 49159), "crop": (49161, 49163)}


class ReportMoulds:
    """Encoded reports, the same bytes as `dicom_secondary.encode(dicom_report.reading_report(…))` with the same arguments."""

    def __init__(self) -> None:
        self._moulds: dict[Hashable, Mould] = {}

    def encoded(
        self, subject: Subject, placed: Placed, observer: Observer, finding: Finding, *, full: Dataset, crop: Dataset | None = None
    ) -> bytes:
        """One reading as a whole DICOM file; parameters of `reading_report`."""
        if finding.probabilities or finding.comments or not _all_differ(placed, full, crop):
            # What a network said differs in length from report to report, and pictures of one series are listed in one item.
            return dicom_secondary.encode(reading_report(subject, placed, observer, finding, full=full, crop=crop))
        kind = (
            *(subject.software, subject.age_years is None, subject.sex, placed.series_number, placed.series_description),
            *(tuple(finding.evaluations), finding.corners_uv is None, finding.from_scan, crop is None),
        )
        mould = self._moulds.get(kind)
        if mould is None:
            mould = self._moulds[kind] = _mould(subject, placed, finding, with_crop=crop is not None)
        return mould.filled(_values(subject, placed, observer, finding, {"full": full, "crop": crop}))


def _all_differ(placed: Placed, full: Dataset, crop: Dataset | None) -> bool:
    pictures = [picture for picture in (full, crop) if picture is not None]
    uids = [placed.series_uid, placed.instance_uid]
    uids += [str(uid) for picture in pictures for uid in (picture.SeriesInstanceUID, picture.SOPInstanceUID)]
    return len(set(uids)) == len(uids)


def _mould(subject: Subject, placed: Placed, finding: Finding, *, with_crop: bool) -> Mould:
    age = None if subject.age_years is None else _AGE
    subject = Subject("MOULD-PSEUDONYM", "MOULD-CASE-OF-NOBODY", _uid("study"), subject.software, age, subject.sex)
    placed = Placed(_uid("series"), placed.series_number, placed.series_description, _uid("instance"), _NUMBER)
    corners = None if finding.corners_uv is None else _CORNERS
    finding = Finding(_uid("region"), "MOULD-REGION", finding.evaluations, corners, _MOMENT, finding.from_scan)
    observer = Observer("MOULD-OBSERVER", _uid("device"))
    full, crop = _picture(subject, "full"), _picture(subject, "crop") if with_crop else None
    made = dicom_secondary.encode(reading_report(subject, placed, observer, finding, full=full, crop=crop))
    return Mould(made, _values(subject, placed, observer, finding, {"full": full, "crop": crop}))


def _uid(name: str) -> str:
    return seeded_uid(0, "mould", name)


def _picture(subject: Subject, name: str) -> Dataset:
    placed = Placed(_uid(f"{name} series"), 1, name, _uid(name))
    picture = dicom_secondary.secondary_capture(np.zeros((2, 2), dtype=np.uint8), subject, placed)
    picture.Rows, picture.Columns = _SHAPES[name]
    return picture


def _values(subject: Subject, placed: Placed, observer: Observer, finding: Finding, pictures: _Pictures) -> dict[str, bytes]:
    """What a report says that others of its kind say differently."""
    moment = finding.read_at.astimezone(UTC)
    said = {
        "pseudonym": subject.pseudonym,
        "study id": dicom_secondary.study_id(subject),
        "study description": dicom_secondary.study_description(subject),
        "study": subject.study_uid,
        "series": placed.series_uid,
        "instance": placed.instance_uid,
        "number": str(placed.instance_number),
        "observer": person_name(observer.name),
        "device": observer.device_uid,
        "region": finding.tracking_uid,
        "region name": finding.tracking_name,
        "date": f"{moment:%Y%m%d}",
        "time": f"{moment:%H%M%S.%f}" if moment.microsecond else f"{moment:%H%M%S}",
    }
    if subject.age_years is not None:
        said["age"] = dicom_secondary.age_string(subject.age_years)
    for name, picture in pictures.items():
        if picture is not None:
            said[f"{name} series"], said[f"{name} instance"] = picture.SeriesInstanceUID, picture.SOPInstanceUID
            said[f"{name} rows"], said[f"{name} columns"] = f"{float(picture.Rows)}", f"{float(picture.Columns)}"
    values = {name: value.encode("utf-8") for name, value in said.items()}
    if finding.corners_uv is not None:
        values["corners"] = graphic_data(finding.corners_uv).astype("<f4").tobytes()
    return values
