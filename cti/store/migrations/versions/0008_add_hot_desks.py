"""Keep who has logged in at which desk phone, and people's PINs for it."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "desk_seats",
        sa.Column("desk", sa.Text(), nullable=False),
        sa.Column("agent_id", sa.Text(), nullable=False),
        sa.Column("before", sa.Text(), nullable=False),
        sa.Column("since_ms", _NUMBER, nullable=False),
        sa.PrimaryKeyConstraint("desk", name="pk_desk_seats"),
        sa.UniqueConstraint("agent_id", name="uq_desk_seats_agent_id"),
    )
    op.create_table(
        "desk_pins",
        sa.Column("agent_id", sa.Text(), nullable=False),
        sa.Column("pin_hash", sa.Text(), nullable=False),
        sa.Column("tries", _NUMBER, nullable=False),
        sa.Column("locked_until_ms", _NUMBER, nullable=False),
        sa.PrimaryKeyConstraint("agent_id", name="pk_desk_pins"),
    )


def downgrade() -> None:
    op.drop_table("desk_pins")
    op.drop_table("desk_seats")
