"""The columns that this package reads and writes, as SQLAlchemy's light tables.

The schema itself belongs to `cti.store`, which this package does not know; a test holds the two together.
"""

from typing import Final

from sqlalchemy import column, table
from sqlalchemy.sql.expression import TableClause

CUSTOMERS: Final[TableClause] = table(
    "customers", *map(column, ("customer_id", "project_id", "name", "tier", "language", "manager"))
)
ADDRESSES: Final[TableClause] = table("addresses", *map(column, ("project_id", "customer_id", "kind", "value")))
CONTRACTS: Final[TableClause] = table(
    "contracts",
    *map(
        column,
        (
            "contract_id",
            "project_id",
            "customer_id",
            "number",
            "kind",
            "status",
            "balance_minor",
            "currency",
            "ends_on",
        ),
    ),
)
PINS: Final[TableClause] = table(
    "account_pins", *map(column, ("contract_id", "account", "pin_hash", "tries", "locked_until_ms"))
)
PARTICULARS: Final[TableClause] = table(
    "contact_particulars",
    *map(column, ("contact_id", "project_id", "customer_id", "address", "name", "path", "account", "subject")),
)

PEOPLE: Final[TableClause] = table("people", *map(column, ("person_id", "login", "active")))
NOTES: Final[TableClause] = table("notes", *map(column, ("contact_id", "text")))
SAID: Final = ("address", "subject", "text", "html", "reference", "in_reply_to", "thread", "problem")
"""What is a person's in a message."""
MESSAGES: Final[TableClause] = table("messages", *map(column, ("message_id", "contact_id", "project_id", *SAID)))
ATTACHMENTS: Final[TableClause] = table("attachments", *map(column, ("message_id",)))
UPLOADS: Final[TableClause] = table("uploads", *map(column, ("contact_id",)))
CHATS: Final[TableClause] = table("chats", *map(column, ("contact_id", "page")))
LEADS: Final[TableClause] = table("leads", *map(column, ("project_id", "number", "name", "columns")))
RECORDINGS: Final[TableClause] = table("recordings", *map(column, ("contact_id", "key_id", "wrapped_key", "erased_ms")))
