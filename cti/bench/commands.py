"""`cti bench NAME`: starts a benchmark, shows how it goes, prints what it found.

Here: names, options and the table. Each benchmark is a module of its own; see `cti.bench`.
"""

import asyncio
import importlib
import json
import sys
from collections.abc import Callable, Coroutine, Mapping
from typing import Final, cast

import click
from rich.console import Console
from rich.table import Table

from cti.bench import result
from cti.bench.result import Result

BUILT: Final[Mapping[str, str]] = {
    "acd": "Decisions a second by agents and waiting contacts, beside a router that scans its lists.",
    "clicktodial": "Click to INVITE at the agent's phone and at the carrier, beside a bare Originate with Dial().",
    "connect": "Live answer to both hearing each other in a predictive campaign that dials 500 numbers of the carrier.",
    "dialer": "Occupancy and abandoned calls of predictive dialling, beside one dial a free agent and a look-ahead.",
    "inbound": "CPU per call, highest rate and talks at once, beside plain Queue().",
    "overload": "More calls than the centre bears: who is refused, and how the others fare, with limits and without.",
    "recovery": "kill -9 of the engine to the first agent rung by spare, new engine or standby; what who waits hears.",
    "screenpop": "INVITE to pop in the desktop, beside the bare AMI event.",
    "replay": "A day of 20 000 mixed contacts decided again: times real time, digests.",
    "virtual": "Mails, chats and messages accepted durably and routed, beside bare inserts with one commit each.",
}
"""Module of the same name and what it measures."""

Measure = Callable[[Callable[[str], None]], Coroutine[object, object, Result]]


@click.command()
@click.argument("name", required=False)
@click.option("--json", "as_json", is_flag=True, help="Only the result, for programs.")
def bench(name: str | None, as_json: bool) -> None:
    """Measure Triune against the plain alternative on this machine.

    Without NAME: what can be measured. Exit code 0 when it could be measured, goals met or not.
    """
    if name is None:
        for known, words in BUILT.items():
            click.echo(f"{known:12} {words}")
        return
    if name not in BUILT:
        click.echo(_unknown(name), err=True)
        sys.exit(2)
    measure = cast("Measure", importlib.import_module(f"cti.bench.{name}").measure)
    console = Console(stderr=True, highlight=False, quiet=False)
    found: Result
    with console.status(f"{name} …") as status:

        def say(words: str) -> None:
            console.print(f"[dim]{words}[/]")
            status.update(f"{name}: {words.strip()} …")

        found = asyncio.run(measure(say))
    if as_json:
        click.echo(json.dumps(found.as_json(), ensure_ascii=False, indent=2))
    else:
        _show(found)


def _unknown(name: str) -> str:
    return f"cti: there is no benchmark {name}. There are: {', '.join(BUILT)}."


def _show(found: Result) -> None:
    table = Table(title=f"{found.name}: goals {'met' if found.met else 'not met'}")
    table.add_column("figure")
    table.add_column("measured", justify="right")
    table.add_column("goal", justify="right")
    for key, figure in found.figures.items():
        goal = found.goals.get(key)
        mark = "" if goal is None else f"{goal[0]} {goal[1]:g} {'✓' if result.reached(figure, goal) else '✗'}"
        table.add_row(key, f"{figure:g}", mark)
    console = Console()
    console.print(table)
    for note in found.notes:
        console.print(f"[dim]{note}[/]")
    console.print(f"[dim]{json.dumps(result.machine(), ensure_ascii=False)}[/]")
