"""What was decided, as lines of Asterisk's `queue_log`: stock queue reports so count every contact on every medium.

Theory of operation. Each fact that such a report knows becomes a line under the queue's key: who comes to wait
(ENTERQUEUE), is connected (CONNECT), ends it (COMPLETECALLER, COMPLETEAGENT), or leaves before (ABANDON,
EXITWITHTIMEOUT, EXITWITHKEY); whom it rang in vain (RINGNOANSWER); who serves the queue (ADDMEMBER, REMOVEMEMBER,
PAUSE, UNPAUSE). The fields are those of app_queue. What it has no word for is said by the nearest: a contact that goes
on to another queue, or out of the ACD, exits with a time-out; a callback is connected when the customer answers. A
call's line bears its channel's id, any other the contact's. ENTERQUEUE has the medium in the place of the URL, and no
number: the log outlives a person's erasure. Contacts that the centre calls of its own accord stand under `KEY-out`.

No I/O. How lines are written is `queue_log_writer`'s.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from sortedcontainers import SortedList

from cti.domain import facts, queue
from cti.domain.agent import Agent
from cti.domain.contact import Contact, is_dialled, number_of
from cti.domain.facts import Fact
from cti.domain.ids import (
    SYSTEM_CALLBACK_FAILED,
    SYSTEM_NO_AGENT,
    SYSTEM_NOT_REACHED,
    SYSTEM_OVERFLOWED,
    AgentId,
    AssignmentId,
    ContactId,
    EndedBy,
    Milliseconds,
    OfferOutcome,
    QueueId,
    Readiness,
)
from cti.domain.state import State
from cti.domain.states import AssignmentState
from cti.variables import CALLBACK_KEY

NONE: Final = "NONE"
"""Where a line has no call, queue or agent."""
OUTBOUND: Final = "-out"
_WAS_RUNG: Final = (OfferOutcome.TIMED_OUT, OfferOutcome.REJECTED, OfferOutcome.FAILED)
_EXITS: Final = (SYSTEM_OVERFLOWED, SYSTEM_CALLBACK_FAILED, SYSTEM_NO_AGENT, SYSTEM_NOT_REACHED)
"""Ends of a contact that waits which are not the customer's doing."""
_WITH_CUSTOMER: Final = (AssignmentState.OFFERED, AssignmentState.WRAP_UP)


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line, all but its time: that is when it is written."""

    queue: str
    call: str
    agent: str
    event: str
    data: tuple[str, ...] = ()


@dataclass(slots=True, kw_only=True)
class _Waiting:
    """A contact that came to a queue and has not left."""

    queue: str
    call: str
    entered_ms: Milliseconds
    place: int
    """From 1, when it came."""
    turn: int
    """Grows from one to the next that comes."""
    dialled: bool
    connected_ms: Milliseconds | None = None
    agent: str = NONE


@dataclass(slots=True, kw_only=True)
class _Offer:
    contact_id: ContactId
    agent_id: AgentId
    rung_ms: Milliseconds
    leg_id: str = ""


class QueueLog:
    """Remembers of each contact what its next line needs.

    `agent` is how the switch knows an agent, such as `PJSIP/agent-101`; None for one that it does not.
    """

    def __init__(self, *, agent: Callable[[AgentId], str | None]) -> None:
        self._agent = agent
        self._contacts: dict[ContactId, _Waiting] = {}
        self._offers: dict[AssignmentId, _Offer] = {}
        self._lines: dict[str, SortedList[int]] = {}
        """Turns of those who wait."""
        self._turns = 0
        self._serving: dict[AgentId, tuple[str, ...]] = {}
        """The queues of those who are signed in."""

    def start(self, state: State) -> None:
        """What stood before the engine started has its lines already."""
        for contact in sorted(state.contacts.values(), key=lambda contact: (contact.queued_ms, number_of(contact.id))):
            self._enter(state, contact, contact.queued_ms)
        for assignment in state.assignments.values():
            self._offers[assignment.id] = _Offer(
                contact_id=assignment.contact_id,
                agent_id=assignment.agent_id,
                rung_ms=assignment.rung_ms or assignment.offered_ms,
                leg_id=assignment.leg_id or "",
            )
            known = self._contacts.get(assignment.contact_id)
            if known is not None and assignment.state not in _WITH_CUSTOMER and assignment.started_ms is not None:
                self._take_up(known, self._name(assignment.agent_id), assignment.started_ms)
            elif assignment.state is AssignmentState.WRAP_UP and not assignment.handed_over:
                self._leave(assignment.contact_id)
        for agent in state.agents.values():
            if agent.readiness is not Readiness.OFFLINE:
                self._serving[agent.id] = _served(state, agent)

    def lines(self, decided: Iterable[Fact], state: State) -> Iterator[Line]:
        """The lines of one decision; `state` is what came of it."""
        for fact in decided:
            yield from self._of(fact, state)

    def _of(self, fact: Fact, state: State) -> Iterator[Line]:
        match fact:
            case facts.ContactQueued():
                yield from self._entered(state, fact.contact_id, fact.queued_ms)
            case facts.ContactMoved():
                yield from self._exit(fact.contact_id, "EXITWITHTIMEOUT", fact.at_ms)
                yield from self._entered(state, fact.contact_id, fact.at_ms)
            case facts.CallbackAccepted():
                yield from self._exit(fact.contact_id, "EXITWITHKEY", fact.at_ms, CALLBACK_KEY)
                yield from self._entered(state, fact.contact_id, fact.at_ms)
            case facts.ContactRequeued() if fact.contact_id not in self._contacts:
                yield from self._entered(state, fact.contact_id, fact.at_ms)
            case facts.ContactRequeued() if self._contacts[fact.contact_id].connected_ms is not None:
                yield from self._complete(fact.contact_id, EndedBy.AGENT, fact.at_ms)
                yield from self._entered(state, fact.contact_id, fact.at_ms)
            case facts.ContactClosed():
                yield from self._closed(fact)
            case facts.ReadinessChanged():
                yield from self._readiness(fact, state)
            case facts.AgentConfigured():
                yield from self._configured(fact, state)
            case _:
                yield from self._of_assignment(fact)

    def _of_assignment(self, fact: Fact) -> Iterator[Line]:
        match fact:
            case facts.AssignmentOffered():
                self._offers[fact.assignment_id] = _Offer(
                    contact_id=fact.contact_id, agent_id=fact.agent_id, rung_ms=fact.at_ms
                )
            case facts.AgentRung():
                if (offer := self._offers.get(fact.assignment_id)) is not None:
                    offer.rung_ms, offer.leg_id = fact.at_ms, fact.leg_id
            case facts.OfferEnded():
                yield from self._in_vain(fact)
            case facts.AssignmentStarted():
                yield from self._connected(fact.assignment_id, fact.at_ms, is_reached=False)
            case facts.CustomerReached():
                yield from self._connected(fact.assignment_id, fact.at_ms, is_reached=True)
            case facts.WrapUpStarted():
                if (offer := self._offers.get(fact.assignment_id)) is not None:
                    yield from self._complete(offer.contact_id, fact.ended_by, fact.at_ms)
            case facts.HandedOver():
                if (offer := self._offers.get(fact.assignment_id)) is not None:
                    yield from self._complete(offer.contact_id, EndedBy.AGENT, fact.at_ms)
            case facts.AssignmentClosed():
                self._offers.pop(fact.assignment_id, None)

    # -- a contact's way ---------------------------------------------------------------------------------------------

    def _entered(self, state: State, contact_id: ContactId, at_ms: Milliseconds) -> Iterator[Line]:
        contact = state.contacts.get(contact_id)
        if contact is None:
            return
        known = self._enter(state, contact, at_ms)
        yield Line(
            queue=known.queue,
            call=known.call,
            agent=NONE,
            event="ENTERQUEUE",
            data=(contact.medium.value, "", str(known.place)),
        )

    def _enter(self, state: State, contact: Contact, at_ms: Milliseconds) -> _Waiting:
        self._leave(contact.id)
        name = contact.queue_id + OUTBOUND * contact.outbound
        line = self._lines.setdefault(name, SortedList())
        self._turns += 1
        line.add(self._turns)
        known = self._contacts[contact.id] = _Waiting(
            queue=name,
            call=contact.leg_id or contact.id,
            entered_ms=at_ms,
            place=len(line),
            turn=self._turns,
            dialled=is_dialled(contact),
        )
        return known

    def _connected(self, assignment_id: AssignmentId, at_ms: Milliseconds, *, is_reached: bool) -> Iterator[Line]:
        """He has the customer: at once, or, where the customer is dialled, when he answers."""
        offer = self._offers.get(assignment_id)
        known = self._contacts.get(offer.contact_id) if offer is not None else None
        if offer is None or known is None or known.connected_ms is not None or known.dialled is not is_reached:
            return
        self._take_up(known, self._name(offer.agent_id), at_ms)
        held, rang = _seconds(known.entered_ms, at_ms), _seconds(offer.rung_ms, at_ms)
        yield self._line(known, "CONNECT", held, offer.leg_id, rang)

    def _take_up(self, known: _Waiting, agent: str, at_ms: Milliseconds) -> None:
        known.connected_ms, known.agent = at_ms, agent
        self._lines[known.queue].discard(known.turn)

    def _complete(self, contact_id: ContactId, ended_by: EndedBy, at_ms: Milliseconds) -> Iterator[Line]:
        known = self._contacts.get(contact_id)
        if known is None or known.connected_ms is None:
            return
        self._leave(contact_id)
        event = "COMPLETEAGENT" if ended_by is EndedBy.AGENT else "COMPLETECALLER"
        held, talked = _seconds(known.entered_ms, known.connected_ms), _seconds(known.connected_ms, at_ms)
        yield self._line(known, event, held, talked, str(known.place))

    def _closed(self, fact: facts.ContactClosed) -> Iterator[Line]:
        known = self._contacts.get(fact.contact_id)
        if known is None:
            return
        if known.connected_ms is not None:
            yield from self._complete(fact.contact_id, EndedBy.AGENT, fact.at_ms)
        else:
            left_by_himself = fact.disposition not in _EXITS
            yield from self._exit(fact.contact_id, "ABANDON" if left_by_himself else "EXITWITHTIMEOUT", fact.at_ms)

    def _exit(self, contact_id: ContactId, event: str, at_ms: Milliseconds, *before: str) -> Iterator[Line]:
        known = self._contacts.get(contact_id)
        if known is None:
            return
        place = self._lines[known.queue].bisect_left(known.turn) + 1
        self._leave(contact_id)
        yield self._line(known, event, *before, str(place), str(known.place), _seconds(known.entered_ms, at_ms))

    def _in_vain(self, fact: facts.OfferEnded) -> Iterator[Line]:
        offer = self._offers.pop(fact.assignment_id, None)
        known = self._contacts.get(offer.contact_id) if offer is not None else None
        if offer is None or known is None or fact.outcome not in _WAS_RUNG:
            return
        yield Line(
            queue=known.queue,
            call=known.call,
            agent=self._name(offer.agent_id),
            event="RINGNOANSWER",
            data=(str(max(0, fact.at_ms - offer.rung_ms)),),
        )

    def _leave(self, contact_id: ContactId) -> None:
        known = self._contacts.pop(contact_id, None)
        if known is not None:
            self._lines[known.queue].discard(known.turn)

    # -- who serves --------------------------------------------------------------------------------------------------

    def _readiness(self, fact: facts.ReadinessChanged, state: State) -> Iterator[Line]:
        agent = state.agents.get(fact.agent_id)
        before = self._serving.get(fact.agent_id)
        if agent is None:
            return
        if fact.readiness is Readiness.OFFLINE:
            yield from self._members(fact.agent_id, self._serving.pop(fact.agent_id, ()), "REMOVEMEMBER")
            return
        if before is None:
            before = self._serving[fact.agent_id] = _served(state, agent)
            yield from self._members(fact.agent_id, before, "ADDMEMBER")
        if fact.readiness is Readiness.READY:
            yield from self._members(fact.agent_id, before, "UNPAUSE")
        else:
            yield from self._members(fact.agent_id, before, "PAUSE", fact.reason or "")

    def _configured(self, fact: facts.AgentConfigured, state: State) -> Iterator[Line]:
        """His skills or projects are others: he serves other queues."""
        before, agent = self._serving.get(fact.agent_id), state.agents.get(fact.agent_id)
        if before is None or agent is None:
            return
        now = self._serving[fact.agent_id] = _served(state, agent)
        yield from self._members(fact.agent_id, [name for name in before if name not in now], "REMOVEMEMBER")
        yield from self._members(fact.agent_id, [name for name in now if name not in before], "ADDMEMBER")

    def _members(self, agent_id: AgentId, queues: Iterable[str], event: str, *data: str) -> Iterator[Line]:
        for name in queues:
            yield Line(queue=name, call=NONE, agent=self._name(agent_id), event=event, data=data)

    def _line(self, known: _Waiting, event: str, *data: str) -> Line:
        return Line(queue=known.queue, call=known.call, agent=known.agent, event=event, data=data)

    def _name(self, agent_id: AgentId) -> str:
        return self._agent(agent_id) or agent_id


def _served(state: State, agent: Agent) -> tuple[str, ...]:
    return tuple(
        QueueId(queue_id)
        for queue_id, found in state.queues.items()
        if found.open and queue.serves(found.rules, agent.skills, site_id=agent.site_id, project_ids=agent.project_ids)
    )


def _seconds(since_ms: Milliseconds, until_ms: Milliseconds) -> str:
    return str(max(0, until_ms - since_ms) // 1000)
