"""Keep what callers answered after their talks."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "surveys",
        sa.Column("contact_id", sa.Text(), nullable=False),
        sa.Column("project_id", sa.Text(), nullable=False),
        sa.Column("queue_id", sa.Text(), nullable=False),
        sa.Column("agent_id", sa.Text(), nullable=False),
        sa.Column("at_ms", _NUMBER, nullable=False),
        sa.PrimaryKeyConstraint("contact_id", name="pk_surveys"),
    )
    op.create_index("ix_surveys_project_id_at_ms", "surveys", ["project_id", "at_ms"])
    op.create_table(
        "survey_answers",
        sa.Column("contact_id", sa.Text(), nullable=False),
        sa.Column("question", sa.Text(), nullable=False),
        sa.Column("place", _NUMBER, nullable=False),
        sa.Column("value", _NUMBER, nullable=False),
        sa.ForeignKeyConstraint(["contact_id"], ["surveys.contact_id"], name="fk_survey_answers_contact_id_surveys"),
        sa.PrimaryKeyConstraint("contact_id", "question", name="pk_survey_answers"),
    )


def downgrade() -> None:
    for name in ("survey_answers", "surveys"):
        op.drop_table(name)
