"""`cti secret`: passwords and keys that the centre file names (`secret: NAME`) and never holds.

Each is a file of its own, HOME/secrets/NAME, that only its owner may read. They are read and written by `cti.home`.
"""

import sys
from pathlib import Path

import click

from cti.home import Home, default_home

_LONGEST_LINE = 20_000
_HOME = click.option(
    "--home",
    default=default_home,
    type=click.Path(path_type=Path),
    help="The home that `cti up` made. Default: the one of `make run`.",
)


@click.group()
def secret() -> None:
    """Passwords and keys that the centre file names."""


@secret.command(name="set")
@click.argument("name")
@_HOME
def put(*, name: str, home: Path) -> None:
    """Keep a secret: asked for without showing it, or the first line of standard input."""
    opened = Home.open(home)
    opened.secret_file(name)
    if sys.stdin.isatty():
        text = click.prompt(f"{name}", hide_input=True, confirmation_prompt=True)
    else:
        text = sys.stdin.readline(_LONGEST_LINE).rstrip("\r\n")
    opened.keep_secret(name, text)
    click.echo(f"{name} is kept in {opened.secret_file(name)}.")


@secret.command(name="list")
@_HOME
def names(*, home: Path) -> None:
    """The names of the secrets that are set."""
    for path in sorted((Home.open(home).path / "secrets").glob("[a-z]*")):
        click.echo(path.name)


@secret.command()
@click.argument("name")
@_HOME
def remove(*, name: str, home: Path) -> None:
    """Forget a secret."""
    Home.open(home).secret_file(name).unlink(missing_ok=True)
