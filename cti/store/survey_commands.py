"""`cti survey …`: what callers answered after their talks, from the command line. `cti.cli` adds the group."""

import asyncio
import csv
import sys
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import IO

import click

from cti import surveys
from cti.database import open_database
from cti.errors import RuleError
from cti.ports.surveys import Answered, Asked
from cti.store.commands import Place
from cti.store.schema import upgrade
from cti.store.surveys import StoredSurveys

_KEYS: dict[str, Callable[[Asked], str]] = {
    "queue": lambda one: one.queue_id,
    "agent": lambda one: one.agent_id,
    "day": lambda one: datetime.fromtimestamp(one.at_ms / 1000, tz=UTC).date().isoformat(),
}


@click.group()
def survey() -> None:
    """What callers answered after their talks."""


@survey.command()
@click.option("--home", type=click.Path(path_type=Path), help="The centre's home. Default: the one of `make run`.")
@click.option("--database", "url", help="URL of the database, instead of a home's.")
@click.option("--by", type=click.Choice(sorted(_KEYS)), default="queue", show_default=True)
@click.option("--since", type=click.DateTime(["%Y-%m-%d"]), help="First day (UTC). Default: 30 days.")
@click.option("--until", type=click.DateTime(["%Y-%m-%d"]), help="Last day (UTC). Default: today.")
@click.option("--csv", "file", type=click.File("w", encoding="utf-8"), help="Write it there instead; - is the screen.")
def report(
    *,
    home: Path | None,
    url: str | None,
    by: str,
    since: datetime | None,
    until: datetime | None,
    file: IO[str] | None,
) -> None:
    """Per queue, agent or day and question: how many were asked, how many answered, and the mean."""
    last = (until or datetime.now(tz=UTC)).replace(tzinfo=UTC)
    first = since.replace(tzinfo=UTC) if since is not None else last - timedelta(days=29)
    if first > last:
        raise RuleError("The first day stands behind the last: exchange --since and --until.")
    place = Place(home, url)
    found = surveys.counted(_asked(place, since=first, until=last), key=_KEYS[by])
    if file is not None:
        _write(file, by, found)
        return
    for one in found:
        mean = "-" if one.mean is None else f"{one.mean:.2f}"
        click.echo(f"{one.key:20}  {one.question:20}  {one.asked:6} asked  {one.count:6} answered  {mean:>5}")
    if not found:
        click.echo("Nobody was asked.")


def _write(file: IO[str], by: str, found: Sequence[Answered]) -> None:
    writer = csv.writer(sys.stdout if file.name == "-" else file)
    writer.writerow([by, "question", "asked", "answered", "mean"])
    for one in found:
        writer.writerow([one.key, one.question, one.asked, one.count, "" if one.mean is None else f"{one.mean:.2f}"])


def _asked(place: Place, *, since: datetime, until: datetime) -> Sequence[Asked]:
    upgrade(place.url)
    midnight = since.replace(hour=0, minute=0, second=0, microsecond=0)
    after = until.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)

    async def within() -> Sequence[Asked]:
        database = open_database(place.url)
        try:
            stored = StoredSurveys(database)
            return await stored.asked(
                await stored.projects(),
                since_ms=round(midnight.timestamp() * 1000),
                until_ms=round(after.timestamp() * 1000),
            )
        finally:
            await database.close()

    return asyncio.run(within())
