"""Find what is to be sent without reading all that was."""

from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_messages_sending_medium", "messages", ["sending", "medium"])


def downgrade() -> None:
    op.drop_index("ix_messages_sending_medium", table_name="messages")
