"""The five machines of the ACD, each as one table: contact, assignment, party, monitor and agent.

Theory of operation. A *contact* is what a customer wants, an *assignment* is one offer of it to one agent, and an
*agent* is a person with a readiness. They are different machines because their lives differ: a contact outlives the
agents it is offered to, and an agent outlives his contacts. What drives the machines is never an event itself but a
decided fact: `cti.domain.state` looks up (state, trigger) for each fact it folds, and a pair without a cell raises
`IllegalTransition` before anything has changed. So the rules cannot decide the impossible, whatever they are asked,
and recovery cannot fold it.

- A contact waits, is offered, is active from the moment both sides are together until the talk or the work is over,
  and stays in wrap-up until its agent has coded it. A failed offer and a lost agent bring it back to waiting, with
  the seniority it had. Closed contacts leave the state.
- A contact that its agent has parked is nobody's: it hears music at a numbered place, until somebody fetches it (and is
  rung for it), its time is up, or its caller goes.
- An assignment that was offered is taken up (started), or ends as rejected, timed out, rescinded (taken back: the
  customer or the agent left) or failed (the phone could not be rung). Taken up, it may be held; when the agent's leg
  is lost it is rejoining, with the customer still there, until a new leg of the same agent is answered or the limit
  passes. Work without legs closes from active when it goes back to its queue: its agent was removed, stays without a
  desktop, or a supervisor took it back.
- Work without legs may be interrupted by an offer that the agent's profile lets come first: it is paused from that
  offer on until what interrupted it is over, and does not count towards his capacity meanwhile.
- A *party* is somebody whom an agent asks into his talk. He is rung for the agent or, once that one has left, for the
  customer; talks to the agent aside while the customer hears music, or hears music himself while the agent is with the
  customer; is in the talk with all; or leads it, when the agent has gone. An assignment that was handed over goes into
  wrap-up by itself: its contact is with somebody else by then, or over.
- A *monitor* is a supervisor at somebody else's talk. He is rung, listens unheard, coaches the agent unheard by the
  customer, and may come in: from then on he is a party of the talk, and may be left in charge of it. He ceases to hear
  a talk whose agent is out of it, be it over or not.
- Readiness is what a person says of himself, or what the system says of him when he did not answer or his phone or
  desktop is gone. Being busy is no readiness: it follows from the assignments.

Printed as Mermaid diagrams by `python -m cti.domain.states`; `docs/states.md` is that text.
"""

import sys
from collections.abc import Mapping
from enum import StrEnum
from typing import Final, TypeVar

from cti.domain.ids import Readiness, Word
from cti.errors import IllegalTransition

State = TypeVar("State", bound=StrEnum)


class ContactState(Word):
    """Where a contact is between its arrival and its close."""

    WAITING = "waiting"
    OFFERED = "offered"
    ACTIVE = "active"
    PARKED = "parked"
    """Its caller hears music, and whoever wants takes him."""
    WRAP_UP = "wrap_up"
    CLOSED = "closed"


class AssignmentState(Word):
    """How far one offer to one agent has come."""

    OFFERED = "offered"
    ACTIVE = "active"
    HELD = "held"
    PAUSED = "paused"
    REJOINING = "rejoining"
    WRAP_UP = "wrap_up"
    CLOSED = "closed"
    REJECTED = "rejected"
    TIMED_OUT = "timed_out"
    RESCINDED = "rescinded"
    FAILED = "failed"


class PartyState(Word):
    """Where somebody is who was asked into a talk."""

    RINGING = "ringing"
    CALLED = "called"
    """He is rung for the customer: nobody else is with him."""
    ASIDE = "aside"
    """With the agent who asked him; the customer hears music."""
    LEFT = "left"
    """He hears music: the agent is with the customer."""
    TOGETHER = "together"
    LEADING = "leading"
    """He has the talk; the agent who asked him is gone."""
    GONE = "gone"


class MonitorState(Word):
    """How a supervisor is at a talk that is not his."""

    RINGING = "ringing"
    LISTENING = "listening"
    COACHING = "coaching"
    IN_TALK = "in the talk"
    """He is one of its parties from now on, together with the others."""
    GONE = "gone"


class Trigger(Word):
    """What moves a machine: each follows from one fact."""

    OFFERED = "offered"
    RUNG = "rung"
    RING_ENDED = "ring ended"
    STARTED = "started"
    HELD = "held"
    RESUMED = "resumed"
    PAUSED = "interrupted"
    UNPAUSED = "free to go on"
    LEG_LOST = "left without the agent's leg"
    WRAPPED_UP = "wrapped up"
    CLOSED = "closed"
    REQUEUED = "requeued"
    PARKED = "parked"
    FETCHED = "fetched"
    REJECTED = "rejected"
    TIMED_OUT = "timed out"
    RESCINDED = "rescinded"
    FAILED = "failed"
    HANDED_OVER = "handed over"
    ANSWERED = "answered"
    PARTED = "left alone"
    TAKEN_UP = "talked to again"
    MERGED = "let in"
    COACHED = "speaks to the agent"
    SILENCED = "only listens"
    BARGED = "comes in"
    LEFT_IN_CHARGE = "left in charge"
    ENDED = "ended"
    SIGNED_IN = "signed in"
    BECAME_READY = "made ready"
    BECAME_NOT_READY = "made not ready"
    SIGNED_OUT = "signed out"


CONTACT: Final[Mapping[tuple[ContactState, Trigger], ContactState]] = {
    (ContactState.WAITING, Trigger.OFFERED): ContactState.OFFERED,
    (ContactState.WAITING, Trigger.CLOSED): ContactState.CLOSED,
    (ContactState.OFFERED, Trigger.REJECTED): ContactState.WAITING,
    (ContactState.OFFERED, Trigger.TIMED_OUT): ContactState.WAITING,
    (ContactState.OFFERED, Trigger.RESCINDED): ContactState.WAITING,
    (ContactState.OFFERED, Trigger.FAILED): ContactState.WAITING,
    (ContactState.OFFERED, Trigger.STARTED): ContactState.ACTIVE,
    (ContactState.ACTIVE, Trigger.STARTED): ContactState.ACTIVE,
    (ContactState.ACTIVE, Trigger.REQUEUED): ContactState.WAITING,
    (ContactState.ACTIVE, Trigger.WRAPPED_UP): ContactState.WRAP_UP,
    (ContactState.ACTIVE, Trigger.HANDED_OVER): ContactState.ACTIVE,
    (ContactState.ACTIVE, Trigger.CLOSED): ContactState.CLOSED,
    (ContactState.ACTIVE, Trigger.PARKED): ContactState.PARKED,
    (ContactState.PARKED, Trigger.FETCHED): ContactState.ACTIVE,
    (ContactState.PARKED, Trigger.REQUEUED): ContactState.WAITING,
    (ContactState.PARKED, Trigger.CLOSED): ContactState.CLOSED,
    (ContactState.WRAP_UP, Trigger.CLOSED): ContactState.CLOSED,
}

ASSIGNMENT: Final[Mapping[tuple[AssignmentState, Trigger], AssignmentState]] = {
    (AssignmentState.OFFERED, Trigger.RUNG): AssignmentState.OFFERED,
    (AssignmentState.OFFERED, Trigger.STARTED): AssignmentState.ACTIVE,
    (AssignmentState.OFFERED, Trigger.REJECTED): AssignmentState.REJECTED,
    (AssignmentState.OFFERED, Trigger.TIMED_OUT): AssignmentState.TIMED_OUT,
    (AssignmentState.OFFERED, Trigger.RESCINDED): AssignmentState.RESCINDED,
    (AssignmentState.OFFERED, Trigger.FAILED): AssignmentState.FAILED,
    (AssignmentState.ACTIVE, Trigger.HELD): AssignmentState.HELD,
    (AssignmentState.ACTIVE, Trigger.LEG_LOST): AssignmentState.REJOINING,
    (AssignmentState.ACTIVE, Trigger.PAUSED): AssignmentState.PAUSED,
    (AssignmentState.ACTIVE, Trigger.WRAPPED_UP): AssignmentState.WRAP_UP,
    (AssignmentState.ACTIVE, Trigger.CLOSED): AssignmentState.CLOSED,
    (AssignmentState.PAUSED, Trigger.UNPAUSED): AssignmentState.ACTIVE,
    (AssignmentState.PAUSED, Trigger.WRAPPED_UP): AssignmentState.WRAP_UP,
    (AssignmentState.PAUSED, Trigger.CLOSED): AssignmentState.CLOSED,
    (AssignmentState.HELD, Trigger.RESUMED): AssignmentState.ACTIVE,
    (AssignmentState.HELD, Trigger.LEG_LOST): AssignmentState.REJOINING,
    (AssignmentState.HELD, Trigger.WRAPPED_UP): AssignmentState.WRAP_UP,
    (AssignmentState.REJOINING, Trigger.RUNG): AssignmentState.REJOINING,
    (AssignmentState.REJOINING, Trigger.RING_ENDED): AssignmentState.REJOINING,
    (AssignmentState.REJOINING, Trigger.STARTED): AssignmentState.ACTIVE,
    (AssignmentState.REJOINING, Trigger.WRAPPED_UP): AssignmentState.WRAP_UP,
    (AssignmentState.REJOINING, Trigger.CLOSED): AssignmentState.CLOSED,
    (AssignmentState.ACTIVE, Trigger.HANDED_OVER): AssignmentState.WRAP_UP,
    (AssignmentState.HELD, Trigger.HANDED_OVER): AssignmentState.WRAP_UP,
    (AssignmentState.REJOINING, Trigger.HANDED_OVER): AssignmentState.WRAP_UP,
    (AssignmentState.WRAP_UP, Trigger.CLOSED): AssignmentState.CLOSED,
}

PARTY: Final[Mapping[tuple[PartyState, Trigger], PartyState]] = {
    (PartyState.RINGING, Trigger.ANSWERED): PartyState.ASIDE,
    (PartyState.RINGING, Trigger.LEFT_IN_CHARGE): PartyState.CALLED,
    (PartyState.RINGING, Trigger.ENDED): PartyState.GONE,
    (PartyState.CALLED, Trigger.ANSWERED): PartyState.LEADING,
    (PartyState.CALLED, Trigger.ENDED): PartyState.GONE,
    (PartyState.ASIDE, Trigger.PARTED): PartyState.LEFT,
    (PartyState.ASIDE, Trigger.MERGED): PartyState.TOGETHER,
    (PartyState.ASIDE, Trigger.LEFT_IN_CHARGE): PartyState.LEADING,
    (PartyState.ASIDE, Trigger.ENDED): PartyState.GONE,
    (PartyState.LEFT, Trigger.TAKEN_UP): PartyState.ASIDE,
    (PartyState.LEFT, Trigger.MERGED): PartyState.TOGETHER,
    (PartyState.LEFT, Trigger.LEFT_IN_CHARGE): PartyState.LEADING,
    (PartyState.LEFT, Trigger.ENDED): PartyState.GONE,
    (PartyState.TOGETHER, Trigger.LEFT_IN_CHARGE): PartyState.LEADING,
    (PartyState.TOGETHER, Trigger.ENDED): PartyState.GONE,
    (PartyState.LEADING, Trigger.ENDED): PartyState.GONE,
}

MONITOR: Final[Mapping[tuple[MonitorState, Trigger], MonitorState]] = {
    (MonitorState.RINGING, Trigger.ANSWERED): MonitorState.LISTENING,
    (MonitorState.RINGING, Trigger.ENDED): MonitorState.GONE,
    (MonitorState.LISTENING, Trigger.COACHED): MonitorState.COACHING,
    (MonitorState.LISTENING, Trigger.BARGED): MonitorState.IN_TALK,
    (MonitorState.LISTENING, Trigger.ENDED): MonitorState.GONE,
    (MonitorState.COACHING, Trigger.SILENCED): MonitorState.LISTENING,
    (MonitorState.COACHING, Trigger.BARGED): MonitorState.IN_TALK,
    (MonitorState.COACHING, Trigger.ENDED): MonitorState.GONE,
}

AGENT: Final[Mapping[tuple[Readiness, Trigger], Readiness]] = {
    (Readiness.OFFLINE, Trigger.SIGNED_IN): Readiness.NOT_READY,
    (Readiness.NOT_READY, Trigger.SIGNED_IN): Readiness.NOT_READY,
    (Readiness.NOT_READY, Trigger.BECAME_READY): Readiness.READY,
    (Readiness.NOT_READY, Trigger.BECAME_NOT_READY): Readiness.NOT_READY,
    (Readiness.NOT_READY, Trigger.SIGNED_OUT): Readiness.OFFLINE,
    (Readiness.READY, Trigger.SIGNED_IN): Readiness.NOT_READY,
    (Readiness.READY, Trigger.BECAME_READY): Readiness.READY,
    (Readiness.READY, Trigger.BECAME_NOT_READY): Readiness.NOT_READY,
    (Readiness.READY, Trigger.SIGNED_OUT): Readiness.OFFLINE,
}


def next_contact(contact_id: str, state: ContactState, trigger: Trigger) -> ContactState:
    """The state that follows; raises `IllegalTransition`."""
    try:
        return CONTACT[state, trigger]
    except KeyError:
        raise illegal("Contact", contact_id, state=state, trigger=trigger) from None


def next_assignment(assignment_id: str, state: AssignmentState, trigger: Trigger) -> AssignmentState:
    """The state that follows; raises `IllegalTransition`."""
    try:
        return ASSIGNMENT[state, trigger]
    except KeyError:
        raise illegal("Assignment", assignment_id, state=state, trigger=trigger) from None


def next_party(leg_id: str, state: PartyState, trigger: Trigger) -> PartyState:
    """The state that follows; raises `IllegalTransition`."""
    try:
        return PARTY[state, trigger]
    except KeyError:
        raise illegal("Party", leg_id, state=state, trigger=trigger) from None


def next_monitor(leg_id: str, state: MonitorState, trigger: Trigger) -> MonitorState:
    """The state that follows; raises `IllegalTransition`."""
    try:
        return MONITOR[state, trigger]
    except KeyError:
        raise illegal("Monitor", leg_id, state=state, trigger=trigger) from None


def next_readiness(agent_id: str, state: Readiness, trigger: Trigger) -> Readiness:
    """The readiness that follows; raises `IllegalTransition`."""
    try:
        return AGENT[state, trigger]
    except KeyError:
        raise illegal("Agent", agent_id, state=state, trigger=trigger) from None


def illegal(noun: str, key: str, *, state: StrEnum, trigger: Trigger) -> IllegalTransition:
    """The error for a pair without a cell, in words."""
    code = "already_closed" if state in (AssignmentState.WRAP_UP, ContactState.WRAP_UP) else None
    return IllegalTransition(f"{noun} {key} is {state.replace('_', ' ')}, so it cannot be {trigger}.", code=code)


def mermaid() -> str:
    """`docs/states.md`: the five tables as Mermaid state diagrams."""
    return "\n".join(
        [
            "# The machines of the ACD",
            "",
            "Generated by `python -m cti.domain.states > docs/states.md`; a test keeps it equal.",
            "",
            *_diagram("Contact", CONTACT, start=ContactState.WAITING),
            *_diagram("Assignment", ASSIGNMENT, start=AssignmentState.OFFERED),
            *_diagram("Party", PARTY, start=PartyState.RINGING),
            *_diagram("Monitor", MONITOR, start=MonitorState.RINGING),
            *_diagram("Agent", AGENT, start=Readiness.OFFLINE),
        ]
    )


def _diagram(title: str, table: Mapping[tuple[State, Trigger], State], *, start: State) -> list[str]:
    rows: dict[tuple[str, str], list[str]] = {}
    for (state, trigger), after in table.items():
        rows.setdefault((str(state), str(after)), []).append(str(trigger))
    sources = {source for source, _ in rows}
    ends = sorted({target for _, target in rows if target not in sources})
    return [
        f"## {title}",
        "",
        "```mermaid",
        "stateDiagram-v2",
        f"    [*] --> {start}",
        *(f"    {source} --> {target}: {', '.join(triggers)}" for (source, target), triggers in rows.items()),
        *(f"    {end} --> [*]" for end in ends),
        "```",
        "",
    ]


if __name__ == "__main__":
    sys.stdout.write(mermaid())
