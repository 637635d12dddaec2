"""The demo centre's people, customers and a past: the same every time, put in once.

Passwords and SIP secrets come from the caller, who makes them at random per home. Customers have numbers of the range
+7916555…, names put together from the lists below, and one PIN for all (`PIN`), which the demo prints: they are nobody.
"""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from cti.database import Database
from cti.domain.events import SkillLevel
from cti.domain.ids import AgentId, Milliseconds, ProjectId, SiteId, SkillId
from cti.ports import Person, Role
from cti.store import models
from cti.store.directory import SYSTEM, Directory

PIN: Final = "1234"
"""Opens every demo account; the accounts are the customers' contracts, 100001 and on."""
FIRST_ACCOUNT: Final = 100_001
CUSTOMERS: Final = 200
_WITH_PAST: Final = 60
_DAY_MS: Final = 86_400_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """What one demo person signs in with; `sip_secret` for those with a phone."""

    password: str
    sip_secret: str | None = None


SITE: Final = SiteId("moscow")
"""Where everyone of the demo sits who has a phone."""


def _person(
    login: str, name: str, *, role: Role, projects: str, extension: str | None = None, skills: str = ""
) -> Person:
    levels = (skill.partition(":") for skill in skills.split())
    return Person(
        agent_id=AgentId(""),
        login=login,
        name=name,
        role=role,
        project_ids=tuple(ProjectId(project) for project in projects.split()),
        extension=extension,
        language="ru" if any("а" <= letter <= "я" for letter in name.lower()) else "en",
        skills=tuple(SkillLevel(skill_id=SkillId(key), level=int(level)) for key, _, level in levels),
        active=True,
        site_id=SITE if extension is not None else None,
    )


_AGENTS: Final = (
    ("101", "Alice Morgan", "telecom", "sales:9 technical:3"),
    ("102", "Борис Орлов", "telecom", "sales:7 technical:5"),
    ("103", "Вера Лебедева", "telecom", "sales:5 technical:8"),
    ("104", "Daniel Price", "telecom", "sales:3 technical:9"),
    ("105", "Елена Соколова", "telecom", "sales:6 technical:6"),
    ("106", "Фёдор Зимин", "telecom", "technical:10"),
    ("107", "Grace Hill", "telecom clinic", "sales:8 technical:4 reception:5"),
    ("108", "Ирина Волкова", "telecom clinic", "sales:4 technical:7 reception:6"),
    ("109", "Ольга Белова", "clinic", "reception:9"),
    ("110", "Peter Novak", "clinic", "reception:7"),
)

PEOPLE: Final = (
    *(
        _person(f"agent{extension}", name, role=Role.AGENT, projects=projects, extension=extension, skills=skills)
        for extension, name, projects, skills in _AGENTS
    ),
    _person("supervisor", "Наталья Кравцова", role=Role.SUPERVISOR, projects="telecom clinic", extension="100"),
    _person("admin", "Admin", role=Role.ADMIN, projects="telecom clinic"),
)
"""Everyone of the demo; logins as in `cti.home.DemoSecrets`."""


async def seed(database: Database, credentials: Mapping[str, Credentials], *, pin_hash: str) -> None:
    """Put in whoever and whatever is not there yet; what is there stays as it is.

    `credentials` by login, for everyone in `PEOPLE`; `pin_hash` is `cti.crm.accounts.hashed(PIN)`. The centre's
    projects and skills must have been adopted. Raises DatabaseDown, RuleError.
    """
    directory = Directory(database)
    known = {person.login for person in await directory.everyone()}
    for person in PEOPLE:
        if person.login not in known:
            given = credentials[person.login]
            await directory.add(person, given.password, actor=SYSTEM, sip_secret=given.sip_secret)
    ids = {person.login: person.agent_id for person in await directory.everyone()}
    now_ms = time.time_ns() // 1_000_000
    await database.write(lambda connection: _seed_customers(connection, ids, pin_hash, now_ms), within_s=60)


_RUSSIAN: Final = (
    ("Анна", "Сергей", "Дмитрий", "Ольга", "Ирина", "Павел", "Марина"),
    (
        *("Петренко", "Ким", "Шевчук", "Дорошенко", "Гончар", "Юрченко", "Мельник", "Бондарь", "Коваль", "Савченко"),
        *("Литвин", "Ткач", "Черных", "Седых", "Долгих", "Франко", "Марченко", "Живаго", "Дурново", "Белых"),
    ),
)
_ENGLISH: Final = (
    ("Mary", "James", "Emma"),
    (
        *("Brown", "Wilson", "Taylor", "Moore", "Clark", "Walker", "Evans", "Hughes", "Green", "Baker"),
        *("Cooper", "Ward", "Bell", "Murphy", "Reed", "Foster", "Gray", "Palmer", "Stone", "Fisher"),
    ),
)
_TARIFFS: Final = ("Home 100", "Home 300", "Mobile L", "Mobile M")
_TELECOM_LAST: Final = 160
"""Customers up to this number are the telecom's, the others the clinic's."""
_PASTS: Final = {
    "telecom": (
        ("sales", "agent101", "sold"),
        ("support", "agent103", "resolved"),
        ("support", "agent106", "call_back"),
    ),
    "clinic": (
        ("reception", "agent109", "booked"),
        ("reception", "agent110", "answered"),
        ("reception", "agent109", "moved"),
    ),
}
"""Queue, agent and disposition of past contacts, by project."""
_NOTES: Final = {
    "sold": "Took Home 300 with a router.",
    "resolved": "Роутер перезагружен, связь восстановлена.",
    "call_back": "Asked to be called after six.",
    "booked": "Записан к терапевту на утро.",
    "answered": "Asked about opening hours.",
    "moved": "Приём перенесён на неделю.",
}


def _seed_customers(connection: Connection, ids: Mapping[str, AgentId], pin_hash: str, now_ms: Milliseconds) -> None:
    customers = models.table(models.Customer)
    if connection.execute(sa.select(sa.func.count()).select_from(customers)).scalar_one():
        return
    for number in range(1, CUSTOMERS + 1):
        row = _customer(number)
        statement = sa.insert(customers).values(row).returning(customers.c.customer_id)
        owner = {"project_id": row["project_id"], "customer_id": connection.execute(statement).scalar_one()}
        _seed_addresses(connection, owner, number)
        _seed_account(connection, owner, number, pin_hash)
        for place in range(number % 3 + 1 if number <= _WITH_PAST or number > _TELECOM_LAST else 0):
            _seed_past(connection, owner, number, place=place, ids=ids, now_ms=now_ms)


def phone(number: int) -> str:
    """The phone of the customer with this number, from 1."""
    return f"+7916555{number:04d}"


def _customer(number: int) -> dict[str, object]:
    group, place = divmod(number - 1, 10)
    (first, last), place = (_RUSSIAN, place) if place < 7 else (_ENGLISH, place - 7)
    name = f"{first[place]} {last[(group + place) % 20]}"
    return {
        "project_id": "telecom" if number <= _TELECOM_LAST else "clinic",
        "name": name,
        "tier": "gold" if number % 10 == 1 else "silver" if number % 4 == 0 else "standard",
        "language": "en" if name.isascii() else "ru",
    }


def _seed_addresses(connection: Connection, owner: Mapping[str, object], number: int) -> None:
    values = [("phone", phone(number)), ("email", f"customer{number}@example.com")]
    if number % 5 == 0:
        values.append(("phone", phone(5000 + number)))
    rows = [{**owner, "kind": kind, "value": value} for kind, value in values]
    connection.execute(sa.insert(models.table(models.Address)), rows)


def _seed_account(connection: Connection, owner: Mapping[str, object], number: int, pin_hash: str) -> None:
    contracts, account = models.table(models.ContractRow), str(FIRST_ACCOUNT + number - 1)
    values = {
        "number": account,
        "kind": _TARIFFS[number % 4] if number <= _TELECOM_LAST else "Insurance",
        "status": "suspended" if number % 17 == 0 else "active",
        "balance_minor": (number * 7919) % 250_000 - 20_000,
        "currency": "RUB",
        "ends_on": f"2030-{number % 12 + 1:02d}-01",
    }
    statement = sa.insert(contracts).values(**owner, **values).returning(contracts.c.contract_id)
    pin = {"contract_id": connection.execute(statement).scalar_one(), "account": account, "pin_hash": pin_hash}
    connection.execute(sa.insert(models.table(models.AccountPin)).values(**pin, tries=0, locked_until_ms=0))


def _seed_past(
    connection: Connection,
    owner: Mapping[str, object],
    number: int,
    *,
    place: int,
    ids: Mapping[str, AgentId],
    now_ms: Milliseconds,
) -> None:
    """One contact that took place `place` + 1 weeks ago, with its assignment, particulars and note."""
    for kind, values in _past(owner, number, place=place, ids=ids, now_ms=now_ms):
        connection.execute(sa.insert(models.table(kind)).values(values))


def _past(
    owner: Mapping[str, object], number: int, *, place: int, ids: Mapping[str, AgentId], now_ms: Milliseconds
) -> Sequence[tuple[type[models.Base], dict[str, object]]]:
    """Its rows, written out: one value a line."""
    project_id = str(owner["project_id"])
    queue_id, login, disposition = _PASTS[project_id][(number + place) % 3]
    contact = {"contact_id": f"past{number}-{place}"}
    assignment = {"assignment_id": f"past{number}-{place}", "agent_id": ids[login], **contact}
    arrived_ms = now_ms - (place + 1) * 7 * _DAY_MS - number * 60_000
    answered_ms = arrived_ms + 4000 + number * 100
    ended_ms = answered_ms + 60_000 + number * 1000
    closed_ms = ended_ms + 15_000
    spans = {"talk_ms": ended_ms - answered_ms, "hold_ms": 0, "closed_ms": closed_ms, "disposition": disposition}
    return (
        (
            models.ContactRow,
            {
                **contact,
                **spans,
                "project_id": project_id,
                "queue_id": queue_id,
                "medium": "voice",
                "arrived_ms": arrived_ms,
                "queued_ms": arrived_ms,
                "answered_ms": answered_ms,
                "ended_ms": ended_ms,
                "wait_ms": answered_ms - arrived_ms,
                "wrap_up_ms": closed_ms - ended_ms,
                "agent_id": ids[login],
                "offered": 1,
                "abandoned": False,
            },
        ),
        (
            models.AssignmentRow,
            {
                **assignment,
                **spans,
                "offered_ms": answered_ms - 4000,
                "started_ms": answered_ms,
                "wrap_up_started_ms": ended_ms,
                "outcome": "closed",
                "ended_by": "customer",
                "pop_late": False,
                "why": "{}",
            },
        ),
        (
            models.ContactParticulars,
            {
                **owner,
                **contact,
                "medium": "voice",
                "address": phone(number),
                **dict.fromkeys(("name", "dialled", "path", "account", "subject"), ""),
                "language": "ru",
            },
        ),
        (models.NoteRow, {**assignment, "at_ms": closed_ms, "text": _NOTES[disposition]}),
    )
