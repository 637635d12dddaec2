"""The centre's own customers: the look-up beside a call, and their upkeep for the commands.

The look-up is one statement, so that it costs one hop to the database's thread and one round trip: the customer, then
his addresses, contracts and newest contacts as rows of one union, told apart by their first column. Upkeep is
`cti.crm.register`. Used by the engine through `ports.Customers`.
"""

from collections.abc import Sequence
from typing import Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from cti.crm import addresses
from cti.database import Database
from cti.domain.ids import ContactId, DispositionId, Medium, ProjectId, QueueId
from cti.errors import RuleError
from cti.ports import Card, Contract, PastContact

SOURCE: Final = "triune"
"""Where the built-in cards come from, as the desktop shows it."""
_DEADLINE_S: Final = 0.3

_PAST: Final = 10

_FIND: Final = sa.text(f"""
WITH who AS (
    SELECT c.customer_id, c.name, c.tier, c.language FROM customers c JOIN addresses a ON a.customer_id = c.customer_id
    WHERE a.project_id = :project_id AND a.value = :address
), past AS (
    SELECT k.contact_id, k.medium, k.queue_id, k.arrived_ms, k.disposition, p.name AS agent,
           (SELECT n.text FROM notes n WHERE n.contact_id = k.contact_id ORDER BY n.at_ms DESC LIMIT 1) AS note
    FROM who JOIN contact_particulars x ON x.customer_id = who.customer_id
    JOIN contacts k ON k.contact_id = x.contact_id
    LEFT JOIN people p ON p.person_id = CAST(substr(k.agent_id, 2) AS INTEGER)
    WHERE k.closed_ms IS NOT NULL ORDER BY k.arrived_ms DESC LIMIT {_PAST}
)
SELECT 'customer' AS part, name AS a, tier AS b, language AS c, '' AS d, '' AS e, customer_id AS number FROM who
UNION ALL SELECT a.kind, a.value, '', '', '', '', a.address_id FROM addresses a JOIN who ON a.customer_id =
who.customer_id UNION ALL SELECT 'contract', k.number, k.kind, k.status, k.currency, k.ends_on, k.balance_minor
    FROM contracts k JOIN who ON k.customer_id = who.customer_id
UNION ALL SELECT 'past ' || contact_id, medium, queue_id, agent, disposition, note, arrived_ms FROM past
""")  # noqa: S608 - the number is a constant

_Row = tuple[str, str, str | None, str | None, str | None, str | None, int]


class BuiltInCustomers:
    """See `ports.Customers`. A number that is written in another way than E.164 is read by the rules of `country`."""

    def __init__(self, database: Database, *, country: str = addresses.DEFAULT_COUNTRY) -> None:
        self._database = database
        self._country = country

    async def find(self, address: str, *, project_id: ProjectId) -> Card | None:
        """See `ports.Customers`; None also for what is no address, such as a withheld number."""
        try:
            wanted = addresses.normal(address, country=self._country)
        except RuleError:
            return None
        given = {"project_id": project_id, "address": wanted}
        rows = await self._database.read(lambda connection: _rows(connection, given), within_s=_DEADLINE_S)
        return _card(rows) if rows else None


def _rows(connection: Connection, given: dict[str, str]) -> list[_Row]:
    return [tuple(row) for row in connection.execute(_FIND, given)]


def _card(rows: Sequence[_Row]) -> Card:
    by_part: dict[str, list[_Row]] = {}
    for row in rows:
        by_part.setdefault(row[0].partition(" ")[0], []).append(row)
    _, name, tier, language, _, _, customer_id = by_part["customer"][0]
    return Card(
        customer_id=customer_id,
        name=name,
        tier=tier or "",
        language=language or "",
        phones=_values(by_part.get("phone", [])),
        emails=_values(by_part.get("email", [])),
        contracts=tuple(sorted(map(_contract, by_part.get("contract", [])), key=lambda contract: contract.number)),
        past=tuple(sorted(map(_past, by_part.get("past", [])), key=lambda past: -past.arrived_ms)),
        source=SOURCE,
    )


def _values(rows: Sequence[_Row]) -> tuple[str, ...]:
    """In the order in which they were entered."""
    return tuple(row[1] for row in sorted(rows, key=lambda row: row[6]))


def _contract(row: _Row) -> Contract:
    _, number, kind, status, currency, ends_on, balance_minor = row
    return Contract(
        number=number,
        kind=kind or "",
        status=status or "",
        balance_minor=balance_minor,
        currency=currency or "",
        ends_on=ends_on or None,
    )


def _past(row: _Row) -> PastContact:
    part, medium, queue_id, agent, disposition, note, arrived_ms = row
    return PastContact(
        contact_id=ContactId(part.partition(" ")[2]),
        medium=Medium(medium),
        queue_id=QueueId(queue_id or ""),
        arrived_ms=arrived_ms,
        agent_name=agent,
        disposition=DispositionId(disposition) if disposition else None,
        note=note or "",
    )
