"""`cti demo call`, `cti demo agents`, `cti demo traffic`: options, what people see, exit codes.

Here: nothing that the three do. Each works on a demo centre that is up (`cti up --demo`), found by its home.
"""

import asyncio
import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Coroutine
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final, TypeVar

import click
from rich.console import Console
from rich.live import Live

from cti.demo import call as calls
from cti.demo import campaign as invented
from cti.demo import centre as centres
from cti.demo import ledger, live
from cti.demo import traffic as traffics
from cti.demo.agents import Agents, Span
from cti.demo.carrier import Carrier
from cti.demo.centre import Centre
from cti.errors import ConfigError, OutsideError

_T = TypeVar("_T")
_REDRAW_S: Final = 0.5
_WRITING_S: Final = 3.0
"""How long an agent takes to answer a mail or a chat."""

home_option = click.option(
    "--home",
    type=click.Path(path_type=Path, file_okay=False),
    help="Directory of the centre. Default: the one of `make run`.",
)
json_option = click.option("--json", "as_json", is_flag=True, help="Only the result, for programs.")


@click.group()
def demo() -> None:
    """Calls, agents and traffic for a demo centre that is up.

    The emulated carrier makes real SIP calls with audio; the agents have real SIP phones. Only the demo centre's own
    numbers are called.
    """


@demo.command()
@click.option("--from", "caller", default="+79165550001", show_default=True, help="Who calls: any number.")
@click.option("--to", default="+78005550100", show_default=True, help="A number of the demo centre.")
@click.option("--digits", default="", help="Keys to press: 2, or groups with a pause between: 3,100001,1234.")
@click.option("--say", default="", metavar="TEXT", help="What the caller says, over and over (else a steady tone).")
@click.option("--stay", default=600.0, show_default=True, help="Seconds after the answer until the caller hangs up.")
@json_option
@home_option
def call(caller: str, to: str, digits: str, say: str, stay: float, as_json: bool, home: Path | None) -> None:
    """Call the centre, and tell what happens.

    Ctrl-C hangs up. Exit code 0 when the centre answered, else 1. Try it with a desktop open and ready:

        cti demo call --from +79165550001 --to +78005550100 --digits 2 --say "My internet is slow"
    """
    centre = centres.find(home)
    wish = calls.Wish(
        caller=caller,
        to=centres.check_number(centre, to),
        digits=tuple(group.strip() for group in digits.split(",")) if digits else (),
        say=say,
        stay_s=stay,
    )
    tell = (lambda _line: None) if as_json else click.echo
    result = _until_stopped(lambda stop: calls.run(centre, wish, tell=tell, stop=stop))
    if as_json:
        click.echo(json.dumps(asdict(result)))
    sys.exit(0 if result.answered_s is not None else 1)


@demo.command()
@click.argument("count", type=int)
@click.option("--ring", default="1-3", show_default=True, metavar="S", help="Seconds until the phone is picked up.")
@click.option("--talk", default="20-40", show_default=True, metavar="S", help="Seconds of talk; 0: the caller ends it.")
@click.option("--wrap", default=3.0, show_default=True, help="Seconds of wrap-up before the disposition.")
@click.option("--connected", is_flag=True, help="They stay connected between calls, as campaigns want it.")
@click.option("--first", metavar="EXTENSION", help="Begin with this extension; so 101 stays free for yourself.")
@home_option
def agents(
    count: int, ring: str, talk: str, wrap: float, connected: bool, first: str | None, home: Path | None
) -> None:
    """COUNT demo agents with SIP phones: ready, answering, closing.

    Each signs in like a person at a desktop, on a SIP phone that the emulated carrier registers. Phones sound a tone.
    Mails are answered; a chat is greeted, and ends when its visitor leaves, or after a minute.
    Ctrl-C: they finish what they have in hand and sign out; twice: at once.
    """
    centre = centres.find(home)
    free = [agent for agent in centre.agents if first is None or agent.extension >= first]
    if not 1 <= count <= len(free):
        raise ConfigError(f"COUNT must be between 1 and {len(free)}: the demo has no more agents.")
    if not 0 <= wrap <= 600:
        raise ConfigError(f"--wrap must be between 0 and 600 seconds, not {wrap:g}.")
    ring_span, talk_span = Span.parse(ring), Span.parse(talk)

    async def work(stop: asyncio.Event) -> None:
        async with (
            Carrier(centre.home) as carrier,
            Agents(
                centre.web,
                carrier,
                free[:count],
                ring=ring_span,
                talk=talk_span,
                wrap_s=wrap,
                connected=connected,
                writing_s=_WRITING_S,
            ) as team,
        ):
            await _show_agents(team, carrier, stop)
            click.echo("They finish and sign out.")

    _until_stopped(work)


async def _show_agents(team: Agents, carrier: Carrier, stop: asyncio.Event) -> None:
    console = Console()
    stopping = asyncio.create_task(stop.wait())
    if not console.is_terminal:
        click.echo(f"{len(team.lines)} agents are ready: {', '.join(team.lines)}.")
    try:
        with Live(live.agents_table(team), console=console, auto_refresh=False, transient=True) as shown:
            while not stopping.done() and not carrier.gone.done():
                await asyncio.wait([stopping, carrier.gone], timeout=_REDRAW_S, return_when=asyncio.FIRST_COMPLETED)
                if console.is_terminal:
                    shown.update(live.agents_table(team), refresh=True)
    finally:
        stopping.cancel()
    if not stop.is_set():
        raise OutsideError("The emulated carrier has gone away; `cti status` tells what runs.")


@demo.command()
@click.option("--rate", default=2.0, show_default=True, help="Callers a second, on average (at most 20).")
@click.option("--agents", "count", default=10, show_default=True, help="Demo agents who serve them.")
@click.option("--duration", default=120.0, show_default=True, help="Seconds in which callers come.")
@click.option("--talk", default=3.0, show_default=True, help="Seconds of each talk.")
@click.option("--seed", type=int, help="The same seed gives the same callers. Default: another each time.")
@json_option
@home_option
def traffic(
    rate: float, count: int, duration: float, talk: float, seed: int | None, as_json: bool, home: Path | None
) -> None:
    """Callers by the minute, agents to serve them, and two ledgers that must agree.

    The carrier counts for itself what it sent and which phone answered whom; the engine's API tells its own account.
    Exit code 1, with a sentence, when a call was lost or the two disagree. Ctrl-C: no new callers; twice: stop at once.
    """
    centre = centres.find(home)
    chosen = seed if seed is not None else time.time_ns() % 1_000_000
    wish = traffics.Wish(rate=rate, agents=count, duration_s=duration, talk_s=talk, seed=chosen)
    console = Console(stderr=as_json)
    console.print(f"{count} agents sign in; then {rate:g} callers a second for {duration:g} s (seed {chosen}).")
    result = _until_stopped(lambda stop: _make_traffic(centre, wish, console, stop))
    if as_json:
        both = ledger.as_json(result.carrier, result.engine)
        click.echo(json.dumps({"seed": chosen, "agree": not result.findings, **both, "findings": result.findings}))
    else:
        console.print(live.ledgers(result))
    for finding in result.findings:
        click.echo(finding, err=True)
    if not result.findings:
        console.print(f"All {result.carrier.sent} callers were served, and both ledgers agree.")
    sys.exit(1 if result.findings else 0)


async def _make_traffic(centre: Centre, wish: traffics.Wish, console: Console, stop: asyncio.Event) -> traffics.Result:
    if not console.is_terminal:
        return await traffics.run(centre, wish, watch=live.line_writer(console), stop=stop)
    with Live(console=console, auto_refresh=False) as shown:
        return await traffics.run(
            centre, wish, watch=lambda run: shown.update(live.traffic_table(run), refresh=True), stop=stop
        )


@demo.command()
@click.option("--count", default=200, show_default=True, type=click.IntRange(1, 100_000), help="Numbers in the list.")
@click.option("--key", default="spring", show_default=True, help="The campaign, of the centre file.")
@click.option("--seed", default=1, show_default=True, help="The same seed gives the same list.")
@click.option("--to", type=click.Path(path_type=Path, dir_okay=False), help="Where the list goes. Default: the home.")
@home_option
def campaign(count: int, key: str, seed: int, to: Path | None, home: Path | None) -> None:
    """Invent a list of numbers, import it into the campaign KEY and start it.

    The emulated carrier answers by the last digit: humans, machines, busy, no answer, numbers that do not exist. Agents
    who stay connected take the callees: tick "Stay connected" in a desktop, or

        cti demo agents 5 --connected --talk 5-15
    """
    centre = centres.find(home)
    path = to or centre.home.path / f"{key}.csv"
    invented.write(path, count, seed=seed)
    click.echo(f"{count} invented numbers stand in {path}.")
    for words in (("import", key, str(path)), ("start", key)):
        click.echo(f"cti campaign {' '.join(words)} --home {centre.home.path}")
        command = [sys.executable, "-m", "cti", "campaign", *words, "--home", str(centre.home.path)]
        done = subprocess.run(command, check=False)
        if done.returncode:
            sys.exit(done.returncode)
    click.echo(f"Watch it at {centre.web}/#/campaigns/{key} as {centre.supervisor.login}.")


def _until_stopped(work: Callable[[asyncio.Event], Coroutine[Any, Any, _T]]) -> _T:
    """Run `work`; the first Ctrl-C or SIGTERM sets its event, the second cancels it."""

    async def main() -> _T:
        stop = asyncio.Event()
        task = asyncio.current_task()
        assert task is not None

        def interrupt() -> None:
            if stop.is_set():
                task.cancel()
            stop.set()

        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, interrupt)
        return await work(stop)

    try:
        return asyncio.run(main())
    except asyncio.CancelledError:
        raise click.Abort from None
