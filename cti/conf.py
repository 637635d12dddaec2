"""`cti conf` whole: the commands of `cti.dialplan.commands`, and `lint`, which asks the directory besides.

Here: where the directory comes from and how a report is printed. Not here: what is found (`cti.dialplan.lint`). Only
`cti.cli` calls it.
"""

import asyncio
import dataclasses
from collections.abc import Sequence
from pathlib import Path

import click
import msgspec
from msgspec import structs

from cti.database import open_database
from cti.dialplan import checks, material, telling
from cti.dialplan import lint as linting
from cti.dialplan.commands import conf
from cti.dialplan.lint import Report
from cti.errors import DatabaseDown
from cti.home import Home, default_home
from cti.ports import Person
from cti.ports.templates import Flaw
from cti.setup import asterisk
from cti.store.directory import Directory
from cti.store.schema import upgrade

__all__ = ["conf"]


@conf.command("lint")
@click.argument("file", required=False, type=click.Path(path_type=Path, dir_okay=False))
@click.option(
    "--home", type=click.Path(path_type=Path, file_okay=False), help="Directory of the centre; its people count too."
)
@click.option("--json", "as_json", is_flag=True, help="Print everything as JSON.")
def lint(*, file: Path | None, home: Path | None, as_json: bool) -> None:
    """Say what is wrong or doubtful in a centre file and its dialplan, and how long a contact can be kept waiting.

    Of a home's own file, or of FILE; with both, FILE is held against that home's people and templates. The dialplan is
    looked at with --home. Mistakes end with exit code 1, doubts do not.
    """
    if file is None and home is None:
        home = default_home()
    opened = Home.open(home) if home is not None else None
    people, unasked = _people(opened) if opened is not None else (None, "")
    path = file or (opened.centre_file if opened is not None else Path())
    report = linting.lint(path, people=people)
    flaws = _dialplan(opened, path) if opened is not None and not report.errors else ()
    click.echo(_json(report, flaws)) if as_json else _tell(report, flaws)
    if unasked:
        click.echo(f"cti: {unasked} What takes the people to see was not looked at.", err=True)
    if report.errors or checks.errors(flaws):
        raise SystemExit(1)


def _dialplan(home: Home, centre: Path) -> Sequence[Flaw]:
    """What the rules find in the dialplan that the file and the home's templates become."""
    drafts = material.of_home(home)
    drafts = structs.replace(drafts, centre=centre.read_text(encoding="utf-8"))
    install = asterisk.find(Path(home.settings.asterisk) if home.settings.asterisk else None)
    result = checks.check(drafts, home, install, version=home.version_in_force or 1)
    return [flaw for flaw in result.flaws if flaw.rule != "doubt"]


def _people(home: Home) -> tuple[Sequence[Person] | None, str]:
    """Everyone in the directory; else None and why not."""

    async def asked() -> Sequence[Person]:
        database = open_database(home.database_url)
        try:
            return await Directory(database).everyone()
        finally:
            await database.close()

    try:
        upgrade(home.database_url)
        return asyncio.run(asked()), ""
    except DatabaseDown as error:
        return None, str(error)


def _tell(report: Report, flaws: Sequence[Flaw]) -> None:
    for finding in report.errors:
        click.echo(f"error: {finding}")
    for finding in report.warnings:
        click.echo(f"warning: {finding}")
    for line in telling.flaws(flaws):
        click.echo(line)
    if report.sentences:
        click.echo("How far later contacts can get ahead, whatever happens:")
    for words in report.sentences:
        click.echo(f"  {words[0].upper()}{words[1:]}.")
    wrong = len(checks.errors(flaws))
    mistakes, found = len(report.errors) + wrong, len(report.warnings) + len(flaws) - wrong
    counts = f"{_counted(mistakes, 'mistake')}, {_counted(found, 'doubt')}"
    click.echo(f"{report.file}: {counts}.")


def _counted(number: int, word: str) -> str:
    return f"{number} {word}" if number == 1 else f"{number or 'no'} {word}s"


def _json(report: Report, flaws: Sequence[Flaw]) -> bytes:
    return msgspec.json.encode(
        {
            "file": report.file,
            "ok": not report.errors and not checks.errors(flaws),
            "dialplan": flaws,
            "errors": [dataclasses.asdict(finding) for finding in report.errors],
            "warnings": [dataclasses.asdict(finding) for finding in report.warnings],
            "bounds": report.bounds,
            "sentences": report.sentences,
        }
    )
