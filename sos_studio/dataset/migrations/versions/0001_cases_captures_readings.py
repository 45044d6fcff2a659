"""Cases, captures, frames, readings and folds."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "project",
        sa.Column("project_id", sa.String(), nullable=False, primary_key=True),
        sa.Column("phantom", sa.Boolean(), nullable=False),
        sa.Column("scheme", sa.String(), nullable=False),
        sa.Column("software", sa.String(), nullable=False),
        sa.Column("created_utc", sa.String(32), nullable=False),
    )
    op.create_table(
        "cases",
        sa.Column("number", sa.Integer(), nullable=False, primary_key=True, autoincrement=True),
        sa.Column("case_id", sa.String(), nullable=False, unique=True),
        sa.Column("patient", sa.String(), nullable=False, index=True),
        sa.Column("age_years", sa.Float(), nullable=True),
        sa.Column("sex", sa.String(), nullable=True),
        sa.Column("imported", sa.Boolean(), nullable=False),
        sa.Column("created_utc", sa.String(32), nullable=False),
        sa.CheckConstraint("sex IN ('F', 'M')", name="known_sex"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "captures",
        sa.Column("number", sa.Integer(), nullable=False, primary_key=True, autoincrement=True),
        sa.Column("capture_id", sa.String(), nullable=False, unique=True),
        sa.Column("case_id", sa.String(), sa.ForeignKey("cases.case_id"), nullable=False, index=True),
        sa.Column("series_hash", sa.String(), nullable=True, index=True),
        sa.Column("source_sha256", sa.String(), nullable=True, index=True),
        sa.Column("height", sa.Integer(), nullable=False),
        sa.Column("width", sa.Integer(), nullable=False),
        sa.Column("spacing_mm", sa.Float(), nullable=True),
        sa.Column("full_sha256", sa.String(), nullable=False),
        sa.Column("full16_sha256", sa.String(), nullable=True),
        sa.Column("record_sha256", sa.String(), nullable=False),
        sa.Column("software", sa.String(), nullable=False),
        sa.Column("created_utc", sa.String(32), nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "rois",
        sa.Column("capture_id", sa.String(), sa.ForeignKey("captures.capture_id"), nullable=False, primary_key=True),
        sa.Column("n", sa.Integer(), nullable=False, primary_key=True, autoincrement=False),
        sa.Column("center_u", sa.Float(), nullable=False),
        sa.Column("center_v", sa.Float(), nullable=False),
        sa.Column("angle_deg", sa.Float(), nullable=False),
        sa.Column("width_px", sa.Float(), nullable=False),
        sa.Column("roi_sha256", sa.String(), nullable=False),
        sa.Column("crop_sha256", sa.String(), nullable=False),
        sa.Column("created_utc", sa.String(32), nullable=False),
    )
    _create_readings()
    op.create_table(
        "folds",
        sa.Column("patient", sa.String(), nullable=False, primary_key=True),
        sa.Column("fold", sa.Integer(), nullable=False),
        sa.Column("seed", sa.Integer(), nullable=False),
        sa.Column("created_utc", sa.String(32), nullable=False),
    )
    op.create_table(
        "manifests",
        sa.Column("manifest_id", sa.String(), nullable=False, primary_key=True),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("cases", sa.Integer(), nullable=False),
        sa.Column("created_utc", sa.String(32), nullable=False),
    )
    for table in ("readings", "exclusions", "folds"):
        append_only(table)


def _create_readings() -> None:
    op.create_table(
        "readings",
        sa.Column("number", sa.Integer(), nullable=False, primary_key=True, autoincrement=True),
        sa.Column("reading_id", sa.String(), nullable=False, unique=True),
        sa.Column("case_id", sa.String(), sa.ForeignKey("cases.case_id"), nullable=False, index=True),
        sa.Column("capture_id", sa.String(), sa.ForeignKey("captures.capture_id"), nullable=False),
        sa.Column("roi_n", sa.Integer(), nullable=True),
        sa.Column("evaluator", sa.String(), nullable=False),
        sa.Column("scheme", sa.String(), nullable=False),
        sa.Column("stage", sa.Integer(), nullable=True),
        sa.Column("confidence", sa.String(), nullable=True),
        sa.Column("ambiguous", sa.Boolean(), nullable=False),
        sa.Column("remark", sa.String(), nullable=False),
        sa.Column("shown", sa.String(), nullable=False),
        sa.Column("ai_seen", sa.Boolean(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("retracts", sa.String(), sa.ForeignKey("readings.reading_id"), nullable=True),
        sa.Column("created_utc", sa.String(32), nullable=False),
        sa.ForeignKeyConstraint(["capture_id", "roi_n"], ["rois.capture_id", "rois.n"]),
        sa.Index("ix_readings_evaluator", "evaluator", "case_id"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "exclusions",
        sa.Column("number", sa.Integer(), nullable=False, primary_key=True, autoincrement=True),
        sa.Column("case_id", sa.String(), sa.ForeignKey("cases.case_id"), nullable=False, index=True),
        sa.Column("excluded", sa.Boolean(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("evaluator", sa.String(), nullable=False),
        sa.Column("created_utc", sa.String(32), nullable=False),
        sqlite_autoincrement=True,
    )


def append_only(table: str) -> None:
    """The database itself refuses to change or drop what was confirmed."""
    for what in ("update", "delete"):
        op.execute(
            f"CREATE TRIGGER {table}_no_{what} BEFORE {what.upper()} ON {table} BEGIN SELECT RAISE(ABORT, '{table} are append-only'); END"
        )
