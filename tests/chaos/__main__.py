"""`python -m tests.chaos`, called by `make chaos`: rounds on a demo centre of its own. Exit code 1: it found some."""

import asyncio
import random
import shutil
import tempfile
from pathlib import Path

import click

from tests.chaos.faults import FAULTS
from tests.chaos.rounds import centre_of_its_own, draw, play


@click.command()
@click.option("--seed", type=int, default=1, show_default=True, help="The same faults in the same order.")
@click.option("--rounds", type=int, default=200, show_default=True)
@click.option("--only", multiple=True, type=click.Choice(sorted(FAULTS)), help="Nothing but this, in this order.")
@click.option("--port-base", type=int, default=0, help="0: the first that is free.")
@click.option("--keep", is_flag=True, help="Leave the home there, with its journal and logs.")
def main(seed: int, rounds: int, only: tuple[str, ...], port_base: int, keep: bool) -> None:
    """Break a centre under load, again and again, and count what comes of it."""
    names = [only[number % len(only)] for number in range(rounds)] if only else draw(random.Random(seed), rounds)
    folder = Path(tempfile.mkdtemp(prefix="tc-"))
    try:
        with centre_of_its_own(folder, port_base=port_base) as (centre, servers):
            bad = asyncio.run(play(centre, servers, seed=seed, names=names, folder=folder))
    finally:
        if keep:
            click.echo(f"The home is {folder}/h.")
        else:
            shutil.rmtree(folder, ignore_errors=True)
    raise SystemExit(1 if bad else 0)


main()
