"""The centre's own customers: the look-ups beside a call and before it.

Each is one statement, so that it costs one hop to the database's thread and one round trip: a card is the customer,
then his addresses, contracts and newest contacts as rows of one union, told apart by their first column. Upkeep is
`cti.crm.register`. Used by the engine through `ports.Customers`.
"""

import time
from collections.abc import Callable, Sequence
from typing import Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from cti.crm import addresses
from cti.database import Database
from cti.domain.ids import AgentId, ContactId, DispositionId, Medium, Milliseconds, ProjectId, QueueId
from cti.errors import RuleError
from cti.ports import Card, Contract, PastContact, Standing
from cti.ports.customers import LAST_AGENT_DAYS

SOURCE: Final = "triune"
"""Where the built-in cards come from, as the desktop shows it."""
_DEADLINE_S: Final = 0.3
_STANDING_DEADLINE_S: Final = 0.15
_DAY_MS: Final = 86_400_000

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

STANDING: Final = sa.text("""
WITH his AS (
    SELECT CAST(:address AS TEXT) AS value
    UNION SELECT b.value FROM addresses a JOIN addresses b ON b.customer_id = a.customer_id
    WHERE a.project_id = :project_id AND a.value = :address
), newest AS (
    SELECT k.agent_id, k.arrived_ms FROM his CROSS JOIN contact_particulars x CROSS JOIN contacts k
    WHERE x.project_id = :project_id AND x.address = his.value AND k.contact_id = x.contact_id
    AND k.project_id = :project_id AND k.agent_id IS NOT NULL AND k.arrived_ms >= :since_ms
    ORDER BY k.arrived_ms DESC LIMIT 1
)
SELECT c.tier AS tier, p.person_id AS manager, NULL AS last_agent, NULL AS last_ms
FROM addresses a JOIN customers c ON c.customer_id = a.customer_id
LEFT JOIN people p ON p.person_id = c.manager AND p.active
WHERE a.project_id = :project_id AND a.value = :address
UNION ALL SELECT NULL, NULL, agent_id, arrived_ms FROM newest
""")
"""SQLite takes a CROSS JOIN in the order written: by the address, never through a month of everybody's contacts."""

_Row = tuple[str, str, str | None, str | None, str | None, str | None, int]


class BuiltInCustomers:
    """See `ports.Customers`. A number that is written in another way than E.164 is read by the rules of `country`."""

    def __init__(
        self,
        database: Database,
        *,
        country: str = addresses.DEFAULT_COUNTRY,
        now_ms: Callable[[], Milliseconds] = lambda: time.time_ns() // 1_000_000,
    ) -> None:
        self._database = database
        self._country = country
        self._now_ms = now_ms

    async def find(self, address: str, *, project_id: ProjectId) -> Card | None:
        """See `ports.Customers`; None also for what is no address, such as a withheld number."""
        try:
            wanted = addresses.normal(address, country=self._country)
        except RuleError:
            return None
        given = {"project_id": project_id, "address": wanted}
        rows = await self._database.read(lambda connection: _rows(connection, given), within_s=_DEADLINE_S)
        return _card(rows) if rows else None

    async def standing(self, address: str, *, project_id: ProjectId) -> Standing | None:
        """See `ports.Customers`; None also for what is no address."""
        try:
            wanted = addresses.normal(address, country=self._country)
        except RuleError:
            return None
        since_ms = self._now_ms() - LAST_AGENT_DAYS * _DAY_MS
        given = {"project_id": project_id, "address": wanted, "since_ms": since_ms}
        return await self._database.read(lambda connection: _standing(connection, given), within_s=_STANDING_DEADLINE_S)


def _rows(connection: Connection, given: dict[str, str]) -> list[_Row]:
    return [tuple(row) for row in connection.execute(_FIND, given)]


def _standing(connection: Connection, given: dict[str, object]) -> Standing | None:
    rows = connection.execute(STANDING, given).all()
    who = next((row for row in rows if row.tier is not None), None)
    last = next((row for row in rows if row.last_agent is not None), None)
    if who is None and last is None:
        return None
    return Standing(
        tier=who.tier if who is not None else "",
        manager=AgentId(f"u{who.manager}") if who is not None and who.manager is not None else None,
        last_agent=AgentId(last.last_agent) if last is not None else None,
        last_ms=last.last_ms if last is not None else None,
    )


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
