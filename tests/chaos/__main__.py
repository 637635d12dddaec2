"""`python -m tests.chaos`, called by `make chaos`: rounds on a demo centre of its own. Exit code 1: it found some."""

import asyncio
import random
import shutil
import tempfile
from pathlib import Path

import click

from tests.chaos.faults import FAULTS, ON_FILES, ON_POSTGRES
from tests.chaos.rounds import draw, place_of_its_own, play


@click.command()
@click.option("--seed", type=int, default=1, show_default=True, help="The same faults in the same order.")
@click.option("--rounds", type=int, default=200, show_default=True, help="Half of them, each, when --journal is both.")
@click.option("--only", multiple=True, type=click.Choice(sorted(FAULTS)), help="Nothing but this, in this order.")
@click.option(
    "--journal",
    type=click.Choice(["file", "postgresql", "both"]),
    default="both",
    show_default=True,
    help="Where the centre keeps it; both: one centre after the other.",
)
@click.option("--port-base", type=int, default=0, help="0: the first that is free.")
@click.option("--keep", is_flag=True, help="Leave the homes there, with journal and logs.")
def main(seed: int, rounds: int, only: tuple[str, ...], journal: str, port_base: int, keep: bool) -> None:
    """Break a centre under load, again and again, and count what comes of it."""
    stores = {"file": [False], "postgresql": [True], "both": [False, True]}[journal]
    folder = Path(tempfile.mkdtemp(prefix="tc-"))
    bad = 0
    try:
        for number, on_postgres in enumerate(stores):
            share = (rounds + number) // len(stores)
            names = _names(only, random.Random(seed), share, on_postgres=on_postgres)
            with place_of_its_own(folder, on_postgres=on_postgres, port_base=port_base) as place:
                bad += asyncio.run(play(place, seed=seed, names=names))
    finally:
        if keep:
            click.echo(f"The homes are in {folder}.")
        else:
            shutil.rmtree(folder, ignore_errors=True)
    raise SystemExit(1 if bad else 0)


def _names(only: tuple[str, ...], dice: random.Random, rounds: int, *, on_postgres: bool) -> list[str]:
    if not only:
        return draw(dice, rounds, on_postgres=on_postgres)
    possible = [name for name in only if name in (ON_POSTGRES if on_postgres else ON_FILES)]
    return [possible[number % len(possible)] for number in range(rounds)] if possible else []


main()
