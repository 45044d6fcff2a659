"""Which pseudonyms mean the same patient, which secret makes them, and what of patients may be kept."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "patient_codes",
        sa.Column("code", sa.String(), nullable=False, primary_key=True),
        sa.Column("born", sa.String(), nullable=False, primary_key=True),
        sa.Column("patient", sa.String(), nullable=False, index=True),
        sa.Column("created_utc", sa.String(32), nullable=False),
    )
    with op.batch_alter_table("project") as project:
        project.add_column(sa.Column("secret_check", sa.String(), nullable=True))
        project.add_column(sa.Column("keep_age", sa.Boolean(), nullable=True))
        project.add_column(sa.Column("keep_sex", sa.Boolean(), nullable=True))
