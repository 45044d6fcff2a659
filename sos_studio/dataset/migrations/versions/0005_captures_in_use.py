"""Which capture and frame of a case count, so that undo holds until tomorrow."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "in_use",
        sa.Column("number", sa.Integer(), nullable=False, primary_key=True, autoincrement=True),
        sa.Column("case_id", sa.String(), sa.ForeignKey("cases.case_id"), nullable=False, index=True),
        sa.Column("capture_id", sa.String(), sa.ForeignKey("captures.capture_id"), nullable=True),
        sa.Column("roi_n", sa.Integer(), nullable=True),
        sa.Column("created_utc", sa.String(32), nullable=False),
        sa.ForeignKeyConstraint(["capture_id", "roi_n"], ["rois.capture_id", "rois.n"]),
        sqlite_autoincrement=True,
    )
    for what in ("update", "delete"):
        op.execute(
            f"CREATE TRIGGER in_use_no_{what} BEFORE {what.upper()} ON in_use BEGIN SELECT RAISE(ABORT, 'in_use is append-only'); END"
        )
