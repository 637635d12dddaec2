"""The fairness auditor: every time an offer went to a contact while another waited, was that the policy?

Theory of operation. The auditor folds the facts of a journal one by one. Just before each offer it looks at all that
waits and asks two things of every other contact: did it come earlier (then this is an overtaking, and there must be a
reason), and could this agent have had it although it stands before the chosen one in the order (then there is none: a
finding, whichever came first). Contacts that nothing but their arrival tells apart form one class, sorted by arrival:
within it, reason and order are the same for all, so an offer costs a look at each class and not at each contact.

The definition is `policy`'s, never the router's. Contacts of projects that the agent does not work for are
no overtakings. Called by `cti audit` and by the running engine, off its loop.
"""

from bisect import bisect_left, insort
from collections import Counter
from enum import StrEnum
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from cti.domain.agent import Agent
from cti.domain.audit import policy
from cti.domain.audit.policy import Obstacle
from cti.domain.audit.unindexed import unindexed
from cti.domain.contact import Contact
from cti.domain.events import QueueOpened
from cti.domain.facts import (
    OUT_OF_ORDER,
    AssignmentOffered,
    AssignmentPaused,
    ClockShifted,
    Fact,
    QueueConfigured,
    Terms,
)
from cti.domain.ids import AgentId, AssignmentId, ContactId, Milliseconds
from cti.domain.queue import terms
from cti.domain.state import State
from cti.domain.states import ContactState

MOST_FINDINGS: Final = 1000
"""Kept of one auditor; all are counted."""
_PER_OFFER: Final = 10


class Reason(StrEnum):
    """Why an older contact was passed."""

    STRICT = "strict"
    """The chosen one's queue is strict."""
    PRIORITY = "priority"
    TIER = "tier"
    URGENCY = "urgency"
    WEIGHT = "weight"
    """The chosen one's waiting counts faster."""
    HELD = "held"
    """It is kept for its preferred agents for a while."""
    ASLEEP = "asleep"
    """A callback whose next attempt is not due."""
    NODE_LOST = "node_lost"
    REQUIREMENT = "requirement"
    """The agent lacks what it asks for."""
    STEP = "step"
    """He would meet it after a later step of its queue."""
    CAPACITY = "capacity"
    """The agent had no room for its medium."""


class Fault(StrEnum):
    """What is wrong with an offer."""

    OUTRANKED = "outranked"
    """A contact that stands before the chosen one, and that this agent could have had, went on waiting."""
    NOT_ENTITLED = "not_entitled"
    """This agent could not be offered this contact."""
    BROKEN = "broken"
    """The facts do not fit what was before them."""


class Finding(Struct, frozen=True, kw_only=True):
    """Something without explanation."""

    number: int
    """The event's."""
    at_ms: Milliseconds
    fault: Fault
    assignment_id: AssignmentId | None = None
    contact_id: ContactId | None = None
    """The one that was offered."""
    agent_id: AgentId | None = None
    passed: ContactId | None = None
    """The one that should have been."""
    detail: str = ""


class Report(Struct, frozen=True, kw_only=True):
    """What an audit came to."""

    events: int
    offers: int
    overtakings: dict[str, int]
    """Older contacts passed, by reason; each offer counts every one that it passed."""
    unexplained: int
    findings: tuple[Finding, ...]
    """The first of the unexplained."""


_Waiting = tuple[Milliseconds, int, ContactId]
_ClassKey = tuple[object, ...]


class _Class:
    """Waiting contacts that differ in arrival only."""

    __slots__ = ("contact", "rules", "unable", "waiting")

    def __init__(self, contact: Contact) -> None:
        self.contact = contact
        """Any of them."""
        self.waiting: list[_Waiting] = []
        self.rules: QueueOpened | None = None
        self.unable: dict[tuple[object, ...], Obstacle | None] = {}
        """By abilities of agents."""

    def look(self, rules: QueueOpened) -> None:
        """Forget what was known under other rules."""
        if self.rules is not rules:
            self.rules = rules
            self.unable.clear()

    def inability(self, rules: QueueOpened, agent: Agent) -> Obstacle | None:
        """See `policy.inability`."""
        key = (agent.skills, agent.project_ids, agent.site_id, agent.removed)
        if key not in self.unable:
            self.unable[key] = policy.inability(rules, self.contact, agent)
        return self.unable[key]


class Auditor:
    """One journal's audit. The state given is the auditor's own from then on."""

    def __init__(self, state: State | None = None) -> None:
        self.state = unindexed(state)
        self.events = self.offers = self.unexplained = 0
        self.overtakings: Counter[Reason] = Counter()
        self.findings: list[Finding] = []
        self._classes: dict[_ClassKey, _Class] = {}
        self._places: dict[ContactId, tuple[_ClassKey, _Waiting]] = {}
        for contact_id in self.state.contacts:
            self._refresh(contact_id)

    def take(self, number: int, at_ms: Milliseconds, facts: tuple[Fact, ...]) -> None:
        """Fold what was decided on the next event, judging each offer in it."""
        self.events += 1
        before: dict[AssignmentId, Agent] = {}
        try:
            for fact in facts:
                if isinstance(fact, AssignmentPaused):
                    self._note_before_pause(fact, before)
                elif isinstance(fact, AssignmentOffered) and fact.why.rule not in OUT_OF_ORDER:
                    self.offers += 1
                    self._judge(number, at_ms, fact, before.pop(fact.assignment_id, None))
                self._fold(fact)
        except Exception as error:  # noqa: BLE001 - a journal that does not fit itself is what is looked for
            self.state.rollback()
            self._rebuild()
            self._find(Finding(number=number, at_ms=at_ms, fault=Fault.BROKEN, detail=f"{error}"))
        self.state.number = number
        self.state.commit()

    def findings_of(self, fault: Fault) -> list[Finding]:
        """Those of one kind."""
        return [finding for finding in self.findings if finding.fault is fault]

    def report(self) -> Report:
        """What was found so far."""
        return Report(
            events=self.events,
            offers=self.offers,
            overtakings={reason.value: self.overtakings[reason] for reason in Reason if self.overtakings[reason]},
            unexplained=self.unexplained,
            findings=tuple(self.findings),
        )

    # -- judging -----------------------------------------------------------------------------------------------------

    def _judge(self, number: int, at_ms: Milliseconds, offer: AssignmentOffered, agent: Agent | None) -> None:
        state = self.state
        chosen = state.contact(offer.contact_id)
        agent = agent or state.agent(offer.agent_id)
        rules = state.queue(chosen.queue_id).rules
        finding = Finding(
            number=number,
            at_ms=at_ms,
            fault=Fault.NOT_ENTITLED,
            assignment_id=offer.assignment_id,
            contact_id=chosen.id,
            agent_id=agent.id,
        )
        blocked = policy.obstacle(rules, chosen, agent)
        if blocked is not None or not policy.is_offered(state, chosen):
            self._find(replace(finding, detail=blocked.value if blocked is not None else "asleep"))
        order = policy.place(rules, chosen, offer.at_ms)
        chosen_terms = terms(rules, chosen, offer.at_ms)
        arrival = (chosen.arrived_ms, chosen.number, chosen.id)
        for each in self._classes.values():
            older = bisect_left(each.waiting, arrival)
            theirs = state.queues[each.contact.queue_id].rules
            each.look(theirs)
            outrank = self._outranking(each, theirs, order, offer.at_ms)
            if not older and not outrank:
                continue
            unable = each.inability(theirs, agent)
            if unable is Obstacle.PROJECT:
                continue
            reason = self._excuse(each.contact, theirs, agent, unable)
            if reason is not None:
                if older:
                    self.overtakings[reason] += older
                continue
            for _, _, passed in each.waiting[:outrank]:
                self._find(replace(finding, fault=Fault.OUTRANKED, passed=passed))
            if older > outrank:
                last = state.contacts[each.waiting[older - 1][2]]
                self.overtakings[_by_policy(chosen_terms, terms(theirs, last, offer.at_ms))] += older - outrank

    def _outranking(self, each: _Class, rules: QueueOpened, order: policy.Place, now: Milliseconds) -> int:
        """How many of the class, the oldest ones, stand before that place."""
        count = 0
        for _, _, contact_id in each.waiting[:_PER_OFFER]:
            if policy.place(rules, self.state.contacts[contact_id], now) >= order:
                break
            count += 1
        return count

    def _excuse(self, contact: Contact, rules: QueueOpened, agent: Agent, unable: Obstacle | None) -> Reason | None:
        """Why this agent could not have had contacts of this class; None: he could."""
        if contact.asleep_until_ms is not None:
            return Reason.ASLEEP
        if not policy.is_offered(self.state, contact):
            return Reason.NODE_LOST
        if unable is not None:
            every_step = replace(contact, steps_taken=(1 << len(rules.steps)) - 1)
            later = bool(rules.steps) and policy.inability(rules, every_step, agent) is None
            return Reason.STEP if later else Reason.REQUIREMENT
        if contact.held_until_ms is not None and agent.id not in contact.preferred:
            return Reason.HELD
        return None if policy.has_room(agent, contact.medium) else Reason.CAPACITY

    def _find(self, finding: Finding) -> None:
        self.unexplained += 1
        if len(self.findings) < MOST_FINDINGS:
            self.findings.append(finding)

    # -- folding -----------------------------------------------------------------------------------------------------

    def _note_before_pause(self, fact: AssignmentPaused, before: dict[AssignmentId, Agent]) -> None:
        """What is interrupted for an offer makes room for that offer alone: the agent is judged as he was."""
        paused = self.state.assignment(fact.assignment_id)
        before.setdefault(fact.by, self.state.agent(paused.agent_id))

    def _fold(self, fact: Fact) -> None:
        contact_id = self._contact_of(fact)
        self.state.apply(fact)
        if isinstance(fact, ClockShifted | QueueConfigured):
            self._rebuild()
        elif contact_id is not None:
            self._refresh(contact_id)

    def _contact_of(self, fact: Fact) -> ContactId | None:
        contact_id: ContactId | None = getattr(fact, "contact_id", None)
        if contact_id is not None:
            return contact_id
        assignment = self.state.assignments.get(getattr(fact, "assignment_id", AssignmentId("")))
        return assignment.contact_id if assignment is not None else None

    def _rebuild(self) -> None:
        self._classes.clear()
        self._places.clear()
        for contact_id in self.state.contacts:
            self._refresh(contact_id)

    def _refresh(self, contact_id: ContactId) -> None:
        """Put the contact where it belongs now, if it waits at all."""
        contact = self.state.contacts.get(contact_id)
        waits = contact is not None and contact.state is ContactState.WAITING
        entry = (contact.arrived_ms, contact.number, contact.id) if contact is not None and waits else None
        key = _class_of(contact) if contact is not None and waits else None
        old = self._places.get(contact_id)
        if old is not None:
            if old == (key, entry):
                return
            del self._places[contact_id]
            each = self._classes[old[0]]
            del each.waiting[bisect_left(each.waiting, old[1])]
            if not each.waiting:
                del self._classes[old[0]]
        if contact is not None and key is not None and entry is not None:
            if key not in self._classes:
                self._classes[key] = _Class(contact)
            insort(self._classes[key].waiting, entry)
            self._places[contact_id] = key, entry


def _class_of(contact: Contact) -> _ClassKey:
    return (
        contact.queue_id,
        contact.medium,
        contact.node,
        contact.requirements,
        contact.condition,
        contact.tier,
        contact.priority,
        contact.urged,
        contact.steps_taken,
        contact.preferred if contact.held_until_ms is not None else None,
        contact.asleep_until_ms is not None,
    )


def _by_policy(chosen: Terms, passed: Terms) -> Reason:
    """By which term the chosen one stands before the older one: the one that gains it most."""
    if chosen.strict and not passed.strict:
        return Reason.STRICT
    gains = (
        (chosen.seniority_ms - passed.seniority_ms, Reason.WEIGHT),
        (chosen.priority_ms - passed.priority_ms, Reason.PRIORITY),
        (chosen.tier_ms - passed.tier_ms, Reason.TIER),
        (chosen.urgency_ms - passed.urgency_ms, Reason.URGENCY),
    )
    return max(gains, key=lambda gain: gain[0])[1]
