"""Rows of people ⇄ `ports.Person`. Functions of a connection, for `cti.store.directory`; they decide nothing."""

from collections import defaultdict
from collections.abc import Mapping
from typing import Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from cti.domain.events import SkillLevel
from cti.domain.ids import AgentId, ProjectId, SiteId, SkillId
from cti.errors import NotFound, RuleError
from cti.ports import Person, Phone, Role
from cti.store import models

_PEOPLE: Final = models.table(models.PersonRow)
_SKILLS: Final = models.table(models.PersonSkill)
_PROJECTS: Final = models.table(models.PersonProject)


def everyone(connection: Connection) -> list[Person]:
    """All, also those not active, by name."""
    return _people(connection, sa.true())


def by_login(connection: Connection, login: str) -> Person | None:
    """None when there is none."""
    return next(iter(_people(connection, _PEOPLE.c.login == login)), None)


def by_id(connection: Connection, person_id: int) -> Person | None:
    """None when there is none."""
    return next(iter(_people(connection, _PEOPLE.c.person_id == person_id)), None)


def password_hash(connection: Connection, login: str) -> str | None:
    """Of an active person; None when there is none, or he has no password."""
    kept: str | None = connection.execute(
        sa.select(_PEOPLE.c.password_hash).where(_PEOPLE.c.login == login, _PEOPLE.c.active)
    ).scalar()
    return kept


def phones(connection: Connection) -> list[Phone]:
    """The lines of the active."""
    rows = connection.execute(
        sa.select(_PEOPLE.c.person_id, _PEOPLE.c.extension, _PEOPLE.c.sip_secret)
        .where(_PEOPLE.c.active, _PEOPLE.c.extension.is_not(None), _PEOPLE.c.sip_secret.is_not(None))
        .order_by(_PEOPLE.c.extension)
    )
    return [Phone(agent_id=_agent_id(row[0]), extension=row[1], secret=row[2]) for row in rows]


def add(connection: Connection, person: Person, secrets: Mapping[str, str | None]) -> Person:
    """Enter him; `secrets` are the columns that no `Person` has. Raises IntegrityError, RuleError."""
    statement = sa.insert(_PEOPLE).values(**_columns(person), **secrets).returning(_PEOPLE.c.person_id)
    return _with_lists(connection, person, connection.execute(statement).scalar_one())


def change(connection: Connection, person: Person) -> Person:
    """Write him as given. Raises NotFound, IntegrityError, RuleError."""
    update(connection, person.agent_id, _columns(person))
    return _with_lists(connection, person, existing(connection, person.agent_id))


def update(connection: Connection, agent_id: AgentId, columns: Mapping[str, object]) -> None:
    """Change these columns of his row. Raises NotFound."""
    person_id = existing(connection, agent_id)
    connection.execute(sa.update(_PEOPLE).where(_PEOPLE.c.person_id == person_id).values(dict(columns)))


def existing(connection: Connection, agent_id: AgentId) -> int:
    """The number of his row. Raises NotFound."""
    number = agent_id.removeprefix("u")
    known = sa.select(_PEOPLE.c.person_id).where(_PEOPLE.c.person_id == int(number)) if number.isdecimal() else None
    if known is None or connection.execute(known).scalar() is None:
        raise NotFound(f"There is no user {agent_id}; the list of users shows all.")
    return int(number)


def described(person: Person) -> str:
    """For the audit; no secret among it."""
    skills = " ".join(f"{skill.skill_id}:{skill.level}" for skill in person.skills)
    state = "active" if person.active else "inactive"
    return (
        f"{person.role} {state} ext={person.extension or '-'} projects={','.join(person.project_ids)} skills={skills} "
        f"site={person.site_id or '-'} capacity={person.capacity or '-'}"
    )


def _people(connection: Connection, where: sa.ColumnElement[bool]) -> list[Person]:
    chosen = sa.select(_PEOPLE.c.person_id).where(where)
    projects: defaultdict[int, list[ProjectId]] = defaultdict(list)
    for row in connection.execute(
        sa.select(_PROJECTS).where(_PROJECTS.c.person_id.in_(chosen)).order_by(_PROJECTS.c.project_id)
    ):
        projects[row.person_id].append(ProjectId(row.project_id))
    skills: defaultdict[int, list[SkillLevel]] = defaultdict(list)
    for row in connection.execute(
        sa.select(_SKILLS).where(_SKILLS.c.person_id.in_(chosen)).order_by(_SKILLS.c.skill_id)
    ):
        skills[row.person_id].append(SkillLevel(skill_id=SkillId(row.skill_id), level=row.level))
    return [
        Person(
            agent_id=_agent_id(row.person_id),
            login=row.login,
            name=row.name,
            role=Role(row.role),
            project_ids=tuple(projects[row.person_id]),
            extension=row.extension,
            language=row.language,
            skills=tuple(skills[row.person_id]),
            active=row.active,
            site_id=None if row.site_id is None else SiteId(row.site_id),
            capacity=row.capacity,
            sessions_from_ms=row.sessions_from_ms,
        )
        for row in connection.execute(sa.select(_PEOPLE).where(where).order_by(_PEOPLE.c.name, _PEOPLE.c.person_id))
    ]


def _agent_id(person_id: int) -> AgentId:
    return AgentId(f"u{person_id}")


def _columns(person: Person) -> dict[str, object]:
    if not all(text.strip() and text.isprintable() for text in (person.login, person.name)):
        raise RuleError("A user needs a login and a name, of letters that can be printed.")
    if person.extension is not None and not (person.extension.isascii() and person.extension.isdecimal()):
        raise RuleError(f"An extension is digits only, not {person.extension!r}.")
    if not all(1 <= skill.level <= 10 for skill in person.skills):
        raise RuleError("The level of a skill is 1 to 10.")
    return {
        "login": person.login,
        "name": person.name,
        "role": person.role.value,
        "language": person.language,
        "extension": person.extension,
        "active": person.active,
        "site_id": person.site_id,
        "capacity": person.capacity,
    }


def _with_lists(connection: Connection, person: Person, person_id: int) -> Person:
    """Replace his projects and skills; the person as he stands then."""
    for table in (_PROJECTS, _SKILLS):
        connection.execute(sa.delete(table).where(table.c.person_id == person_id))
    if person.project_ids:
        projects = [{"person_id": person_id, "project_id": project_id} for project_id in set(person.project_ids)]
        connection.execute(sa.insert(_PROJECTS), projects)
    if person.skills:
        levels = {skill.skill_id: skill.level for skill in person.skills}
        rows = [{"person_id": person_id, "skill_id": skill_id, "level": level} for skill_id, level in levels.items()]
        connection.execute(sa.insert(_SKILLS), rows)
    written = by_id(connection, person_id)
    assert written is not None
    return written
