"""A stock report over `queue_log`, as such tools make them: it knows app_queue's lines and nothing of Triune."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

ENDS = {"ABANDON", "COMPLETECALLER", "COMPLETEAGENT", "EXITWITHTIMEOUT", "EXITWITHKEY", "EXITEMPTY"}


@dataclass
class QueueReport:
    """What is known of one queue."""

    entered: int = 0
    connected: int = 0
    completed: int = 0
    abandoned: int = 0
    left: int = 0
    hold_s: list[int] = field(default_factory=list)
    talk_s: list[int] = field(default_factory=list)
    answered_by: Counter[str] = field(default_factory=Counter)
    missed_by: Counter[str] = field(default_factory=Counter)
    members: set[str] = field(default_factory=set)
    paused: set[str] = field(default_factory=set)
    open: dict[str, str] = field(default_factory=dict)
    """Calls that entered and have not left: what came last of each."""


def report(lines: Iterable[str]) -> dict[str, QueueReport]:
    """Read the log. A line out of order, or with a field that is none, is an error here and a wrong figure there."""
    queues: dict[str, QueueReport] = {}
    before = 0
    for line in lines:
        at, call, queue, agent, event, *data = line.rstrip("\n").split("|")
        assert int(at) >= before, line
        before = int(at)
        if queue != "NONE":
            _read(queues.setdefault(queue, QueueReport()), call, agent, event, data)
    return queues


def _read(found: QueueReport, call: str, agent: str, event: str, data: list[str]) -> None:
    match event, data:
        case "ENTERQUEUE", [_url, _caller, place]:
            assert call not in found.open, f"{call} entered twice"
            assert int(place) >= 1
            found.entered += 1
            found.open[call] = event
        case "CONNECT", [hold, _leg, ring]:
            assert found.open[call] == "ENTERQUEUE", f"{call} connected twice"
            assert int(hold) >= int(ring) >= 0
            found.connected += 1
            found.hold_s.append(int(hold))
            found.answered_by[agent] += 1
            found.open[call] = event
        case (("COMPLETECALLER" | "COMPLETEAGENT"), [_hold, talk, place]):
            assert found.open.pop(call) == "CONNECT", f"{call} completed without being connected"
            assert int(place) >= 1
            found.completed += 1
            found.talk_s.append(int(talk))
        case "ABANDON", [place, first, wait]:
            assert found.open.pop(call) == "ENTERQUEUE"
            assert int(first) >= int(place) >= 1
            assert int(wait) >= 0
            found.abandoned += 1
        case ("EXITWITHTIMEOUT", [_, _, _]) | ("EXITWITHKEY", [_, _, _, _]):
            assert found.open.pop(call) == "ENTERQUEUE"
            found.left += 1
        case "RINGNOANSWER", [ring_ms]:
            assert int(ring_ms) >= 0
            found.missed_by[agent] += 1
        case "ADDMEMBER", _:
            found.members.add(agent)
        case "REMOVEMEMBER", _:
            found.members.discard(agent)
            found.paused.discard(agent)
        case "PAUSE", _:
            found.paused.add(agent)
        case "UNPAUSE", _:
            found.paused.discard(agent)
        case _:
            raise AssertionError(f"no report knows {event} with {data}")
