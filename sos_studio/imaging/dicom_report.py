"""A reading as a DICOM structured report: Comprehensive SR by template 1500 (Measurement Report), its frame as a region on the picture."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from sos_studio.imaging import dicom_codes
from sos_studio.imaging.dicom_codes import ConceptCode
from sos_studio.imaging.dicom_secondary import RESEARCH_USE, Placed, Subject, describe_subject, nameless

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

_NAME_LENGTH = 64


@dataclass(frozen=True)
class Observer:
    """Who read, and with what.

    Attributes
    ----------
    name
        As it may be told: a number, or a name if that is allowed; empty if a network read.
    device_uid
        Stands for the program in this project.
    """

    name: str
    device_uid: str


@dataclass(frozen=True)
class Finding:
    """What a report says.

    Attributes
    ----------
    tracking_uid, tracking_name
        The same for all reports on one frame, so that readings of several evaluators can be laid side by side.
    evaluations
        Concepts with their values.
    corners_uv
        4 x 2 corners of the frame in pixels of the full image, (0, 0) at the centre of the top-left pixel; None without one.
    read_at
        When; has its zone.
    from_scan
        Whether the full image was cut from a CT scan here.
    probabilities
        Of the stages in order, if a network read.
    comments
        Further sentences.
    """

    tracking_uid: str
    tracking_name: str
    evaluations: Sequence[tuple[ConceptCode, ConceptCode]]
    corners_uv: npt.NDArray[np.float64] | None
    read_at: datetime
    from_scan: bool
    probabilities: Sequence[float] = ()
    comments: Sequence[str] = ()


def reading_report(
    subject: Subject,
    placed: Placed,
    observer: Observer,
    finding: Finding,
    *,
    full: Dataset,
    crop: Dataset | None = None,
    others: Sequence[Dataset] = (),
) -> Dataset:
    """One reading.

    Parameters
    ----------
    full, crop
        The secondary captures of what was read.
    others
        Further ones that belong to it, such as a heatmap.

    Returns
    -------
    Dataset
        Complete, unverified and, being research, preliminary. The same arguments give the same dataset.
    """
    from highdicom import sr
    from highdicom.coding_schemes import CodingSchemeIdentificationItem

    images = [nameless(image) for image in (full, crop, *others) if image is not None]
    report = sr.MeasurementReport(
        observation_context=_context(observer, subject),
        procedure_reported=_coded(dicom_codes.COMPUTED_TOMOGRAPHY if finding.from_scan else dicom_codes.IMAGING_PROCEDURE),
        imaging_measurements=[_group(finding, full)],
        title=_coded(dicom_codes.REPORT_TITLE),
        referenced_images=images,
    )
    for text in (RESEARCH_USE, *finding.comments):
        comment = sr.TextContentItem(name=_coded(dicom_codes.COMMENT), value=text, relationship_type=sr.RelationshipTypeValues.CONTAINS)
        report[0].ContentSequence.append(comment)
    moment = finding.read_at.astimezone(UTC)
    document = sr.ComprehensiveSR(
        evidence=images,
        content=report,
        series_instance_uid=placed.series_uid,
        series_number=placed.series_number,
        series_description=placed.series_description,
        sop_instance_uid=placed.instance_uid,
        instance_number=placed.instance_number,
        manufacturer="SOS Studio",
        manufacturer_model_name="SOS Studio",
        software_versions=subject.software,
        content_date=moment.date(),
        content_time=moment.time(),
        is_complete=True,
        is_final=False,
        coding_schemes=[
            CodingSchemeIdentificationItem(designator=dicom_codes.SCHEME, name=dicom_codes.SCHEME_NAME, version=dicom_codes.SCHEME_VERSION)
        ],
    )
    document.TimezoneOffsetFromUTC = "+0000"
    describe_subject(document, subject)
    return document


def _context(observer: Observer, subject: Subject) -> Any:
    from highdicom import sr
    from pydicom.sr.codedict import codes

    person = None
    if observer.name:
        person = sr.ObserverContext(
            observer_type=codes.DCM.Person,
            observer_identifying_attributes=sr.PersonObserverIdentifyingAttributes(name=person_name(observer.name)),
        )
    return sr.ObservationContext(
        observer_person_context=person,
        observer_device_context=sr.ObserverContext(
            observer_type=codes.DCM.Device,
            observer_identifying_attributes=sr.DeviceObserverIdentifyingAttributes(
                uid=observer.device_uid, name=subject.software, manufacturer_name="SOS Studio", model_name="SOS Studio"
            ),
        ),
    )


def _group(finding: Finding, full: Dataset) -> Any:
    """Template 1410 where there is a frame, else 1501."""
    from highdicom import sr
    from pydicom.sr.codedict import codes

    common: dict[str, Any] = {
        "tracking_identifier": sr.TrackingIdentifier(uid=finding.tracking_uid, identifier=finding.tracking_name),
        "finding_type": _coded(dicom_codes.SYNCHONDROSIS),
        "finding_sites": [sr.FindingSite(anatomic_location=site) for site in (codes.SCT.SphenoidBone, codes.SCT.OccipitalBone)],
        "qualitative_evaluations": [sr.QualitativeEvaluation(_coded(name), _coded(value)) for name, value in finding.evaluations],
    }
    if finding.probabilities:
        common["measurements"] = [
            sr.Measurement(name=_coded(dicom_codes.probability_of(n)), value=float(p), unit=codes.UCUM.NoUnits)
            for n, p in enumerate(finding.probabilities, start=1)
        ]
    if finding.corners_uv is None:
        source = sr.SourceImageForMeasurementGroup(full.SOPClassUID, full.SOPInstanceUID)
        return sr.MeasurementsAndQualitativeEvaluations(source_images=[source], **common)
    region = sr.ImageRegion(
        graphic_type=sr.GraphicTypeValues.POLYLINE,
        graphic_data=graphic_data(finding.corners_uv),
        source_image=sr.SourceImageForRegion(full.SOPClassUID, full.SOPInstanceUID),
    )
    return sr.PlanarROIMeasurementsAndQualitativeEvaluations(referenced_region=region, **common)


def graphic_data(corners_uv: npt.NDArray[np.float64]) -> npt.NDArray[np.float32]:
    """5 x 2 points as DICOM has them: from the corner of the top-left pixel, and the first one again to close the region."""
    edge = corners_uv + 0.5
    return np.vstack([edge, edge[:1]]).astype(np.float32)


def person_name(name: str) -> str:
    """A name as one component: DICOM's separators and control characters become spaces."""
    plain = "".join(" " if char in "^=\\" or not char.isprintable() else char for char in name)
    return (" ".join(plain.split())[: _NAME_LENGTH - 1] or "Unknown") + "^"


def _coded(code: ConceptCode) -> Any:
    from highdicom.sr import CodedConcept

    return CodedConcept(value=code.value, scheme_designator=code.scheme, meaning=code.meaning)
