"""Rows of projects, skills and codes. Functions of a connection, for `cti.store.directory`; they decide nothing."""

from collections.abc import Mapping
from typing import Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from cti.config import Centre, Words
from cti.domain.ids import ProjectId
from cti.errors import NotFound
from cti.ports import Code, CodeKind
from cti.store import models
from cti.store.upsert import upsert

_CODES: Final = models.table(models.CodeRow)
_PROJECTS: Final = models.table(models.Project)
_SKILLS: Final = models.table(models.Skill)
_KEYS: Final = ("project_id", "kind", "key")


def everything(connection: Connection) -> list[Code]:
    """All projects' codes, retired ones too, in the order they are shown."""
    order = (_CODES.c.project_id, _CODES.c.kind, _CODES.c.position, _CODES.c.key)
    return [
        Code(
            project_id=ProjectId(row.project_id),
            kind=CodeKind(row.kind),
            id=row.key,
            title_en=row.title_en,
            title_ru=row.title_ru,
            active=row.active,
        )
        for row in connection.execute(sa.select(_CODES).order_by(*order))
    ]


def put(connection: Connection, code: Code) -> None:
    """Enter it as the last of its kind, or replace it in its place. Raises NotFound for an unknown project."""
    known = sa.select(_PROJECTS.c.project_id).where(_PROJECTS.c.project_id == code.project_id)
    if connection.execute(known).scalar() is None:
        raise NotFound(f"There is no project {code.project_id!r}; projects stand in the centre file.")
    siblings = sa.select(sa.func.coalesce(sa.func.max(_CODES.c.position), -1) + 1).where(
        _CODES.c.project_id == code.project_id, _CODES.c.kind == code.kind.value
    )
    statement = upsert(connection, _CODES, keys=_KEYS, updated=("title_en", "title_ru", "active"))
    connection.execute(
        statement.values(
            project_id=code.project_id,
            kind=code.kind.value,
            key=code.id,
            title_en=code.title_en,
            title_ru=code.title_ru,
            position=connection.execute(siblings).scalar_one(),
            active=code.active,
        )
    )


def adopt(connection: Connection, centre: Centre) -> None:
    """Projects and skills as the centre file has them; its codes where they are new."""
    for key, project in centre.projects.items():
        names = {"name_en": project.name.en, "name_ru": project.name.ru}
        into_projects = upsert(connection, _PROJECTS, keys=["project_id"], updated=tuple(names))
        connection.execute(into_projects.values(project_id=key, **names))
        _adopt_codes(connection, key, CodeKind.DISPOSITION, project.dispositions)
        _adopt_codes(connection, key, CodeKind.REASON, project.not_ready_reasons)
    for key, words in centre.skills.items():
        into_skills = upsert(connection, _SKILLS, keys=["skill_id"], updated=("name_en", "name_ru"))
        connection.execute(into_skills.values(skill_id=key, name_en=words.en, name_ru=words.ru))


def _adopt_codes(connection: Connection, project: str, kind: CodeKind, words_by_key: Mapping[str, Words]) -> None:
    rows = [
        {
            "project_id": project,
            "kind": kind.value,
            "key": key,
            "title_en": words.en,
            "title_ru": words.ru,
            "position": position,
            "active": True,
        }
        for position, (key, words) in enumerate(words_by_key.items())
    ]
    connection.execute(upsert(connection, _CODES, keys=_KEYS), rows)
