"""`cti up`, `cti status`, `cti ivr` and `cti asterisk`.

Here: options, what is shown to people, and the order of a start. Not here: how parts are kept running
(`cti.supervise.supervisor`).
"""

import asyncio
import json
import logging
import os
import shutil
import signal
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import click
from rich.console import Console

from cti import config, shipped
from cti.config import Centre
from cti.dialplan import render, starting
from cti.endpoints import Endpoints, Pids
from cti.home import DEFAULT_PORT_BASE, Home, JournalPlace, Settings, default_home
from cti.setup import asterisk
from cti.setup.asterisk import AsteriskInstall
from cti.supervise import parts, ports, process, told
from cti.supervise.supervisor import Origin, Part, Report, State, Supervisor, alone

_PLACE = click.Path(path_type=Path, file_okay=False)
home_option = click.option("--home", required=True, type=_PLACE, help="Directory of this centre.")


@click.command()
@home_option
@click.option("--port-base", type=int, help=f"First of its ports (default {DEFAULT_PORT_BASE}).")
@click.option("--demo/--no-demo", default=None, help="With the emulated carrier, demo people and customers.")
@click.option("--database", help="SQLAlchemy URL; SQLite in the home when left out.")
@click.option(
    "--journal",
    type=click.Choice([place.value for place in JournalPlace]),
    help="Keep the journal in the home, or in the database for a standby.",
)
@click.option("--listen", help="Address for SIP, audio and the desktop (default 127.0.0.1).")
@click.option("--public-address", help="The address that phones and browsers are told, behind NAT.")
@click.option("--tls-cert", type=click.Path(dir_okay=False), help="Certificate chain (PEM) for desktop and SIP.")
@click.option("--tls-key", type=click.Path(dir_okay=False), help="Its key (PEM).")
@click.option(
    "--spare/--no-spare", default=None, help="A second engine that takes over at once (default; some 100 MB of memory)."
)
@click.option("--asterisk", "asterisk_path", type=click.Path(exists=True), help="The Asterisk to use.")
def up(
    home: Path,
    port_base: int | None,
    demo: bool | None,
    database: str | None,
    journal: JournalPlace | None,
    listen: str | None,
    public_address: str | None,
    tls_cert: str | None,
    tls_key: str | None,
    spare: bool | None,
    asterisk_path: str | None,
) -> None:
    """Start the centre in a home, supervise it, stop it on Ctrl-C.

    What is left out stays as at the last start. What still runs from there is adopted, no call is cut.
    """
    given = {
        "port_base": port_base,
        "demo": demo,
        "database": database,
        "journal": journal and JournalPlace(journal),
        "listen": listen,
        "public_address": public_address,
        "tls_cert": _absolute(tls_cert),
        "tls_key": _absolute(tls_key),
        "spare": spare,
        "asterisk": _absolute(asterisk_path),
    }
    home = home.expanduser().absolute()
    with alone(home / "run"):
        before = _settings_before(home)
        settings = (before or Settings()).model_copy(update={k: v for k, v in given.items() if v is not None})
        if (home / "centre.yaml").exists() and not (home / "conf" / "in-force").exists():
            config.load(home / "centre.yaml")
        install = _asterisk(settings)
        opened = Home.make(home, settings)
        asyncio.run(_run(opened, install, adopt=before == settings))


@click.command()
@click.option("--home", default=default_home, type=_PLACE, help="Directory. Default: the one of `make run`.")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
def status(home: Path, as_json: bool) -> None:
    """What runs in a home. Exit code 0 when every part does, else 3; a spare engine may be missing."""
    opened = Home.open(home)
    found = asyncio.run(_look(opened))
    said = told.ask(opened)
    refusing = said.refusing
    if as_json:
        by_name = {part.name: part.as_json() for part in found}
        lead = None if said.epoch is None else {"leads": said.leads, "epoch": said.epoch, "standby": bool(said.leader)}
        shown = {"home": str(opened.path), "web": opened.web_url, "parts": by_name, "refusing": refusing, "lead": lead}
        click.echo(json.dumps(shown, indent=2))
    else:
        for part in found:
            click.echo(f"{part.name:10} {part.state:8} {part.pid or ''}")
        if said.words:
            click.echo(f"{'lead':10} {said.words}")
        if any(part.name == "engine" and part.state is State.UP for part in found):
            click.echo(f"{'desktop':10} {opened.web_url}")
            if refusing is not None:
                since = datetime.fromtimestamp(int(str(refusing["since_ms"])) / 1000, tz=UTC).astimezone()
                click.echo(f"New calls are refused since {since:%H:%M}: {refusing['reason']} (docs/limits.md).")
        elif not said.words and all(part.state is State.DOWN for part in found):
            click.echo(f"Nothing runs in {opened.path}: `cti up --home {opened.path}` starts it.")
    sys.exit(0 if all(part.state is State.UP for part in found if part.needed) else 3)


@click.command()
@home_option
def ivr(home: Path) -> None:
    """Run the IVR alone, for systemd or a container."""
    opened = Home.open(home)
    os.execv(  # noqa: S606 - no shell is wanted
        sys.executable, [sys.executable, "-m", "ivr", "--home", str(opened.path)]
    )


@click.command()
@home_option
def asterisk_alone(home: Path) -> None:
    """Render the centre file and run Asterisk alone, for systemd or a container."""
    opened = Home.open(home)
    install = _asterisk(opened.settings)
    for words in starting.prepare(opened, install).words:
        click.echo(words, err=True)
    command = install.start_command(opened.asterisk.conf)
    os.execv(command[0], command)  # noqa: S606 - no shell is wanted


def _absolute(name: str | None) -> str | None:
    return None if name is None else str(Path(name).expanduser().absolute())


def _settings_before(home: Path) -> Settings | None:
    return Home.open(home).settings if (home / "settings.json").exists() else None


def _asterisk(settings: Settings) -> AsteriskInstall:
    """Raises SetupFailed; asked before settings are kept, so that a wrong path does not stay."""
    return asterisk.find(Path(settings.asterisk) if settings.asterisk else None)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Started:
    home: Home
    centre: Centre
    install: AsteriskInstall
    supervisor: Supervisor
    console: Console

    def write_endpoints(self) -> None:
        pids = self.supervisor.pids
        Endpoints.of(self.home, self.centre, pids=Pids(supervisor=os.getpid(), **pids)).write(self.home)


async def _run(home: Home, install: AsteriskInstall, *, adopt: bool) -> None:
    """From the checks to the last process's end. Raises ConfigError before anything is started or ended."""
    _log_to(home.log("supervisor"))
    console = Console(highlight=False, soft_wrap=True)
    _lay_down_centre_file(home)
    home.endpoints_file.unlink(missing_ok=True)
    again: list[_Started] = []
    supervisor = Supervisor(
        parts.of(home, install),
        run_dir=home.path / "run",
        told=lambda report: _told(report, console, again),
    )
    await supervisor.end_others(adopt=adopt)
    running = supervisor.adoptable()
    ports.check(one for one in ports.needed(home) if one.part not in running)
    if "asterisk" not in running:
        for words in starting.prepare(home, install).words:
            console.print(f"[yellow]![/] {words}")
    centre = config.load(home.centre_in_force)
    if home.settings.demo and "carrier" not in running:
        render.render_carrier(home, install)
    started = _Started(home=home, centre=centre, install=install, supervisor=supervisor, console=console)
    stopping = asyncio.Event()
    _on_signals(stopping, supervisor)
    bringing_up = asyncio.create_task(supervisor.bring_up())
    waiting = asyncio.create_task(stopping.wait())
    try:
        await asyncio.wait((bringing_up, waiting), return_when=asyncio.FIRST_COMPLETED)
        if bringing_up.done():
            bringing_up.result()
            started.write_endpoints()
            again.append(started)
            _greet(started)
            await waiting
    finally:
        bringing_up.cancel()
        waiting.cancel()
        again.clear()
        await asyncio.gather(bringing_up, waiting, return_exceptions=True)
        console.print("Stopping …")
        home.endpoints_file.unlink(missing_ok=True)
        await supervisor.stop()
        console.print("Stopped.")


def _lay_down_centre_file(home: Home) -> None:
    """The demo's, for a home that has none yet."""
    if not home.centre_file.exists():
        shutil.copyfile(shipped.asterisk_conf() / "centre.yaml", home.centre_file)


_FROM: Final = {
    Origin.STARTED: "",
    Origin.ADOPTED: " (went on running)",
    Origin.PROMOTED: " (the spare took over)",
}


def _told(report: Report, console: Console, again: list[_Started]) -> None:
    """Say what happened to a part, once; after all has been up, keep endpoints.json true."""
    if not report.again:
        _say(report, console, has_been_up=bool(again))
    for started in again:
        if started.supervisor.is_all_up:
            started.write_endpoints()


def _say(report: Report, console: Console, *, has_been_up: bool) -> None:
    if report.state is State.UP:
        console.print(f"[green]✓[/] {report.part.ready_words}{_FROM[report.origin]}")
    elif report.state is State.WAITING:
        console.print(f"[yellow]![/] {report.part.waits_words}")
    elif report.state is State.DOWN and has_been_up and not report.part.spare_of:
        console.print(f"[yellow]![/] {report.part.name} went down, it is started again")


def _greet(started: _Started) -> None:
    home, print_ = started.home, started.console.print
    print_(f"\n[bold]The desktop is at {home.web_url}[/]")
    if home.settings.demo:
        demo = home.secrets.demo
        for person in (demo.agents[0], demo.supervisor, demo.admin):
            print_(f"  sign in as [bold]{person.login}[/], password [bold]{person.password}[/]")
        print_(f"  (agents {demo.agents[0].login} to {demo.agents[-1].login}: passwords in {home.endpoints_file})")
        print_("Try: be ready in the page, then in another terminal")
        print_(f"  {this_command()} demo call --home {home.path} --from +79161234567 --to +78005550102")
        print_(f"Or write as a visitor of a customer's page: {home.web_url}/demo/shop")
    print_("Ctrl-C stops it all.\n")


def this_command() -> str:
    """`cti` when a shell finds it, else the path by which this process was started, from here when it is below."""
    beside = Path(sys.executable).parent / "cti"
    if shutil.which("cti") is not None or not beside.exists():
        return "cti"
    here = Path.cwd()
    return str(beside.relative_to(here) if beside.is_relative_to(here) else beside)


def _on_signals(stopping: asyncio.Event, supervisor: Supervisor) -> None:
    """The first signal stops in order, a second one at once."""

    def handle() -> None:
        if stopping.is_set():
            supervisor.kill_all()
        stopping.set()

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(number, handle)


def _log_to(path: Path) -> None:
    handler = logging.FileHandler(path, encoding="utf-8")
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    logging.getLogger("cti").addHandler(handler)
    logging.getLogger("cti").setLevel(logging.INFO)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Seen:
    name: str
    state: State
    pid: int | None
    started_at: float | None
    """Unix time in seconds."""
    needed: bool

    def as_json(self) -> dict[str, object]:
        """For programs."""
        return {"name": self.name, "state": self.state, "pid": self.pid, "started_at": self.started_at}


async def _look(home: Home) -> list[_Seen]:
    """State of every part, asked now."""
    install = _asterisk(home.settings)
    found = []
    for part in parts.of(home, install):
        running = process.recall(part.name, folder=home.path / "run")
        found.append(
            _Seen(
                name=part.name,
                state=await _state(part) if running else State.DOWN,
                pid=running.pid if running else None,
                started_at=running.started_at if running else None,
                needed=not part.spare_of,
            )
        )
    return found


async def _state(part: Part) -> State:
    try:
        async with asyncio.timeout(2):
            answers = await part.answers() or (part.stands_by is not None and await part.stands_by())
            if not answers and part.waits is not None and await part.waits():
                return State.WAITING
            return State.UP if answers else State.STARTING
    except (OSError, TimeoutError):
        return State.STARTING
