"""What is needed to show a prediction again: by which weights, of which pixels, and the map."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Rows of before keep their figures; their maps were never stored.
    op.add_column("predictions", sa.Column("kept", sa.JSON(), nullable=True))
