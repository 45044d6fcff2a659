"""Which predictions were shown to whom."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "predictions",
        sa.Column("number", sa.Integer(), nullable=False, primary_key=True, autoincrement=True),
        sa.Column("case_id", sa.String(), sa.ForeignKey("cases.case_id"), nullable=False, index=True),
        sa.Column("capture_id", sa.String(), sa.ForeignKey("captures.capture_id"), nullable=False),
        sa.Column("model_id", sa.String(), nullable=False),
        sa.Column("scheme", sa.String(), nullable=False),
        sa.Column("stage", sa.Integer(), nullable=False),
        sa.Column("probabilities", sa.JSON(), nullable=False),
        sa.Column("evaluator", sa.String(), nullable=True),
        sa.Column("shown_utc", sa.String(32), nullable=False),
        sqlite_autoincrement=True,
    )
    for what in ("update", "delete"):
        op.execute(
            f"CREATE TRIGGER predictions_no_{what} BEFORE {what.upper()} ON predictions "
            "BEGIN SELECT RAISE(ABORT, 'predictions are append-only'); END"
        )
