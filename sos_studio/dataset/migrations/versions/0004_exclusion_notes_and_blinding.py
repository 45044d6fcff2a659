"""Words of one's own beside the reason of an exclusion, and whether a reading was made blinded."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Plain ADD COLUMN: a table that was made anew would lose the triggers that keep it append-only.
    op.add_column("exclusions", sa.Column("note", sa.String(), nullable=False, server_default=""))
    op.add_column("readings", sa.Column("blinded", sa.Boolean(), nullable=False, server_default=sa.false()))
