"""`cti conf`: the configuration rendered, compared, brought into force, and gone back from.

Here: the commands. Not here: rendering (`cti.dialplan.render`), the rules (`cti.dialplan.checks`), how a version comes
into force (`cti.dialplan.releases`). `lint` asks the directory, too: it stands in `cti.conf`.
"""

from pathlib import Path

import click
import msgspec

from cti import config
from cti.dialplan import differences, material, render, running, starting, telling
from cti.dialplan.drafts import texts_of
from cti.dialplan.history import History
from cti.dialplan.material import CENTRE
from cti.errors import ConfigError
from cti.home import Home, default_home
from cti.setup import asterisk
from cti.setup.asterisk import AsteriskInstall

home_option = click.option(
    "--home",
    default=default_home,
    type=click.Path(path_type=Path, file_okay=False),
    help="Directory of the centre. Default: the one of `make run`.",
)
_reason = click.option("--message", "-m", "reason", default="", help="Why; kept in the history.")


@click.group()
def conf() -> None:
    """Templates and centre file: render, lint, compare, apply, go back."""


@conf.command("render")
@home_option
@click.option("--centre", type=click.Path(path_type=Path, dir_okay=False), help="Another centre file than the home's.")
@click.option(
    "--out", type=click.Path(path_type=Path, file_okay=False), help="Write the files here (made when missing)."
)
def render_command(home: Path, centre: Path | None, out: Path | None) -> None:
    """Show what the drafts become; what is in force stays untouched.

    Mistakes are all named at once, by file, line and key, with exit code 2.
    """
    opened = Home.open(home)
    own = material.of_home_folder(opened)
    loaded = config.load(centre or opened.centre_file)
    texts = render.centre_texts(loaded, opened, install_of(opened), own=own, version=opened.version_in_force or 1)
    if out is None:
        for name, text in texts.items():
            click.echo(f";;; {name}\n{text}")
        return
    out.mkdir(parents=True, exist_ok=True)
    for name, text in texts.items():
        path = out / name
        path.touch(mode=0o600)
        path.write_text(text, encoding="utf-8")
    click.echo(f"{len(texts)} files written to {out}.")


@conf.command("edit")
@home_option
@click.argument("name")
def edit(home: Path, name: str) -> None:
    """Copy a template that ships into HOME/templates, to be changed there; NAME as `extensions.conf.j2`."""
    opened = Home.open(home)
    shipped = material.of_triune()
    if name not in shipped:
        raise ConfigError(f"There is no template {name!r}. There are: {', '.join(sorted(shipped))}.")
    path = material.own_folder(opened) / name
    if not path.exists():
        material.write(opened, name, shipped[name])
    click.echo(str(path))


@conf.command("diff")
@home_option
def diff(home: Path) -> None:
    """Show what applying the drafts would change: rendered files and the centre file, secrets masked.

    Exit code 1 when there is a difference, as with diff(1).
    """
    opened, history = Home.open(home), History(Home.open(home))
    number = history.in_force
    if number is None:
        raise ConfigError("Nothing is in force yet: start the centre with `cti up` first.")
    install = install_of(opened)
    before, now = history.material(number), material.of_home(opened)
    old = texts_of(before, opened, install, version=number)
    new = texts_of(now, opened, install, version=number)
    found = (
        *differences.between({CENTRE: before.centre}, {CENTRE: now.centre}, opened),
        *differences.between(old, new, opened),
    )
    waits = differences.later(old, new, centre_before=before.centre, centre_after=now.centre)
    for line in (*telling.differences(found), *telling.later(waits)):
        click.echo(line)
    if not found:
        click.echo(f"Nothing differs from version {number}, which is in force.")
        return
    raise SystemExit(1)


@conf.command("apply")
@home_option
@_reason
@click.option(
    "--later", is_flag=True, help="What needs a restart may wait for it; without, nothing of the drafts is applied."
)
@click.option("--json", "as_json", is_flag=True, help="Print the outcome as JSON.")
def apply(*, home: Path, reason: str, later: bool, as_json: bool) -> None:
    """Bring the drafts into force: all of it, tried by a call, or nothing.

    Exit code 1 when they were refused or taken back. A home that stands still takes them at its next start.
    """
    opened = Home.open(home)
    if running.is_running(opened):
        outcome = running.apply(opened, reason=reason, later=later)
        if as_json:
            click.echo(msgspec.json.encode(outcome))
        else:
            for line in (*telling.flaws(outcome.flaws), *telling.later(outcome.later), *telling.outcome(outcome)):
                click.echo(line)
        if not outcome.kept:
            raise SystemExit(1)
        return
    number, flaws = starting.apply_stopped(opened, install_of(opened), reason=reason)
    for line in telling.flaws(flaws):
        click.echo(line)
    if number is None:
        raise SystemExit(1)
    click.echo(f"Nothing runs here: version {number} counts from the next `cti up`.")


@conf.command("rollback")
@home_option
@click.argument("version", type=int)
@_reason
def rollback(home: Path, version: int, reason: str) -> None:
    """Bring an earlier version into force, byte for byte. The drafts become its texts."""
    opened = Home.open(home)
    if not running.is_running(opened):
        starting.roll_back_stopped(opened, version, reason=reason)
        click.echo(f"Nothing runs here: version {version} counts from the next `cti up`.")
        return
    outcome = running.rollback(opened, version=version, reason=reason)
    for line in (*telling.flaws(outcome.flaws), *telling.later(outcome.later), *telling.outcome(outcome)):
        click.echo(line)
    if not outcome.kept:
        raise SystemExit(1)


@conf.command("history")
@home_option
@click.option("--json", "as_json", is_flag=True, help="Print everything as JSON.")
def history(*, home: Path, as_json: bool) -> None:
    """Show what came into force when, by whom and why; the one in force has a star."""
    opened = Home.open(home)
    kept = History(opened)
    entries = kept.entries()[::-1]
    if as_json:
        click.echo(msgspec.json.encode({"in_force": kept.in_force, "entries": entries}))
        return
    for line in telling.history(entries, kept.in_force):
        click.echo(line)


def install_of(home: Home) -> AsteriskInstall:
    """The Asterisk of this home. Raises SetupFailed."""
    return asterisk.find(Path(home.settings.asterisk) if home.settings.asterisk else None)
