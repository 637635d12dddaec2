"""Create every table."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def _number() -> sa.types.TypeEngine[int]:
    return sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "assignments",
        sa.Column("assignment_id", sa.Text(), nullable=False),
        sa.Column("contact_id", sa.Text(), nullable=False),
        sa.Column("agent_id", sa.Text(), nullable=False),
        sa.Column("offered_ms", _number(), nullable=False),
        sa.Column("pop_ms", _number(), nullable=True),
        sa.Column("pop_late", sa.Boolean(), nullable=False),
        sa.Column("rung_ms", _number(), nullable=True),
        sa.Column("started_ms", _number(), nullable=True),
        sa.Column("held_since_ms", _number(), nullable=True),
        sa.Column("hold_ms", _number(), nullable=False),
        sa.Column("wrap_up_started_ms", _number(), nullable=True),
        sa.Column("closed_ms", _number(), nullable=True),
        sa.Column("talk_ms", _number(), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.Column("cause", sa.Text(), nullable=True),
        sa.Column("ended_by", sa.Text(), nullable=True),
        sa.Column("disposition", sa.Text(), nullable=True),
        sa.Column("why", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("assignment_id", name=op.f("pk_assignments")),
    )
    op.create_index(op.f("ix_assignments_agent_id_offered_ms"), "assignments", ["agent_id", "offered_ms"], unique=False)
    op.create_index(op.f("ix_assignments_contact_id"), "assignments", ["contact_id"], unique=False)

    op.create_table(
        "audit",
        sa.Column("deed_id", _number(), nullable=False),
        sa.Column("at_ms", _number(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("deed_id", name=op.f("pk_audit")),
    )
    op.create_table(
        "contact_particulars",
        sa.Column("contact_id", sa.Text(), nullable=False),
        sa.Column("project_id", sa.Text(), nullable=False),
        sa.Column("customer_id", _number(), nullable=True),
        sa.Column("medium", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("dialled", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("contact_id", name=op.f("pk_contact_particulars")),
    )
    op.create_index(op.f("ix_contact_particulars_customer_id"), "contact_particulars", ["customer_id"], unique=False)
    op.create_index(
        op.f("ix_contact_particulars_project_id_address"),
        "contact_particulars",
        ["project_id", "address"],
        unique=False,
    )

    op.create_table(
        "contacts",
        sa.Column("contact_id", sa.Text(), nullable=False),
        sa.Column("project_id", sa.Text(), nullable=False),
        sa.Column("queue_id", sa.Text(), nullable=False),
        sa.Column("medium", sa.Text(), nullable=False),
        sa.Column("arrived_ms", _number(), nullable=False),
        sa.Column("queued_ms", _number(), nullable=False),
        sa.Column("answered_ms", _number(), nullable=True),
        sa.Column("ended_ms", _number(), nullable=True),
        sa.Column("closed_ms", _number(), nullable=True),
        sa.Column("wait_ms", _number(), nullable=True),
        sa.Column("talk_ms", _number(), nullable=True),
        sa.Column("hold_ms", _number(), nullable=True),
        sa.Column("wrap_up_ms", _number(), nullable=True),
        sa.Column("offered", _number(), nullable=False),
        sa.Column("abandoned", sa.Boolean(), nullable=False),
        sa.Column("agent_id", sa.Text(), nullable=True),
        sa.Column("disposition", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("contact_id", name=op.f("pk_contacts")),
    )
    op.create_index(op.f("ix_contacts_agent_id_arrived_ms"), "contacts", ["agent_id", "arrived_ms"], unique=False)
    op.create_index(op.f("ix_contacts_project_id_arrived_ms"), "contacts", ["project_id", "arrived_ms"], unique=False)

    op.create_table(
        "failed_sign_ins",
        sa.Column("login", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("tries", _number(), nullable=False),
        sa.Column("retry_at_ms", _number(), nullable=False),
        sa.PrimaryKeyConstraint("login", "source", name=op.f("pk_failed_sign_ins")),
    )
    op.create_table(
        "notes",
        sa.Column("assignment_id", sa.Text(), nullable=False),
        sa.Column("contact_id", sa.Text(), nullable=False),
        sa.Column("agent_id", sa.Text(), nullable=False),
        sa.Column("at_ms", _number(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("assignment_id", name=op.f("pk_notes")),
    )
    op.create_index(op.f("ix_notes_contact_id"), "notes", ["contact_id"], unique=False)

    op.create_table(
        "ended_sessions",
        sa.Column("session_id", sa.Text(), nullable=False),
        sa.Column("until_ms", _number(), nullable=False),
        sa.PrimaryKeyConstraint("session_id", name=op.f("pk_ended_sessions")),
    )
    op.create_table(
        "people",
        sa.Column("person_id", _number(), nullable=False),
        sa.Column("login", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("extension", sa.Text(), nullable=True),
        sa.Column("sip_secret", sa.Text(), nullable=True),
        sa.Column("password_hash", sa.Text(), nullable=True),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("sessions_from_ms", _number(), nullable=False),
        sa.PrimaryKeyConstraint("person_id", name=op.f("pk_people")),
        sa.UniqueConstraint("extension", name=op.f("uq_people_extension")),
        sa.UniqueConstraint("login", name=op.f("uq_people_login")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "projections",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("position", _number(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_projections")),
    )
    op.create_table(
        "projects",
        sa.Column("project_id", sa.Text(), nullable=False),
        sa.Column("name_en", sa.Text(), nullable=False),
        sa.Column("name_ru", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("project_id", name=op.f("pk_projects")),
    )
    op.create_table(
        "readiness",
        sa.Column("entry", _number(), autoincrement=False, nullable=False),
        sa.Column("place", _number(), autoincrement=False, nullable=False),
        sa.Column("agent_id", sa.Text(), nullable=False),
        sa.Column("at_ms", _number(), nullable=False),
        sa.Column("readiness", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("entry", "place", name=op.f("pk_readiness")),
    )
    op.create_index(op.f("ix_readiness_agent_id_at_ms"), "readiness", ["agent_id", "at_ms"], unique=False)

    op.create_table(
        "set_aside",
        sa.Column("entry", _number(), autoincrement=False, nullable=False),
        sa.Column("at_ms", _number(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("entry", name=op.f("pk_set_aside")),
    )
    op.create_table(
        "skills",
        sa.Column("skill_id", sa.Text(), nullable=False),
        sa.Column("name_en", sa.Text(), nullable=False),
        sa.Column("name_ru", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("skill_id", name=op.f("pk_skills")),
    )
    op.create_table(
        "codes",
        sa.Column("project_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("title_en", sa.Text(), nullable=False),
        sa.Column("title_ru", sa.Text(), nullable=False),
        sa.Column("position", _number(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["project_id"], ["projects.project_id"], name=op.f("fk_codes_project_id_projects")),
        sa.PrimaryKeyConstraint("project_id", "kind", "key", name=op.f("pk_codes")),
    )
    op.create_table(
        "customers",
        sa.Column("customer_id", _number(), nullable=False),
        sa.Column("project_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("tier", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["project_id"], ["projects.project_id"], name=op.f("fk_customers_project_id_projects")),
        sa.PrimaryKeyConstraint("customer_id", name=op.f("pk_customers")),
    )
    op.create_index(op.f("ix_customers_project_id"), "customers", ["project_id"], unique=False)

    op.create_table(
        "one_time_links",
        sa.Column("token_digest", sa.Text(), nullable=False),
        sa.Column("person_id", _number(), nullable=False),
        sa.Column("expires_ms", _number(), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["people.person_id"], name=op.f("fk_one_time_links_person_id_people")),
        sa.PrimaryKeyConstraint("token_digest", name=op.f("pk_one_time_links")),
    )
    op.create_table(
        "person_projects",
        sa.Column("person_id", _number(), nullable=False),
        sa.Column("project_id", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["people.person_id"], name=op.f("fk_person_projects_person_id_people")),
        sa.ForeignKeyConstraint(
            ["project_id"], ["projects.project_id"], name=op.f("fk_person_projects_project_id_projects")
        ),
        sa.PrimaryKeyConstraint("person_id", "project_id", name=op.f("pk_person_projects")),
    )
    op.create_table(
        "person_skills",
        sa.Column("person_id", _number(), nullable=False),
        sa.Column("skill_id", sa.Text(), nullable=False),
        sa.Column("level", _number(), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["people.person_id"], name=op.f("fk_person_skills_person_id_people")),
        sa.ForeignKeyConstraint(["skill_id"], ["skills.skill_id"], name=op.f("fk_person_skills_skill_id_skills")),
        sa.PrimaryKeyConstraint("person_id", "skill_id", name=op.f("pk_person_skills")),
    )
    op.create_table(
        "addresses",
        sa.Column("address_id", _number(), nullable=False),
        sa.Column("project_id", sa.Text(), nullable=False),
        sa.Column("customer_id", _number(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["customer_id"],
            ["customers.customer_id"],
            name=op.f("fk_addresses_customer_id_customers"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["project_id"], ["projects.project_id"], name=op.f("fk_addresses_project_id_projects")),
        sa.PrimaryKeyConstraint("address_id", name=op.f("pk_addresses")),
        sa.UniqueConstraint("project_id", "value", name=op.f("uq_addresses_project_id_value")),
    )
    op.create_index(op.f("ix_addresses_customer_id"), "addresses", ["customer_id"], unique=False)

    op.create_table(
        "contracts",
        sa.Column("contract_id", _number(), nullable=False),
        sa.Column("project_id", sa.Text(), nullable=False),
        sa.Column("customer_id", _number(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("balance_minor", _number(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("ends_on", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["customer_id"],
            ["customers.customer_id"],
            name=op.f("fk_contracts_customer_id_customers"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["project_id"], ["projects.project_id"], name=op.f("fk_contracts_project_id_projects")),
        sa.PrimaryKeyConstraint("contract_id", name=op.f("pk_contracts")),
        sa.UniqueConstraint("project_id", "number", name=op.f("uq_contracts_project_id_number")),
    )
    op.create_index(op.f("ix_contracts_customer_id"), "contracts", ["customer_id"], unique=False)

    op.create_table(
        "account_pins",
        sa.Column("contract_id", _number(), autoincrement=False, nullable=False),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("pin_hash", sa.Text(), nullable=False),
        sa.Column("tries", _number(), nullable=False),
        sa.Column("locked_until_ms", _number(), nullable=False),
        sa.ForeignKeyConstraint(
            ["contract_id"],
            ["contracts.contract_id"],
            name=op.f("fk_account_pins_contract_id_contracts"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("contract_id", name=op.f("pk_account_pins")),
        sa.UniqueConstraint("account", name=op.f("uq_account_pins_account")),
    )


def downgrade() -> None:
    raise RuntimeError("the first migration has nothing to go back to; restore the backup")
