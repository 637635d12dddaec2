"""`cti why`, `cti audit` and `cti replay`: a journal questioned from the command line.

Here: options and printing. What is found comes from `cti.review.reading`, sentences from `cti.domain.audit.telling`.
"""

import dataclasses
import json
import os
import re
import time
from collections.abc import Iterable
from pathlib import Path

import click
import msgspec
from rich.console import Console
from rich.table import Table

from cti.domain.audit import telling
from cti.domain.audit.auditor import Finding, Report
from cti.domain.audit.policy import Obstacle
from cti.domain.audit.telling import Names
from cti.domain.audit.why import Offer, Story
from cti.domain.facts import OUT_OF_ORDER
from cti.domain.ids import ContactId
from cti.engine import replay as replaying
from cti.errors import RuleError
from cti.home import default_home
from cti.review import reading
from cti.store import written

_PLACE = click.Path(path_type=Path)
_SHOWN_CANDIDATES = 12
_WEIGHED = 3
"""Sentences of an offer until all is told of who was weighed: who has it, out of how many, by which score."""


@click.command()
@click.argument("contact")
@click.option("--home", type=_PLACE, metavar="DIR", help="The home that `cti up` made; names are taken from it too.")
@click.option("--journal", type=_PLACE, metavar="FILE", help="A journal's file instead of a home.")
@click.option("--at", type=click.IntRange(min=1), metavar="EVENT", help="As it was at this event; only its offer.")
@click.option("--language", type=click.Choice(telling.LANGUAGES), default="en", show_default=True)
@click.option("--json", "as_json", is_flag=True, help="Print everything as JSON, with ids instead of names.")
@click.option("--live", is_flag=True, hidden=True, help="Asked by the running engine: stand back for it.")
def why(
    *, contact: str, home: Path | None, journal: Path | None, at: int | None, language: str, as_json: bool, live: bool
) -> None:
    """Why CONTACT (c<number>) was offered to whom it was, or why it waits still."""
    if live:
        os.nice(10)
    if home is not None and journal is not None:
        raise click.UsageError("Give --home DIR or --journal FILE, one of them.")
    if journal is None:
        home = home or default_home()
    if not re.fullmatch(r"c[0-9]{1,18}(-[0-9]{1,4})?", contact):
        raise RuleError(f"{contact} is no contact: they are called c and a number, as in c1042.")
    source = written.journal_of(journal or home or Path())
    if at is None:
        # What waits in a home waits until now; in a journal's file, until its end.
        now = time.time_ns() // 1_000_000 if live or home is not None else 0
        found = reading.story(source, ContactId(contact), now=now)
    else:
        found = reading.story(source, ContactId(contact), until=at)
        found = msgspec.structs.replace(found, offers=tuple(each for each in found.offers if each.number == at))
    if as_json:
        click.echo(msgspec.json.encode(found))
        return
    _tell(found, _names(home, language), language)


def _names(home: Path | None, language: str) -> Names:
    if home is None:
        return Names()
    from cti.review import naming  # the directory and the centre file are not needed for JSON

    return naming.names(home, language)


def _tell(story: Story, names: Names, language: str) -> None:
    console = Console(highlight=False, markup=False, soft_wrap=True)
    console.print(telling.contact_line(story, names, language), style="bold")
    for offer in story.offers:
        console.print()
        sentences = telling.of_offer(offer, names, language)
        if offer.why.rule in OUT_OF_ORDER:
            # Nobody was weighed: who asked for it has it.
            for sentence in (sentences[0], *sentences[_WEIGHED:]):
                console.print(sentence)
            continue
        for sentence in sentences:
            console.print(sentence)
        console.print(_candidates(offer, names, language))
        for sentence in telling.of_changes(offer, names, language):
            console.print(f"• {sentence}")
    if story.passed_by:
        console.print()
        console.print(telling.passed_line(story, language))
        for sentence in telling.of_missed(story, names, language):
            console.print(f"• {sentence}")
    if story.wait is not None:
        console.print()
        for sentence in telling.of_wait(story.wait, names, language):
            console.print(sentence)


def _candidates(offer: Offer, names: Names, language: str) -> Table:
    heads = telling.candidate_heads(language)
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    for at, head in enumerate(heads):
        table.add_column(head, justify="right" if 1 < at < len(heads) - 1 else "left")
    for each in offer.candidates[:_SHOWN_CANDIDATES]:
        chosen = each.agent_id == offer.agent_id
        table.add_row(
            "→" if chosen else "",
            names.agent(each.agent_id),
            "" if each.ring is None else str(each.ring),
            "" if each.obstacle in (Obstacle.SITE, Obstacle.SKILL) else str(each.fit),
            f"{each.load} %",
            telling.span(each.idle_ms, language) if each.obstacle is None else "",
            telling.obstacle(each, language),
            style="bold" if chosen else "",
        )
    more = offer.members - min(len(offer.candidates), _SHOWN_CANDIDATES)
    if more > 0:
        table.add_row("", f"… +{more}")
    return table


@click.command()
@click.option("--home", default=default_home, type=_PLACE, metavar="DIR|FILE", help="A home, or a journal's file.")
@click.option("--json", "as_json", is_flag=True, help="Print the counts and findings as JSON.")
def audit(*, home: Path, as_json: bool) -> None:
    """Count who was passed by whom in a journal, and why; exits 1 when an offer cannot be explained."""
    report = reading.audit(written.journal_of(home))
    if as_json:
        click.echo(msgspec.json.encode(report))
    else:
        _show(report)
    if report.unexplained:
        raise SystemExit(1)


def _show(report: Report) -> None:
    console = Console(highlight=False, markup=False, soft_wrap=True)
    console.print(f"{report.offers} offers in {report.events} events.")
    if report.overtakings:
        table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
        table.add_column("passed because of")
        table.add_column("older contacts", justify="right")
        for reason, count in sorted(report.overtakings.items(), key=lambda pair: -pair[1]):
            table.add_row(reason, str(count))
        console.print(table)
    if not report.unexplained:
        console.print("Every offer is explained by the policy.")
        return
    console.print(f"{report.unexplained} without explanation:", style="bold red")
    for line in _findings(report.findings):
        console.print(line)


def _findings(findings: Iterable[Finding]) -> Iterable[str]:
    for finding in findings:
        where = f"event {finding.number}"
        if finding.passed is not None:
            yield f"  {where}: {finding.agent_id} got {finding.contact_id} although {finding.passed} stood first"
        elif finding.contact_id is not None:
            yield f"  {where}: {finding.agent_id} was offered {finding.contact_id} against: {finding.detail}"
        else:
            yield f"  {where}: cannot be folded: {finding.detail}"


@click.command()
@click.option("--home", default=default_home, type=_PLACE, metavar="DIR|FILE", help="A home, or a journal's file.")
@click.option("--json", "as_json", is_flag=True, help="Print figures and differences as JSON.")
def replay(*, home: Path, as_json: bool) -> None:
    """Decide a whole journal again and compare every decision; exits 1 when one differs."""
    journal = written.journal_of(home)
    found = replaying.replay(lambda: written.entries(journal))
    if as_json:
        rates = {"times_real_time": found.times_real_time, "decisions_per_s": found.decisions_per_s}
        click.echo(json.dumps({**dataclasses.asdict(found), **rates}))
    else:
        click.echo(
            f"{found.events} events, {found.decisions} decisions in {found.took_s:.2f} s: "
            f"{found.decisions_per_s:,.0f} decisions/s, {found.times_real_time:,.0f} times real time. "
            f"Digest {found.digest[:16]}."
        )
        for difference in found.differences:
            then, now = ", ".join(difference.then) or "nothing", ", ".join(difference.now) or "nothing"
            said = difference.detail or f"then {then}; now {now}"
            click.echo(f"  event {difference.number}, {difference.event}: {said}")
    if found.differences:
        raise SystemExit(1)
