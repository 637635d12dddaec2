"""`cti customer …`: upkeep of the centre's own customers from the command line.

No logic here: options are read, `cti.crm.register` works, and the outcome is printed. `cti.cli` adds the group.
"""

import asyncio
import functools
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import IO, TypeVar

import click

from cti.crm import register
from cti.crm.accounts import StoredAccounts
from cti.crm.customers import BuiltInCustomers
from cti.database import Database, open_database
from cti.domain.ids import ProjectId
from cti.home import Home, default_home

T = TypeVar("T")


@click.group()
def customer() -> None:
    """Customers: add, change, list, find, import, erase; their PINs."""


def _placed(command: Callable[..., None]) -> Callable[..., None]:
    """The options that say where, turned into the command's first argument: the database's URL."""

    @click.option("--home", type=click.Path(path_type=Path), help="The centre's home. Default: the one of `make run`.")
    @click.option("--database", "url", help="URL of the database, instead of a home's.")
    @functools.wraps(command)
    def placed(*, home: Path | None, url: str | None, **options: object) -> None:
        if url is None:
            url = Home.open(home or default_home()).database_url
        command(url, **options)

    return placed


def _with_database(url: str, work: Callable[[Database], Awaitable[T]]) -> T:
    async def run() -> T:
        database = open_database(url)
        try:
            return await work(database)
        finally:
            await database.close()

    return asyncio.run(run())


_PROJECT = click.option("--project", required=True, help="Key of the project in the centre file.")


@customer.command()
@click.argument("name")
@click.argument("addresses", nargs=-1)
@_PROJECT
@click.option("--tier", default="", help="Such as gold.")
@click.option("--language", default="", help="en or ru.")
@click.option("--manager", default="", help="Login of the relationship manager.")
@_placed
def add(url: str, name: str, addresses: tuple[str, ...], project: str, tier: str, language: str, manager: str) -> None:
    """Add NAME with ADDRESSES (numbers in full with +, e-mails)."""
    new = register.NewCustomer(
        project_id=ProjectId(project), name=name, addresses=addresses, tier=tier, language=language, manager=manager
    )
    customer_id = _with_database(url, lambda database: register.add(database, new))
    click.echo(f"Customer {customer_id}: {name}")


@customer.command()
@click.argument("customer_id", type=int)
@click.option("--name")
@click.option("--tier", help="Such as gold; '' for none.")
@click.option("--language", help="en or ru.")
@click.option("--manager", help="Login of the relationship manager; '' for nobody.")
@_placed
def change(url: str, customer_id: int, **fields: str | None) -> None:
    """Change the customer CUSTOMER_ID; what is not given stays."""
    _with_database(url, lambda database: register.change(database, customer_id, register.Changed(**fields)))
    click.echo(f"Customer {customer_id} is changed.")


@customer.command("list")
@click.option("--project", help="Of this project only.")
@click.option("--limit", default=100, show_default=True, type=click.IntRange(1))
@_placed
def list_(url: str, project: str | None, limit: int) -> None:
    """List customers."""
    project_id = ProjectId(project) if project else None
    found = _with_database(url, lambda database: register.listed(database, project_id=project_id, limit=limit))
    for one in found:
        click.echo(f"{one.customer_id}\t{one.project_id}\t{one.name}\t{' '.join(one.addresses)}")


@customer.command()
@click.argument("address")
@_PROJECT
@_placed
def find(url: str, address: str, project: str) -> None:
    """Show the customer with ADDRESS, as an agent's card would."""
    card = _with_database(url, lambda database: BuiltInCustomers(database).find(address, project_id=ProjectId(project)))
    if card is None:
        raise click.ClickException(f"No customer of {project} has the address {address}.")
    click.echo(f"{card.customer_id}\t{card.name}\t{card.tier}\t{' '.join((*card.phones, *card.emails))}")
    for contract in card.contracts:
        click.echo(f"  contract {contract.number}\t{contract.kind}\t{contract.status}")
    for past in card.past:
        click.echo(f"  contact {past.contact_id}\t{past.medium}\t{past.queue_id}\t{past.disposition or '-'}")


@customer.command("import")
@click.argument("file", type=click.File(encoding="utf-8-sig"))
@_PROJECT
@_placed
def import_(url: str, file: IO[str], project: str) -> None:
    """Import a CSV FILE with the columns name,phone,email,tier,language,manager."""
    done = _with_database(url, lambda database: register.import_csv(database, file, project_id=ProjectId(project)))
    for line, reason in done.refused:
        click.echo(f"line {line}: {reason}", err=True)
    click.echo(f"{done.added} added, {len(done.refused)} refused")
    if done.refused:
        raise SystemExit(1)


@customer.command()
@click.argument("customer_id", type=int)
@click.confirmation_option(prompt="Erase this person everywhere? This cannot be undone.")
@_placed
def erase(url: str, customer_id: int) -> None:
    """Erase the person CUSTOMER_ID: his data is removed everywhere; that contacts took place is kept."""
    _with_database(url, lambda database: register.erase(database, customer_id))
    click.echo(f"Customer {customer_id} is erased.")


@customer.command()
@click.argument("account")
@click.option("--pin", prompt=True, hide_input=True, confirmation_prompt=True, help="Asked for when not given.")
@_placed
def pin(url: str, account: str, pin: str) -> None:
    """Set the PIN of the contract ACCOUNT for self-service, and open its lock."""
    _with_database(url, lambda database: StoredAccounts(database).set_pin(account, pin))
    click.echo(f"The PIN of {account} is set.")
