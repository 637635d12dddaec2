"""Journal entries of whole calls, as the engine would write them."""

import enum
import types
import typing

import msgspec
from msgspec import structs

from cti.domain import events, facts
from cti.domain.facts import Fact
from cti.domain.ids import (
    SYSTEM_ABANDONED,
    AgentId,
    AssignmentId,
    ContactId,
    Device,
    DispositionId,
    EndedBy,
    LegCause,
    LegId,
    Medium,
    NodeId,
    ProjectId,
    QueueId,
)
from cti.ports import Entry

AGENT = AgentId("u1")
ARRIVED_MS = 1_000_000
SOLD = DispositionId("sold")
EVENTS: tuple[type, ...] = typing.get_args(events.Event)
FACTS: tuple[type, ...] = typing.get_args(facts.Fact)


def entry(number: int, *decided: Fact, at_ms: int = ARRIVED_MS) -> Entry:
    """An entry with these facts; its event does not matter to history."""
    event = events.EngineStarted(node=NodeId("n1"))
    return Entry(number=number, at_ms=at_ms, event=event, facts=decided, refused=None)


def queued(contact_id: str = "c1") -> facts.ContactQueued:
    return facts.ContactQueued(
        contact_id=ContactId(contact_id),
        medium=Medium.VOICE,
        project_id=ProjectId("telecom"),
        queue_id=QueueId("sales"),
        arrived_ms=ARRIVED_MS,
        queued_ms=ARRIVED_MS + 10,
        leg_id=LegId("leg"),
        node=NodeId("n1"),
        requirements=(),
        preferred=(),
    )


def offered(contact_id: str = "c1", assignment_id: str = "a2", agent_id: AgentId = AGENT) -> facts.AssignmentOffered:
    return facts.AssignmentOffered(
        assignment_id=AssignmentId(assignment_id),
        contact_id=ContactId(contact_id),
        agent_id=agent_id,
        at_ms=ARRIVED_MS + 100,
        pop_until_ms=None,
        lease_until_ms=ARRIVED_MS + 90_000,
        why=facts.Why(
            rule="best_fit", fit=9, load=0, idle_ms=5, score_ms=100, runner_up=None, capable=2, ready=1, free=1
        ),
    )


def served_call(*, contact_id: str = "c1", assignment_id: str = "a2", first: int = 1) -> list[Entry]:
    """Arrives at 1,000,000; answered after 5 s; 10 s talk, 4 s hold, 6 s talk; 3 s wrap-up."""
    a, c, t = AssignmentId(assignment_id), ContactId(contact_id), ARRIVED_MS
    decided: list[tuple[Fact, ...]] = [
        (queued(contact_id), offered(contact_id, assignment_id)),
        (facts.PopConfirmed(assignment_id=a, at_ms=t + 150, late=False),),
        (facts.AgentRung(assignment_id=a, leg_id=LegId("l"), device=Device.SIP, at_ms=t + 160, until_ms=t + 15_000),),
        (facts.AssignmentStarted(assignment_id=a, leg_id=LegId("l"), at_ms=t + 5000),),
        (facts.AssignmentHeld(assignment_id=a, at_ms=t + 15_000),),
        (facts.AssignmentResumed(assignment_id=a, at_ms=t + 19_000),),
        (facts.WrapUpStarted(assignment_id=a, at_ms=t + 25_000, until_ms=t + 85_000, ended_by=EndedBy.CUSTOMER),),
        (
            facts.AssignmentClosed(assignment_id=a, disposition=SOLD, at_ms=t + 28_000),
            facts.ContactClosed(contact_id=c, disposition=SOLD, at_ms=t + 28_000),
        ),
    ]
    return [entry(first + place, *group) for place, group in enumerate(decided)]


def abandoned_call(*, contact_id: str = "c1", first: int = 1) -> list[Entry]:
    """Leaves after 7 s."""
    closed = facts.ContactClosed(
        contact_id=ContactId(contact_id), disposition=SYSTEM_ABANDONED, at_ms=ARRIVED_MS + 7000
    )
    return [entry(first, queued(contact_id)), entry(first + 1, closed)]


def filled(kind: typing.Any) -> typing.Any:
    """A value of this type with every field given: no default, no None, no empty tuple."""
    kind = getattr(kind, "__supertype__", kind)
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin is tuple:
        return (filled(arguments[0]), filled(arguments[0]))
    if origin in {types.UnionType, typing.Union}:
        return filled(next(argument for argument in arguments if argument is not type(None)))
    if issubclass(kind, msgspec.Struct):
        hints = typing.get_type_hints(kind)
        return kind(**{name: filled(hints[name]) for name in kind.__struct_fields__})
    if issubclass(kind, enum.Enum):
        return list(kind)[-1]
    return {str: "ж\"\\ 1'", int: 1_700_000_000_123, bool: True}[kind]


def asked_call(*, missed: LegCause | None = None) -> list[Entry]:
    """An agent asks for a call, picks up after 4 s; 6 s later the customer answers and talks for 30 s, or is missed."""
    assignment_id, contact_id = AssignmentId("a1"), ContactId("c1")
    asked = structs.replace(queued(), leg_id=None, outbound=True, queued_ms=ARRIVED_MS + 3)
    leg_id, node = LegId("customer-a1"), NodeId("n1")
    dialled_ms, answers_ms, over_ms = ARRIVED_MS + 4000, ARRIVED_MS + 10_000, ARRIVED_MS + 40_000
    outcome: list[Fact]
    if missed is None:
        outcome = [facts.CustomerReached(assignment_id=assignment_id, at_ms=answers_ms)]
        ended_by = EndedBy.CUSTOMER
    else:
        outcome, over_ms, ended_by = [], answers_ms, EndedBy.UNREACHED
        outcome.append(facts.CustomerMissed(assignment_id=assignment_id, cause=missed, at_ms=over_ms))
    return [
        entry(1, asked, structs.replace(offered(assignment_id="a1"), at_ms=ARRIVED_MS + 3)),
        entry(2, facts.AssignmentStarted(assignment_id=assignment_id, leg_id=LegId("agent-a1"), at_ms=dialled_ms)),
        entry(
            3,
            facts.CustomerRung(
                assignment_id=assignment_id, leg_id=leg_id, node=node, at_ms=dialled_ms, until_ms=dialled_ms + 30_000
            ),
        ),
        entry(4, *outcome),
        entry(
            5,
            facts.WrapUpStarted(
                assignment_id=assignment_id, at_ms=over_ms, until_ms=over_ms + 30_000, ended_by=ended_by
            ),
        ),
        entry(6, facts.AssignmentClosed(assignment_id=assignment_id, disposition=SOLD, at_ms=over_ms + 2000)),
        entry(7, facts.ContactClosed(contact_id=contact_id, disposition=SOLD, at_ms=over_ms + 2000)),
    ]
