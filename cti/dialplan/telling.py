"""Findings, differences, steps and the history as lines of a terminal. Pure; called by `cti.dialplan.commands`."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Final

import click

from cti.ports.templates import Difference, Entry, Flaw, Later, Outcome, Restart, Severity

_COLOURS = {"+": "green", "-": "red", "@": "cyan"}

_RESTARTS: Final = {
    Restart.ASTERISK: "To restart: stop `cti up` (Ctrl-C) and start it again, or `systemctl restart triune`. It ends "
    "the calls that are up.",
    Restart.ENGINE: "To restart the engine alone (no call is cut): `kill -9` its pid from `cti status`; `cti up` "
    "starts it again.",
}


def flaws(every: Sequence[Flaw]) -> Iterator[str]:
    """A finding in three lines: where and what, why, how to mend."""
    for one in every:
        colour = "red" if one.severity is Severity.ERROR else "yellow"
        head = click.style(f"{one.severity}: ", fg=colour, bold=True)
        place = f" [{one.where}]" if one.where else ""
        yield f"{head}{one.file}:{one.line}: {one.problem} ({one.rule}){place}"
        yield f"    why: {one.why}"
        yield f"    mend: {one.mend}"


def differences(every: Sequence[Difference]) -> Iterator[str]:
    """Coloured unified diffs."""
    for one in every:
        for line in one.text.splitlines():
            bold = line.startswith(("+++", "---"))
            yield click.style(line, bold=True) if bold else click.style(line, fg=_COLOURS.get(line[:1]))


def later(every: Sequence[Later]) -> Iterator[str]:
    """What counts only after a restart."""
    for one in every:
        yield click.style(f"needs a restart of {one.needs}: {one.name}", fg="yellow")
    for needs in sorted({one.needs for one in every}):
        yield f"    {_RESTARTS[needs]}"


def outcome(found: Outcome) -> Iterator[str]:
    """The steps, then how it ended."""
    for one in found.stages:
        mark = (
            click.style("✓", fg="green") if one.stage not in ("refused", "rolled_back") else click.style("✗", fg="red")
        )
        yield f"{mark} {one.stage.replace('_', ' ')}{f': {one.words}' if one.words else ''}"
    if found.kept:
        yield f"Version {found.version} is in force."
    else:
        is_told = any(found.reason and one.words == found.reason for one in found.stages)
        yield f"Version {found.version} stays in force." + (f" {found.reason}" if not is_told else "")


def history(every: Sequence[Entry], in_force: int | None) -> Iterator[str]:
    """A line each, newest first."""
    marked = False
    for one in every:
        is_now = one.version == in_force and one.action != "failed" and not marked
        marked = marked or is_now
        at = datetime.fromtimestamp(one.at_ms / 1000, tz=UTC).astimezone().strftime("%Y-%m-%d %H:%M:%S")
        mark = "*" if is_now else " "
        gone = "" if one.kept else " (not kept)"
        words = f" - {one.words}" if one.words else ""
        yield f"{mark} v{one.version:<4} {at}  {one.action:<10} {one.author:<20} {one.reason}{words}{gone}"
