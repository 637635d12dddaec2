"""`cti dnc …`: who is not to be called, from the command line.

No logic here: options are read, `cti.store.do_not_call` works, and the outcome is printed. `cti.cli` adds the group. A
running centre asks the registry at each call, so a change holds at once.
"""

import asyncio
import functools
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import IO, Final, TypeVar

import click

from cti.calling import in_full
from cti.config.names import did_you_mean
from cti.database import open_database
from cti.domain.ids import ProjectId
from cti.errors import RuleError
from cti.store.commands import ACTOR, Place
from cti.store.do_not_call import StoredDoNotCall, import_csv
from cti.store.schema import upgrade

T = TypeVar("T")

_COUNTRY: Final = "RU"
"""Of numbers without +, where there is no centre file."""
_TOLD_OF: Final = 20
"""Refused lines that are printed."""


@click.group()
def dnc() -> None:
    """Who is not to be called: add, remove, list, import."""


def _placed(command: Callable[..., None]) -> Callable[..., None]:
    @click.option("--home", type=click.Path(path_type=Path), help="The centre's home. Default: the one of `make run`.")
    @click.option("--database", "url", help="URL of the database, instead of a home's.")
    @click.option("--project", help="Not to be called for this project. Default: for nobody.")
    @functools.wraps(command)
    def placed(*, home: Path | None, url: str | None, project: str | None, **options: object) -> None:
        place = Place(home, url)
        if project is not None and (centre := place.centre) is not None and project not in centre.projects:
            raise RuleError(f"There is no project {project!r}{did_you_mean(project, centre.projects)}")
        command(place, ProjectId(project) if project is not None else None, **options)

    return placed


def _run(place: Place, work: Callable[[StoredDoNotCall], Awaitable[T]]) -> T:
    upgrade(place.url)

    async def within() -> T:
        database = open_database(place.url)
        try:
            return await work(StoredDoNotCall(database))
        finally:
            await database.close()

    return asyncio.run(within())


def _country(place: Place) -> str:
    return place.centre.country if place.centre is not None else _COUNTRY


def _number(place: Place, text: str) -> str:
    number = in_full(text, country=_country(place))
    if not number:
        raise RuleError(f"{text!r} is no number: write it in full with +, such as +79165550001.")
    return number


@dnc.command()
@click.argument("numbers", nargs=-1, required=True)
@click.option("--reason", default="", help="Why, in a few words.")
@_placed
def add(place: Place, project: ProjectId | None, numbers: tuple[str, ...], reason: str) -> None:
    """Enter NUMBERS: they are not to be called any more."""
    wanted = [_number(place, number) for number in numbers]
    added = _run(place, lambda registry: registry.add(wanted, project_id=project, reason=reason, actor=ACTOR))
    click.echo(f"{added} added, {len(wanted) - added} stood there already.")


@dnc.command()
@click.argument("number")
@_placed
def remove(place: Place, project: ProjectId | None, number: str) -> None:
    """Take NUMBER out: it may be called again."""
    wanted = _number(place, number)
    if not _run(place, lambda registry: registry.remove(wanted, project_id=project, actor=ACTOR)):
        scope = f"the project {project}" if project else "every project"
        raise RuleError(f"{wanted} does not stand there for {scope}; `cti dnc list` shows all.")
    click.echo(f"{wanted} is taken out.")


@dnc.command("list")
@click.option("--begins", default="", help="Only numbers that begin so, such as +7916.")
@click.option("--limit", default=100, show_default=True, type=click.IntRange(1))
@_placed
def list_(place: Place, project: ProjectId | None, begins: str, limit: int) -> None:
    """List them, the newest first; without --project those of every project of the centre."""
    centre = place.centre
    known = [ProjectId(key) for key in centre.projects] if centre is not None else []
    wanted = [project] if project is not None else [None, *known]
    found = _run(place, lambda registry: registry.entries(wanted, begins=begins, limit=limit))
    if not found:
        whom = f" that begins with {begins}" if begins else ""
        scope = f"for the project {project}" if project is not None else "for any project"
        click.echo(f"No number{whom} stands there {scope}: `cti dnc add NUMBER` enters one.", err=True)
    for one in found:
        click.echo(f"{one.number}\t{one.project_id or 'all projects'}\t{one.actor}\t{one.reason}")


@dnc.command("import")
@click.argument("file", type=click.File(encoding="utf-8-sig"))
@click.option("--reason", default="", help="Why, in a few words; such as where the list is from.")
@click.option("--dry-run", is_flag=True, help="Only read it, and tell which lines would be refused.")
@_placed
def import_(place: Place, project: ProjectId | None, file: IO[str], reason: str, dry_run: bool) -> None:
    """Enter the numbers of a CSV FILE: the column `number`, or the first. Exit code 1 when a line was refused."""
    country = _country(place)
    done = _run(
        place,
        lambda registry: import_csv(
            registry,
            file,
            project_id=project,
            country=country,
            reason=reason,
            actor=ACTOR,
            dry_run=dry_run,
            progress=lambda lines: click.echo(f"{lines} lines", err=True),
        ),
    )
    for line, why in done.refused[:_TOLD_OF]:
        click.echo(f"line {line}: {why}", err=True)
    if len(done.refused) > _TOLD_OF:
        click.echo(f"and {len(done.refused) - _TOLD_OF} more", err=True)
    click.echo(f"{done.read} read, {done.added} added, {len(done.refused)} refused")
    if done.refused:
        raise SystemExit(1)
