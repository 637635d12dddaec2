"""Keep the journal and its leader's lease in the database, for a centre that has a standby."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "leader",
        sa.Column("one", _NUMBER, autoincrement=False, nullable=False),
        sa.Column("epoch", _NUMBER, nullable=False),
        sa.Column("holder", sa.Text(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("expires_ms", _NUMBER, nullable=False),
        sa.PrimaryKeyConstraint("one", name="pk_leader"),
    )
    op.create_table(
        "journal",
        sa.Column("number", _NUMBER, autoincrement=False, nullable=False),
        sa.Column("at_ms", _NUMBER, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("version", _NUMBER, nullable=False),
        sa.Column("event", sa.Text(), nullable=False),
        sa.Column("facts", sa.Text(), nullable=False),
        sa.Column("refused", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("number", name="pk_journal"),
    )
    op.create_table(
        "journal_snapshots",
        sa.Column("number", _NUMBER, autoincrement=False, nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("state", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_journal_snapshots"),
    )


def downgrade() -> None:
    for name in ("journal_snapshots", "journal", "leader"):
        op.drop_table(name)
