"""Tables of `project.sqlite`. The migrations beside this file make them; a test holds the two together."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, ClassVar

from sqlalchemy import JSON, CheckConstraint, Dialect, Float, ForeignKey, ForeignKeyConstraint, Index, String, false, func, select
from sqlalchemy.orm import DeclarativeBase, Mapped, column_property, mapped_column
from sqlalchemy.types import TypeDecorator

from sos_studio.core.captures import PIXEL_SIZE_GIVEN
from sos_studio.dataset.faults import IllegibleRowError


class UtcTime(TypeDecorator[datetime]):
    """A moment as ISO 8601 text in UTC: SQLite's own type would drop the zone."""

    impl = String(32)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> str | None:  # noqa: ARG002  (SQLAlchemy's signature)
        """To the database."""
        return None if value is None else value.astimezone(UTC).isoformat(timespec="microseconds")

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:  # noqa: ARG002  (SQLAlchemy's signature)
        """From the database."""
        if value is None:
            return None
        try:
            return datetime.fromisoformat(value)
        except (ValueError, TypeError) as error:
            raise IllegibleRowError("no time") from error


class Base(DeclarativeBase):
    """All tables."""

    # SQLAlchemy 2.0 and 2.1 choose different types for float.
    type_annotation_map: ClassVar[dict[Any, Any]] = {float: Float()}


class ProjectRow(Base):
    """The project itself: one row.

    `secret_check` knows the right secret again without telling it; `keep_age` and `keep_sex` are None until a person decides.
    """

    __tablename__ = "project"

    project_id: Mapped[str] = mapped_column(primary_key=True)
    phantom: Mapped[bool]
    scheme: Mapped[str]
    software: Mapped[str]
    created_utc: Mapped[datetime] = mapped_column(UtcTime)
    secret_check: Mapped[str | None]
    keep_age: Mapped[bool | None]
    keep_sex: Mapped[bool | None]


class CaseRow(Base):
    """One patient's one scan, under a pseudonym."""

    __tablename__ = "cases"

    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    case_id: Mapped[str] = mapped_column(unique=True)
    patient: Mapped[str] = mapped_column(index=True)
    age_years: Mapped[float | None]
    sex: Mapped[str | None]
    imported: Mapped[bool]
    created_utc: Mapped[datetime] = mapped_column(UtcTime)

    __table_args__ = (CheckConstraint("sex IN ('F', 'M')", name="known_sex"), {"sqlite_autoincrement": True})


class PatientCodeRow(Base):
    """A keyed hash under which a patient was met (`patients.PatientCode`), and the pseudonym that the patient's cases have."""

    __tablename__ = "patient_codes"

    code: Mapped[str] = mapped_column(primary_key=True)
    born: Mapped[str] = mapped_column(primary_key=True)
    patient: Mapped[str] = mapped_column(index=True)
    created_utc: Mapped[datetime] = mapped_column(UtcTime)


class EventRow(Base):
    """Something that was done and that no other table tells (`events`). Append-only: triggers refuse every change."""

    __tablename__ = "events"

    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    kind: Mapped[str]
    case_id: Mapped[str | None] = mapped_column(index=True)
    who: Mapped[str]
    details: Mapped[dict[str, Any]] = mapped_column(JSON)
    created_utc: Mapped[datetime] = mapped_column(UtcTime)

    __table_args__ = ({"sqlite_autoincrement": True},)


class CaptureRow(Base):
    """One capture folder. `source_sha256` is the imported file's hash: it finds doubles without keeping a name.

    `spacing_mm` is what its record says, and never changes; `pixel_mm` is that or, where it is empty, what was given later (`pixel_sizes`).
    """

    __tablename__ = "captures"

    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    capture_id: Mapped[str] = mapped_column(unique=True)
    case_id: Mapped[str] = mapped_column(ForeignKey("cases.case_id"), index=True)
    series_hash: Mapped[str | None] = mapped_column(index=True)
    source_sha256: Mapped[str | None] = mapped_column(index=True)
    height: Mapped[int]
    width: Mapped[int]
    spacing_mm: Mapped[float | None] = mapped_column()
    full_sha256: Mapped[str]
    full16_sha256: Mapped[str | None]
    record_sha256: Mapped[str]
    software: Mapped[str]
    created_utc: Mapped[datetime] = mapped_column(UtcTime)
    pixel_mm: Mapped[float | None] = column_property(
        func.coalesce(
            spacing_mm,
            select(func.json_extract(EventRow.details, "$.spacing_mm", type_=Float))
            .where(
                EventRow.case_id == case_id,
                EventRow.kind == PIXEL_SIZE_GIVEN,
                func.json_extract(EventRow.details, "$.capture") == capture_id,
            )
            .order_by(EventRow.number.desc())
            .limit(1)
            .correlate_except(EventRow)
            .scalar_subquery(),
        )
    )

    __table_args__ = ({"sqlite_autoincrement": True},)


class RoiRow(Base):
    """One frame on one capture, and its crop."""

    __tablename__ = "rois"

    capture_id: Mapped[str] = mapped_column(ForeignKey("captures.capture_id"), primary_key=True)
    n: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    center_u: Mapped[float]
    center_v: Mapped[float]
    angle_deg: Mapped[float]
    width_px: Mapped[float]
    roi_sha256: Mapped[str]
    crop_sha256: Mapped[str]
    created_utc: Mapped[datetime] = mapped_column(UtcTime)


class ReadingRow(Base):
    """One reading. Append-only: triggers refuse every change."""

    __tablename__ = "readings"

    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    reading_id: Mapped[str] = mapped_column(unique=True)
    case_id: Mapped[str] = mapped_column(ForeignKey("cases.case_id"), index=True)
    capture_id: Mapped[str] = mapped_column(ForeignKey("captures.capture_id"))
    roi_n: Mapped[int | None]
    evaluator: Mapped[str]
    scheme: Mapped[str]
    stage: Mapped[int | None]
    confidence: Mapped[str | None]
    ambiguous: Mapped[bool]
    remark: Mapped[str]
    shown: Mapped[str]
    ai_seen: Mapped[bool]
    blinded: Mapped[bool] = mapped_column(server_default=false())
    source: Mapped[str]
    retracts: Mapped[str | None] = mapped_column(ForeignKey("readings.reading_id"))
    created_utc: Mapped[datetime] = mapped_column(UtcTime)

    __table_args__ = (
        ForeignKeyConstraint(["capture_id", "roi_n"], ["rois.capture_id", "rois.n"]),
        Index("ix_readings_evaluator", "evaluator", "case_id"),
        {"sqlite_autoincrement": True},
    )


class ExclusionRow(Base):
    """A case left out of training and counts, or taken in again; the latest row stands. Append-only: triggers refuse every change."""

    __tablename__ = "exclusions"

    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    case_id: Mapped[str] = mapped_column(ForeignKey("cases.case_id"), index=True)
    excluded: Mapped[bool]
    reason: Mapped[str]
    note: Mapped[str] = mapped_column(server_default="")
    evaluator: Mapped[str]
    created_utc: Mapped[datetime] = mapped_column(UtcTime)

    __table_args__ = ({"sqlite_autoincrement": True},)


class InUseRow(Base):
    """Which capture and frame of a case count; the latest row stands (`in_use`). Append-only: triggers refuse every change."""

    __tablename__ = "in_use"

    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    case_id: Mapped[str] = mapped_column(ForeignKey("cases.case_id"), index=True)
    capture_id: Mapped[str | None] = mapped_column(ForeignKey("captures.capture_id"))
    roi_n: Mapped[int | None]
    created_utc: Mapped[datetime] = mapped_column(UtcTime)

    __table_args__ = (
        ForeignKeyConstraint(["capture_id", "roi_n"], ["rois.capture_id", "rois.n"]),
        {"sqlite_autoincrement": True},
    )


class FoldRow(Base):
    """The fold of a patient: given once, never changed (triggers)."""

    __tablename__ = "folds"

    patient: Mapped[str] = mapped_column(primary_key=True)
    fold: Mapped[int]
    seed: Mapped[int]
    created_utc: Mapped[datetime] = mapped_column(UtcTime)


class ManifestRow(Base):
    """A manifest that was frozen; the file is in `manifests/`."""

    __tablename__ = "manifests"

    manifest_id: Mapped[str] = mapped_column(primary_key=True)
    sha256: Mapped[str]
    cases: Mapped[int]
    created_utc: Mapped[datetime] = mapped_column(UtcTime)


class PredictionRow(Base):
    """A prediction that was shown to somebody. Append-only.

    `kept` is a `core.predictions.KeptPrediction`; None in rows of before there were such.
    """

    __tablename__ = "predictions"

    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    case_id: Mapped[str] = mapped_column(ForeignKey("cases.case_id"), index=True)
    capture_id: Mapped[str] = mapped_column(ForeignKey("captures.capture_id"))
    model_id: Mapped[str]
    scheme: Mapped[str]
    stage: Mapped[int]
    probabilities: Mapped[list[float]] = mapped_column(JSON)
    evaluator: Mapped[str | None]
    shown_utc: Mapped[datetime] = mapped_column(UtcTime)
    kept: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))

    __table_args__ = ({"sqlite_autoincrement": True},)


class ConsensusRuleRow(Base):
    """A consensus rule that somebody chose; the latest row stands (`consensus`). Append-only: triggers refuse every change."""

    __tablename__ = "consensus_rules"

    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    name: Mapped[str]
    senior: Mapped[str]
    who: Mapped[str]
    created_utc: Mapped[datetime] = mapped_column(UtcTime)

    __table_args__ = ({"sqlite_autoincrement": True},)
