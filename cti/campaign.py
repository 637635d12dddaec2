"""`cti campaign …`: lists of numbers into campaigns, starting and pausing them, how they stand, and results.

Here: options, what is printed, exit codes. Lists are read straight into the database, the engine need not run for that;
start, pause and figures are asked of the running engine over its API, known by the home's own token.
"""

import asyncio
import csv
import json
import sys
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import click
import httpx
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from cti.campaigns import importing
from cti.campaigns.rows import Column
from cti.config import load
from cti.database import Database, open_database
from cti.domain.ids import CampaignId
from cti.errors import NotFound, OutsideError, RuleError
from cti.home import Home, default_home
from cti.ports.campaigns import ImportReport, ImportState, RowError
from cti.store.leads import StoredLeads
from cti.store.schema import upgrade

_LIMIT_S: Final = 10.0
_EXPORT_LIMIT_S: Final = 600.0

home_option = click.option(
    "--home",
    default=default_home,
    type=click.Path(path_type=Path, file_okay=False),
    help="The centre's home. Default: the one of `make run`.",
)
json_option = click.option("--json", "as_json", is_flag=True, help="Only the result, for programs.")


@click.group()
def campaign() -> None:
    """Campaigns: import lists, start, pause, show, export results."""


# -- lists -------------------------------------------------------------------------------------------------------------


def _column(_: click.Context, __: click.Parameter, given: tuple[str, ...]) -> dict[Column, str]:
    named = {}
    for one in given:
        name, is_given, title = one.partition("=")
        if not is_given or name not in list(Column):
            raise click.BadParameter(f"{one!r} must be COLUMN=TITLE, COLUMN one of {', '.join(Column)}.")
        named[Column(name)] = title
    return named


@campaign.command("import")
@click.argument("key")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--dry-run", is_flag=True, help="Only tell what would be done.")
@click.option("--strict", is_flag=True, help="Enter nothing when any line is wrong.")
@click.option("--column", "columns", multiple=True, callback=_column, metavar="COLUMN=TITLE", help="number=Telefon …")
@click.option(
    "--report", type=click.Path(path_type=Path, dir_okay=False), help="Where errors go. Default: FILE.errors.csv."
)
@json_option
@home_option
def import_(
    key: str,
    file: Path,
    dry_run: bool,
    strict: bool,
    columns: dict[Column, str],
    report: Path | None,
    as_json: bool,
    home: Path,
) -> None:
    """Read the CSV FILE into the campaign KEY.

    Its heading names the columns: number (needed), name, language, tier (0-10), not_before, zone; any further one is
    shown to the agent. Each line that cannot be entered is told, and the rest go on; the same file again adds nothing.
    Exit code 1 when a line was wrong.
    """
    wish = importing.Wish(
        campaign_id=CampaignId(key), content=file.read_bytes(), dry_run=dry_run, strict=strict, columns=columns
    )
    where = report or file.with_suffix(f"{file.suffix}.errors.csv")
    errors: list[RowError] = []
    done = asyncio.run(_import(Home.open(home), wish, errors.append, quiet=as_json))
    if errors:
        _write_errors(where, errors)
    if as_json:
        click.echo(json.dumps(_as_json(done)))
    else:
        _tell_import(done, errors, where)
    raise SystemExit(1 if done.errors or done.state is ImportState.FAILED else 0)


async def _import(home: Home, wish: importing.Wish, tell: Callable[[RowError], None], *, quiet: bool) -> ImportReport:
    centre = load(home.centre_in_force)
    console = Console(stderr=True)
    shown = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=console,
        disable=quiet or not console.is_terminal,
    )
    async with _lists(home) as leads:
        with shown:
            task = shown.add_task("examining" if wish.dry_run else "reading", total=None)
            done: ImportReport | None = None
            async for done in importing.run(centre, leads, wish, tell_error=tell):
                shown.update(task, total=max(done.total, done.rows), completed=done.rows)
    assert done is not None
    return done


@asynccontextmanager
async def _lists(home: Home) -> AsyncIterator[StoredLeads]:
    await asyncio.to_thread(upgrade, home.database_url)
    database: Database = open_database(home.database_url)
    try:
        yield StoredLeads(database)
    finally:
        await database.close()


def _write_errors(where: Path, errors: list[RowError]) -> None:
    with where.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["line", "code", "what"])
        writer.writerows([one.line, one.code, one.sentence] for one in errors)


_TOLD: Final = 20


def _tell_import(done: ImportReport, errors: list[RowError], where: Path) -> None:
    if done.encoding != "utf-8":
        click.echo(f"The file is no UTF-8: it was read as {done.encoding}.")
    for one in errors[:_TOLD]:
        click.echo(f"line {one.line}: {one.sentence}", err=True)
    if errors:
        rest = f"{len(errors) - _TOLD} more; all of them" if len(errors) > _TOLD else "These"
        click.echo(f"{rest} stand in {where}", err=True)
    would = "would be " if done.dry_run else ""
    click.echo(f"{done.added} {would}added, {done.known} known already, {done.errors} not entered")
    if done.problem:
        click.echo(done.problem, err=True)


def _as_json(done: ImportReport) -> dict[str, object]:
    return {
        "state": done.state.value,
        "dry_run": done.dry_run,
        "rows": done.rows,
        "added": done.added,
        "known": done.known,
        "errors": done.errors,
        "barred": done.barred,
        "encoding": done.encoding,
        "columns": list(done.columns),
    }


@campaign.command()
@click.argument("key")
@click.argument("lead_ids", nargs=-1, metavar="[LEAD]...")
@click.option("--all", "everyone", is_flag=True, help="Everybody who is still to be tried.")
@home_option
def withdraw(key: str, lead_ids: tuple[str, ...], everyone: bool, home: Path) -> None:
    """Never try these leads of KEY again (l12 …; `cti campaign results` tells their ids), or --all."""
    if bool(lead_ids) == everyone:
        raise click.UsageError("Name leads, or give --all.")
    paths = [f"leads/{each}/withdraw" for each in lead_ids] or ["withdraw"]
    count = sum(int(_ask(Home.open(home), "POST", f"/campaigns/{key}/{path}")["count"]) for path in paths)
    click.echo(f"{count} leads will not be tried again.")


# -- the running engine ------------------------------------------------------------------------------------------------


@campaign.command()
@click.argument("key")
@home_option
def start(key: str, home: Path) -> None:
    """Have the campaign KEY dial."""
    _tell_standing(_ask(Home.open(home), "POST", f"/campaigns/{key}/start"))


@campaign.command()
@click.argument("key")
@home_option
def pause(key: str, home: Path) -> None:
    """Have the campaign KEY dial nobody more for now; what rings goes on."""
    _tell_standing(_ask(Home.open(home), "POST", f"/campaigns/{key}/pause"))


def _tell_standing(view: dict[str, Any]) -> None:
    state = "runs" if view["running"] else "is paused"
    click.echo(f"{view['name']} {state}." + (f" {view['idle_sentence']}" if view["running"] else ""))


@campaign.command("list")
@json_option
@home_option
def list_(as_json: bool, home: Path) -> None:
    """The campaigns of the centre, and how they stand."""
    found = _ask(Home.open(home), "GET", "/campaigns")
    if as_json:
        click.echo(json.dumps(found, ensure_ascii=False))
        return
    if not found:
        click.echo("The centre file has no campaigns.")
        return
    Console().print(listed(found))


def listed(found: Sequence[Mapping[str, Any]]) -> Table:
    """The campaigns, narrow enough for a terminal of 80 columns: what is longer goes on below, nothing is cut."""
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    table.add_column("campaign", overflow="fold")
    for head in ("mode", "state"):
        table.add_column(head, no_wrap=True)
    for head in ("left", "tried\nnow", "live", "aban-\ndoned"):
        table.add_column(head, no_wrap=True, justify="right")
    for view in found:
        figures, progress = view["figures"], view["progress"]
        table.add_row(
            f"{view['campaign_id']}\n{view['name']}",
            view["mode"],
            "runs" if view["running"] else "paused",
            f"{progress['new'] + progress['retry']} of {progress['total']}",
            str(figures["ringing"] + figures["waiting"] + figures["looked_at"]),
            str(figures["live"]),
            f"{figures['rate']:.2%}",
        )
    return table


@campaign.command()
@click.argument("key")
@json_option
@home_option
def show(key: str, as_json: bool, home: Path) -> None:
    """How the campaign KEY stands, and why it dials nobody, if it does not."""
    view = _ask(Home.open(home), "GET", f"/campaigns/{key}")
    if as_json:
        click.echo(json.dumps(view, ensure_ascii=False))
        return
    Console().print(_standing(view))
    if view["idle_sentence"]:
        click.echo(view["idle_sentence"])


def _standing(view: dict[str, Any]) -> Table:
    figures, progress, rolling = view["figures"], view["progress"], view["rolling"]
    table = Table(title=f"{view['name']} ({view['mode']})", show_header=False)
    done = ", ".join(f"{result} {count}" for result, count in progress["done"].items()) or "none"
    next_at = "" if progress["next_ms"] is None else f", next retry at {_clock(progress['next_ms'])}"
    rows = {
        "list": f"{progress['total']}: {progress['new']} new, {progress['trying']} being tried, "
        f"{progress['retry']} to retry{next_at}, {progress['withdrawn']} withdrawn, {progress['barred']} barred",
        "done": done,
        "lines": f"{figures['ringing']} ringing, {figures['waiting']} waiting, {figures['in_line']} leads in line",
        "agents": f"{figures['agents']} ready for a call ({figures['reserved']} of them kept for this campaign), "
        f"{figures['talking']} talking, {figures['wrapping_up']} wrapping up; "
        f"{figures['connected']} have their phone connected throughout, ready or not",
        "abandoned": f"{figures['abandoned']} of {figures['live']} live answers, {figures['rate']:.2%}; "
        f"cap {view['cap']:.2%} by {view['window']}",
        "30 days": f"{rolling['abandoned']} of {rolling['answered']} (reported, not proven)",
        "pace": f"{figures['dials_a_minute']:.1f} dials a minute, answer rate {_share(figures['answer_rate'])}",
        "ends": "-" if figures["ends_ms"] is None else f"about {_clock(figures['ends_ms'])}",
    }
    for name, words in rows.items():
        table.add_row(name, words)
    return table


def _share(value: float | None) -> str:
    return "-" if value is None else f"{value:.0%}"


def _clock(at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms / 1000).astimezone().strftime("%Y-%m-%d %H:%M")


@campaign.command()
@click.argument("key")
@click.option("--to", type=click.Path(path_type=Path, dir_okay=False), help="A file; else it is printed.")
@home_option
def results(key: str, to: Path | None, home: Path) -> None:
    """The whole list of KEY with its attempts, as CSV."""
    opened = Home.open(home)
    out = to.open("w", encoding="utf-8", newline="") if to is not None else sys.stdout
    try:
        with _client(opened, _EXPORT_LIMIT_S) as http, http.stream("GET", f"/campaigns/{key}/results") as answer:
            if not answer.is_success:
                answer.read()
                _refused(answer)
            for piece in answer.iter_text():
                out.write(piece)
    except httpx.HTTPError as error:
        raise _away(opened) from error
    finally:
        if to is not None:
            out.close()
    if to is not None:
        click.echo(f"Written to {to}.")


def _client(home: Home, limit_s: float = _LIMIT_S) -> httpx.Client:
    return httpx.Client(
        base_url=f"{home.web_url}/api/v1",
        headers={"X-Triune-Token": home.secrets.engine_token},
        timeout=limit_s,
        trust_env=False,
        verify=False,  # noqa: S501 - the home's own engine on this machine, whose certificate names another host
    )


def _ask(home: Home, method: str, path: str) -> Any:
    try:
        with _client(home) as http:
            answer = http.request(method, path)
    except httpx.HTTPError as error:
        raise _away(home) from error
    if not answer.is_success:
        _refused(answer)
    return answer.json()


def _refused(answer: httpx.Response) -> None:
    try:
        sentence = str(answer.json()["sentence"])
    except (ValueError, KeyError, TypeError):
        sentence = f"The engine answered {answer.status_code}."
    if answer.status_code == httpx.codes.NOT_FOUND:
        raise NotFound(sentence)
    raise RuleError(sentence) if answer.is_client_error else OutsideError(sentence)


def _away(home: Home) -> OutsideError:
    return OutsideError(f"The engine of {home.path} does not answer: is the centre up? `cti status` tells.")
