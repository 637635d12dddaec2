"""What `cti demo traffic` and `cti demo agents` show while they run, and the two ledgers at the end.

On a terminal a table that is drawn anew; else a line every few seconds. Only words and numbers here.
"""

import time
from collections.abc import Callable
from typing import Final

from rich.console import Console
from rich.table import Table

from cti.demo.agents import Agents
from cti.demo.carrier import Step
from cti.demo.traffic import Result, Run

_LINE_EVERY_S: Final = 5.0


def traffic_table(run: Run) -> Table:
    """The run now."""
    count, engine = run.ledger.count(), run.engine
    shown_s = min(run.elapsed_s, run.wish.duration_s)
    table = Table(title=f"Traffic: {shown_s:.0f} of {run.wish.duration_s:.0f} s, {count.sent} of {run.planned} callers")
    for column in ("counted by", "called", "waiting", "talking", "served", "lost"):
        table.add_column(column, justify="left" if column == "counted by" else "right")
    served = count.served - count.talking
    table.add_row("carrier", *map(str, (count.sent, count.waiting, count.talking, served, count.lost)))
    told = (engine.arrived, engine.waiting, engine.talking, engine.closed - engine.abandoned, engine.abandoned)
    table.add_row("engine" if engine.connected else "engine (away)", *map(str, told))
    return table


def line_writer(console: Console) -> Callable[[Run], None]:
    """For where no table can be drawn anew: a line every few seconds."""
    last_s = 0.0

    def write(run: Run) -> None:
        nonlocal last_s
        if time.monotonic() - last_s < _LINE_EVERY_S:
            return
        last_s = time.monotonic()
        count = run.ledger.count()
        console.print(
            f"{run.elapsed_s:4.0f} s  called {count.sent}  waiting {count.waiting}  talking {count.talking}  "
            f"served {count.served - count.talking}  lost {count.lost}"
        )

    return write


def ledgers(result: Result) -> Table:
    """Both ledgers side by side."""
    carrier, engine = result.carrier, result.engine
    caption = (
        "The engine was started anew: its own counts begin there, its history does not." if engine.restarted else None
    )
    table = Table(title="Both ledgers", caption=caption)
    table.add_column("")
    table.add_column("carrier", justify="right")
    table.add_column("engine", justify="right")
    table.add_row("calls sent / contacts arrived", str(carrier.sent), str(engine.arrived))
    table.add_row("served (talked with an agent)", str(carrier.served), str(sum(engine.served.values())))
    table.add_row("lost / abandoned", str(carrier.lost), str(engine.abandoned))
    table.add_row("closed", "", str(engine.closed))
    table.add_row("heard each other", str(carrier.heard_both_ways), "")
    if carrier.rejoined:
        table.add_row("joined again after a loss", str(carrier.rejoined), "")
    table.add_row("longest way to an agent", f"{carrier.longest_wait_s:.1f} s", "")
    return table


_DOING: Final = {Step.RINGING: "rings", Step.ANSWERED: "talks", Step.HEARD: "talks, heard"}


def agents_table(agents: Agents) -> Table:
    """Who does what now."""
    table = Table(title="Demo agents (Ctrl-C: finish and sign out)")
    for column in ("agent", "readiness", "phone", "with", "for", "answered", "closed", ""):
        table.add_column(column, justify="right" if column in ("for", "answered", "closed") else "left")
    for line, desk in zip(agents.lines.values(), agents.desks.all, strict=True):
        state = desk.state
        readiness = "away" if not desk.connected or state is None else state.readiness.replace("_", " ")
        idle = "registered" if state and "sip" in state.phones else "-"
        doing = _DOING.get(line.doing, idle) if line.doing else idle
        held = next(iter(desk.assignments.values()), None)
        if line.doing is None and held is not None and held.state == "wrap_up":
            doing = "wrap-up"
        since = f"{time.monotonic() - line.since_s:.0f} s" if line.doing else ""
        table.add_row(
            desk.login, readiness, doing, line.caller, since, str(line.answered), str(desk.closed), desk.trouble
        )
    return table
