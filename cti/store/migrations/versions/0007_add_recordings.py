"""Keep what is known of recorded talks."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "recordings",
        sa.Column("recording_id", sa.Text(), nullable=False),
        sa.Column("contact_id", sa.Text(), nullable=False),
        sa.Column("project_id", sa.Text(), nullable=False),
        sa.Column("queue_id", sa.Text(), nullable=False),
        sa.Column("agents", sa.Text(), nullable=False),
        sa.Column("began_ms", _NUMBER, nullable=False),
        sa.Column("length_ms", _NUMBER, nullable=False),
        sa.Column("pauses", sa.Text(), nullable=False),
        sa.Column("keep_until_ms", _NUMBER, nullable=False),
        sa.Column("size", _NUMBER, nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("key_id", sa.Text(), nullable=False),
        sa.Column("wrapped_key", sa.Text(), nullable=False),
        sa.Column("erased_ms", _NUMBER, nullable=True),
        sa.PrimaryKeyConstraint("recording_id", name=op.f("pk_recordings")),
    )
    op.create_index(op.f("ix_recordings_contact_id"), "recordings", ["contact_id"])
    op.create_index(op.f("ix_recordings_began_ms"), "recordings", ["began_ms"])
    op.create_index(op.f("ix_recordings_erased_ms_keep_until_ms"), "recordings", ["erased_ms", "keep_until_ms"])


def downgrade() -> None:
    op.drop_table("recordings")
