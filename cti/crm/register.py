"""Upkeep of the centre's own customers: add, change, list, import and erase. For the commands and the demo.

Addresses are brought into their one form here, at the edge. Erasing removes a person from every table that may hold
him and leaves the ledger's rows, which hold ids only.
"""

import csv
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice
from typing import Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection
from sqlalchemy.exc import IntegrityError

from cti.crm import addresses
from cti.crm.tables import (
    ADDRESSES,
    ATTACHMENTS,
    CHATS,
    CONTRACTS,
    CUSTOMERS,
    LEADS,
    MESSAGES,
    NOTES,
    PARTICULARS,
    PEOPLE,
    PINS,
    RECORDINGS,
    SAID,
    UPLOADS,
)
from cti.database import Database
from cti.domain.ids import ProjectId
from cti.errors import NotFound, RuleError
from cti.ports import Contract

COLUMNS: Final = "name,phone,email,tier,language,manager"
"""Of a file to be imported."""
_IMPORTED_AT_ONCE: Final = 500
_IMPORT_DEADLINE_S: Final = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class NewCustomer:
    """A customer to be entered."""

    project_id: ProjectId
    name: str
    addresses: tuple[str, ...]
    """Numbers, e-mails and handles as written by people."""
    tier: str = ""
    language: str = ""
    manager: str = ""
    """Login of the relationship manager; "": nobody."""
    contracts: tuple[Contract, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Changed:
    """What is to be different of a customer; None leaves it as it is."""

    name: str | None = None
    tier: str | None = None
    language: str | None = None
    manager: str | None = None
    """Login; "": nobody any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """One customer in a list."""

    customer_id: int
    project_id: ProjectId
    name: str
    addresses: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """What an import did."""

    added: int
    refused: tuple[tuple[int, str], ...]
    """Line of the file and why."""


async def add(database: Database, customer: NewCustomer) -> int:
    """Enter the customer; his id.

    Raises RuleError when an address is none, or another customer's in this project, or nobody has the manager's login.
    """
    try:
        return await database.write(lambda connection: insert(connection, customer))
    except IntegrityError as error:
        raise RuleError(_taken(customer)) from error


def insert(connection: Connection, customer: NewCustomer) -> int:
    """As `add`, in the transaction of the connection. Raises IntegrityError too."""
    _check_name(customer.name)
    normal = list(dict.fromkeys(map(addresses.normal, customer.addresses)))
    values: dict[str, object] = {"name": customer.name, "tier": customer.tier, "language": customer.language}
    values["manager"] = _person_id(connection, customer.manager)
    statement = sa.insert(CUSTOMERS).values(project_id=customer.project_id, **values)
    customer_id = int(connection.execute(statement.returning(CUSTOMERS.c.customer_id)).scalar_one())
    owner: dict[str, object] = {"project_id": customer.project_id, "customer_id": customer_id}
    if normal:
        rows = [owner | {"kind": addresses.kind_of(value).value, "value": value} for value in normal]
        connection.execute(sa.insert(ADDRESSES), rows)
    if customer.contracts:
        connection.execute(sa.insert(CONTRACTS), [owner | _columns(contract) for contract in customer.contracts])
    return customer_id


async def change(database: Database, customer_id: int, changed: Changed) -> None:
    """Change these of the customer's fields. Raises NotFound; RuleError as `add`."""
    await database.write(lambda connection: _change(connection, customer_id, changed))


async def listed(database: Database, *, project_id: ProjectId | None = None, limit: int = 100) -> Sequence[Listed]:
    """Customers by id, at most `limit`, of one project or of all."""
    return await database.read(lambda connection: _listed(connection, project_id, limit))


async def import_csv(database: Database, lines: Iterable[str], *, project_id: ProjectId) -> Imported:
    """Enter the customers of a CSV file with the columns name, phone, email, tier, language and manager (a login).

    Only name is needed. Several addresses in one field are parted by `;`. A line that cannot be entered is told and
    the rest go on. Raises RuleError when the heading has no name.
    """
    reader = csv.DictReader(lines)
    if "name" not in (reader.fieldnames or ()):
        raise RuleError(
            "The first line must name the columns, one of them `name`: name,phone,email,tier,language,manager."
        )
    numbered = ((reader.line_num, _of_line(line, project_id)) for line in reader)
    added, refused = 0, list[tuple[int, str]]()
    for batch in _batches(numbered):
        reasons = await database.write(partial(_insert_each, batch=batch), within_s=_IMPORT_DEADLINE_S)
        refused += reasons
        added += len(batch) - len(reasons)
    return Imported(added=added, refused=tuple(refused))


async def erase(database: Database, customer_id: int) -> None:
    """Remove the person: customer, addresses, contracts, PINs, recordings, and what else contacts hold of him.

    That contacts took place stays in the ledger. Raises NotFound.
    """
    await database.write(lambda connection: _erase(connection, customer_id), within_s=_IMPORT_DEADLINE_S)


def _check_name(name: str) -> None:
    if not name.strip() or not name.isprintable():
        raise RuleError("A customer needs a name, of letters that can be printed.")


def _person_id(connection: Connection, login: str) -> int | None:
    """Of who looks after the customer; None for "". Raises RuleError when nobody active has this login."""
    if not login:
        return None
    found: int | None = connection.execute(
        sa.select(PEOPLE.c.person_id).where(PEOPLE.c.login == login, PEOPLE.c.active)
    ).scalar()
    if found is None:
        raise RuleError(f"Nobody active has the login {login!r}: `cti agent list` shows who there is.")
    return found


def _change(connection: Connection, customer_id: int, changed: Changed) -> None:
    given = {"name": changed.name, "tier": changed.tier, "language": changed.language}
    values: dict[str, object] = {column: value for column, value in given.items() if value is not None}
    if changed.name is not None:
        _check_name(changed.name)
    if changed.manager is not None:
        values["manager"] = _person_id(connection, changed.manager)
    if not values:
        raise RuleError("Say what is to change: --name, --tier, --language or --manager.")
    this = CUSTOMERS.c.customer_id == customer_id
    if connection.execute(sa.update(CUSTOMERS).where(this).values(values)).rowcount == 0:
        raise _unknown(customer_id)


def _unknown(customer_id: int) -> NotFound:
    return NotFound(f"There is no customer {customer_id}; `cti customer list` shows all.")


def _columns(contract: Contract) -> dict[str, object]:
    return {
        "number": contract.number,
        "kind": contract.kind,
        "status": contract.status,
        "balance_minor": contract.balance_minor,
        "currency": contract.currency,
        "ends_on": contract.ends_on,
    }


def _taken(customer: NewCustomer) -> str:
    return (
        f"The project {customer.project_id!r} is not known, or another customer of it has an address or contract of "
        f"{customer.name!r}; `cti customer find` shows whose it is."
    )


def _listed(connection: Connection, project_id: ProjectId | None, limit: int) -> list[Listed]:
    chosen = sa.select(CUSTOMERS).order_by(CUSTOMERS.c.customer_id).limit(limit)
    if project_id is not None:
        chosen = chosen.where(CUSTOMERS.c.project_id == project_id)
    rows = connection.execute(chosen).all()
    wanted = [row.customer_id for row in rows]
    values: dict[int, list[str]] = {customer_id: [] for customer_id in wanted}
    for row in connection.execute(
        sa.select(ADDRESSES.c.customer_id, ADDRESSES.c.value).where(ADDRESSES.c.customer_id.in_(wanted))
    ):
        values[row.customer_id].append(row.value)
    return [
        Listed(
            customer_id=row.customer_id,
            project_id=ProjectId(row.project_id),
            name=row.name,
            addresses=tuple(values[row.customer_id]),
        )
        for row in rows
    ]


def _of_line(line: dict[str, str], project_id: ProjectId) -> NewCustomer:
    given = [*(line.get("phone") or "").split(";"), *(line.get("email") or "").split(";")]
    return NewCustomer(
        project_id=project_id,
        name=line.get("name") or "",
        addresses=tuple(address.strip() for address in given if address.strip()),
        tier=line.get("tier") or "",
        language=line.get("language") or "",
        manager=(line.get("manager") or "").strip(),
    )


def _batches(numbered: Iterator[tuple[int, NewCustomer]]) -> Iterator[list[tuple[int, NewCustomer]]]:
    while batch := list(islice(numbered, _IMPORTED_AT_ONCE)):
        yield batch


def _insert_each(connection: Connection, batch: Sequence[tuple[int, NewCustomer]]) -> list[tuple[int, str]]:
    refused = []
    for line, customer in batch:
        try:
            with connection.begin_nested():
                insert(connection, customer)
        except IntegrityError:
            refused.append((line, _taken(customer)))
        except RuleError as error:
            refused.append((line, str(error)))
    return refused


def _erase(connection: Connection, customer_id: int) -> None:
    row = connection.execute(
        sa.select(CUSTOMERS.c.project_id).where(CUSTOMERS.c.customer_id == customer_id)
    ).one_or_none()
    if row is None:
        raise _unknown(customer_id)
    his_addresses = sa.select(ADDRESSES.c.value).where(ADDRESSES.c.customer_id == customer_id)
    his = sa.or_(
        PARTICULARS.c.customer_id == customer_id,
        sa.and_(PARTICULARS.c.project_id == row.project_id, PARTICULARS.c.address.in_(his_addresses)),
    )
    his_contacts = sa.select(PARTICULARS.c.contact_id).where(his)
    connection.execute(sa.update(NOTES).where(NOTES.c.contact_id.in_(his_contacts)).values(text=""))
    said = sa.or_(
        MESSAGES.c.contact_id.in_(his_contacts),
        sa.and_(MESSAGES.c.project_id == row.project_id, MESSAGES.c.address.in_(his_addresses)),
    )
    his_messages = sa.select(MESSAGES.c.message_id).where(said)
    connection.execute(sa.delete(ATTACHMENTS).where(ATTACHMENTS.c.message_id.in_(his_messages)))
    connection.execute(sa.update(CHATS).where(CHATS.c.contact_id.in_(his_contacts)).values(page=""))
    connection.execute(sa.delete(UPLOADS).where(UPLOADS.c.contact_id.in_(his_contacts)))
    connection.execute(sa.update(MESSAGES).where(said).values(**dict.fromkeys(SAID, "")))
    _erase_recordings(connection, his_contacts)
    empty = dict.fromkeys(("address", "name", "path", "account", "subject"), "")
    connection.execute(sa.update(PARTICULARS).where(his).values(**empty, customer_id=None))
    on_lists = sa.and_(LEADS.c.project_id == row.project_id, LEADS.c.number.in_(his_addresses))
    connection.execute(sa.update(LEADS).where(on_lists).values(number=None, name="", columns="{}"))
    his_contracts = sa.select(CONTRACTS.c.contract_id).where(CONTRACTS.c.customer_id == customer_id)
    connection.execute(sa.delete(PINS).where(PINS.c.contract_id.in_(his_contracts)))
    for table in (CONTRACTS, ADDRESSES, CUSTOMERS):
        connection.execute(sa.delete(table).where(table.c.customer_id == customer_id))


def _erase_recordings(connection: Connection, contacts: sa.Select[tuple[str]]) -> None:
    """Without its key nothing opens a recording, wherever copies of its file are; the engine removes the file."""
    his = sa.and_(RECORDINGS.c.contact_id.in_(contacts), RECORDINGS.c.erased_ms.is_(None))
    now_ms = time.time_ns() // 1_000_000
    connection.execute(sa.update(RECORDINGS).where(his).values(key_id="", wrapped_key="", erased_ms=now_ms))
