"""Say where a person sits and how many contacts he may hold."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("people", sa.Column("site_id", sa.Text(), nullable=True))
    op.add_column("people", sa.Column("capacity", sa.Text(), nullable=True))


def downgrade() -> None:
    op.drop_column("people", "capacity")
    op.drop_column("people", "site_id")
