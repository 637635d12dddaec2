"""Keep what is said without a call, whom not to call, and whom campaigns call."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    _messages()
    _uploads()
    _chats()
    _calls_made()
    _campaigns()


def downgrade() -> None:
    for column in ("missed", "reached_ms", "dialled_ms"):
        op.drop_column("assignments", column)
    op.drop_column("contacts", "outbound")
    for name in ("attempts", "leads", "do_not_call", "chats", "uploads", "attachments", "messages"):
        op.drop_table(name)


def _uploads() -> None:
    op.create_table(
        "uploads",
        sa.Column("upload_id", _NUMBER, nullable=False),
        sa.Column("contact_id", sa.Text(), nullable=False),
        sa.Column("agent_id", sa.Text(), nullable=False),
        sa.Column("at_ms", _NUMBER, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("media_type", sa.Text(), nullable=False),
        sa.Column("size", _NUMBER, nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("upload_id", name="pk_uploads"),
    )
    op.create_index("ix_uploads_contact_id_agent_id", "uploads", ["contact_id", "agent_id"])


def _messages() -> None:
    op.create_table(
        "messages",
        sa.Column("message_id", _NUMBER, nullable=False),
        sa.Column("contact_id", sa.Text(), nullable=False),
        sa.Column("project_id", sa.Text(), nullable=False),
        sa.Column("medium", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("direction", sa.Text(), nullable=False),
        sa.Column("at_ms", _NUMBER, nullable=False),
        sa.Column("agent_id", sa.Text(), nullable=True),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("html", sa.Text(), nullable=False),
        sa.Column("reference", sa.Text(), nullable=False),
        sa.Column("in_reply_to", sa.Text(), nullable=False),
        sa.Column("thread", sa.Text(), nullable=False),
        sa.Column("continues", sa.Text(), nullable=True),
        sa.Column("sending", sa.Text(), nullable=True),
        sa.Column("problem", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("message_id", name="pk_messages"),
        sa.UniqueConstraint("key", name="uq_messages_key"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_messages_contact_id_message_id", "messages", ["contact_id", "message_id"])
    op.create_index("ix_messages_reference", "messages", ["reference"])
    op.create_index("ix_messages_continues", "messages", ["continues"])
    op.create_table(
        "attachments",
        sa.Column("attachment_id", _NUMBER, nullable=False),
        sa.Column("message_id", _NUMBER, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("media_type", sa.Text(), nullable=False),
        sa.Column("size", _NUMBER, nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("attachment_id", name="pk_attachments"),
        sa.ForeignKeyConstraint(
            ["message_id"],
            ["messages.message_id"],
            name="fk_attachments_message_id_messages",
            ondelete="CASCADE",
        ),
    )
    op.create_index("ix_attachments_message_id", "attachments", ["message_id"])


def _chats() -> None:
    op.create_table(
        "chats",
        sa.Column("contact_id", sa.Text(), nullable=False),
        sa.Column("session_id", sa.Text(), nullable=False),
        sa.Column("project_id", sa.Text(), nullable=False),
        sa.Column("site", sa.Text(), nullable=False),
        sa.Column("began_ms", _NUMBER, nullable=False),
        sa.Column("page", sa.Text(), nullable=False),
        sa.Column("first_response_ms", _NUMBER, nullable=True),
        sa.Column("rating", _NUMBER, nullable=True),
        sa.PrimaryKeyConstraint("contact_id", name="pk_chats"),
        sa.UniqueConstraint("session_id", name="uq_chats_session_id"),
    )


def _calls_made() -> None:
    op.create_table(
        "do_not_call",
        sa.Column("project_id", sa.Text(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("added_ms", _NUMBER, nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("project_id", "number", name="pk_do_not_call"),
    )
    op.add_column("contacts", sa.Column("outbound", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("assignments", sa.Column("dialled_ms", _NUMBER, nullable=True))
    op.add_column("assignments", sa.Column("reached_ms", _NUMBER, nullable=True))
    op.add_column("assignments", sa.Column("missed", sa.Text(), nullable=True))


def _campaigns() -> None:
    op.create_table(
        "leads",
        sa.Column("lead_id", _NUMBER, nullable=False),
        sa.Column("campaign_id", sa.Text(), nullable=False),
        sa.Column("project_id", sa.Text(), nullable=False),
        sa.Column("number", sa.Text(), nullable=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("place", _NUMBER, nullable=False),
        sa.Column("not_before_ms", _NUMBER, nullable=True),
        sa.Column("zones", sa.Text(), nullable=False),
        sa.Column("columns", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("attempts", _NUMBER, nullable=False),
        sa.Column("result", sa.Text(), nullable=True),
        sa.Column("disposition", sa.Text(), nullable=True),
        sa.Column("next_ms", _NUMBER, nullable=True),
        sa.Column("tried_ms", _NUMBER, nullable=True),
        sa.Column("withdrawn_ms", _NUMBER, nullable=True),
        sa.PrimaryKeyConstraint("lead_id", name="pk_leads"),
        sa.UniqueConstraint("campaign_id", "number", name="uq_leads_campaign_id_number"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_leads_number", "leads", ["number"])
    op.create_index("ix_leads_campaign_id_state_place_lead_id", "leads", ["campaign_id", "state", "place", "lead_id"])
    op.create_index("ix_leads_campaign_id_state_next_ms", "leads", ["campaign_id", "state", "next_ms"])
    op.create_table(
        "attempts",
        sa.Column("dial_id", sa.Text(), nullable=False),
        sa.Column("campaign_id", sa.Text(), nullable=False),
        sa.Column("lead_id", _NUMBER, nullable=False),
        sa.Column("dialled_ms", _NUMBER, nullable=False),
        sa.Column("answered_ms", _NUMBER, nullable=True),
        sa.Column("ended_ms", _NUMBER, nullable=True),
        sa.Column("result", sa.Text(), nullable=True),
        sa.Column("next_ms", _NUMBER, nullable=True),
        sa.Column("contact_id", sa.Text(), nullable=True),
        sa.Column("disposition", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("dial_id", name="pk_attempts"),
    )
    op.create_index("ix_attempts_campaign_id_dialled_ms", "attempts", ["campaign_id", "dialled_ms"])
    op.create_index("ix_attempts_contact_id", "attempts", ["contact_id"])
    op.create_index("ix_attempts_lead_id", "attempts", ["lead_id"])
