"""`cti crm test`: what a look-up yields, source by source, with its timings; for an admin who wonders at 3 a.m.

No logic here: the sources are those of the engine, asked from this process. Nothing is stored. `cti.cli` adds the
group.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import click

from cti import config
from cti.crm import http
from cti.crm.customers import SOURCE, BuiltInCustomers
from cti.database import open_database
from cti.domain.ids import ProjectId
from cti.errors import OutsideError, RuleError
from cti.home import Home, default_home
from cti.metrics import Metrics
from cti.ports import Card

_TIMES = 2
"""The first asks over a new connection and with a new token, the next as every other call."""


@click.group()
def crm() -> None:
    """CRMs outside that are asked who calls."""


@crm.command()
@click.argument("project")
@click.argument("address", metavar="NUMBER")
@click.option(
    "--home",
    default=default_home,
    type=click.Path(path_type=Path),
    help="The centre's home directory. Default: the one of `make run`.",
)
def test(project: str, address: str, home: Path) -> None:
    """Look NUMBER (or an e-mail) up for PROJECT, as a call would; exit code 1 when a source does not answer."""
    opened = Home.open(home)
    centre = config.load(opened.centre_file)
    if project not in centre.projects:
        raise RuleError(f"There is no project {project!r}; there are: {', '.join(centre.projects)}.")
    if not asyncio.run(_tested(opened, centre, ProjectId(project), address)):
        raise SystemExit(1)


async def _tested(home: Home, centre: config.Centre, project_id: ProjectId, address: str) -> bool:
    database = open_database(home.database_url)
    own = BuiltInCustomers(database, country=centre.country)
    crms = [each for each in centre.crm.values() if each.project == project_id]
    outside = http.sources(crms, country=centre.country, secret=home.secret, metrics=Metrics()).get(project_id, ())
    try:
        good = await _report(SOURCE, lambda: own.find(address, project_id=project_id))
        for source in outside:
            good &= await _asked(source, address, project_id)
        if not outside:
            click.echo(f"No CRM is asked beside it: the centre file has none under 'crm' for {project_id}.")
        return good
    finally:
        for source in outside:
            await source.close()
        await database.close()


async def _asked(source: http.HttpCrm, address: str, project_id: ProjectId) -> bool:
    try:
        question = source.question(address)
    except OutsideError as error:
        click.echo(f"{source.name}: {error}")
        return False
    if question is None:
        click.echo(f"{source.name}: is not asked for such an address (see 'asks_for').")
        return True
    click.echo(f"{source.name}: {question.url}")
    return await _report(source.name, lambda: source.find(address, project_id=project_id))


async def _report(name: str, find: Callable[[], Awaitable[Card | None]]) -> bool:
    good = True
    for turn in range(_TIMES):
        began = time.perf_counter()
        card, problem = None, ""
        try:
            card = await find()
        except OutsideError as error:
            problem = str(error)
        good = not problem
        said = f"does not answer: {problem}" if problem else "found" if card is not None else "unknown"
        click.echo(f"{name}: {(time.perf_counter() - began) * 1000:.0f} ms: {said}")
        if card is not None and turn == _TIMES - 1:
            for line in _lines(card):
                click.echo(f"    {line}")
    return good


def _lines(card: Card) -> Iterator[str]:
    for name in ("name", "tier", "language"):
        yield f"{name}: {getattr(card, name) or '-'}"
    yield f"phones: {', '.join(card.phones) or '-'}"
    yield f"emails: {', '.join(card.emails) or '-'}"
    for contract in card.contracts:
        amount = f"{contract.balance_minor / 100:.2f} {contract.currency}".strip()
        told = (contract.kind, contract.status, amount, contract.ends_on or "")
        yield f"contract {contract.number}: {' '.join(filter(None, told))}"
    for detail in card.details:
        yield f"{detail.en}: {detail.value} {detail.link}".rstrip()
