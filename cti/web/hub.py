"""The open pages and what is pushed to them: implements `cti.ports.Desktops`.

Theory of operation. The engine calls `decided` in the turn of every event. Facts name the agents and assignments they
concern; only a concerned agent's own pages get his state and assignments, in that very turn. The pop goes out with what
is known; its card follows when the look-up answers. Queue and agent lists are marked in the `Board` and sent at most
twice a second, encoded once for all pages that see the same.

Not here: what an agent has in his hands and how it looks (`cti.web.hands`); who is here, and when a desktop counts as
lost (`cti.web.presence`).
"""

import asyncio
import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Final

from pydantic import BaseModel

from cti.domain import facts as decided_facts
from cti.domain.acd import Decision
from cti.domain.agent import Agent
from cti.domain.assignment import Assignment
from cti.domain.commands import ClosePop, ShowPop
from cti.domain.events import PopShown
from cti.domain.facts import Fact
from cti.domain.ids import (
    SYSTEM_AGENT_LOST,
    SYSTEM_NOT_REACHED,
    SYSTEM_TAKEN_BACK,
    AgentId,
    AssignmentId,
    ContactId,
    LegCause,
    Milliseconds,
    ProjectId,
)
from cti.metrics import Metrics
from cti.ports import Customers, Engine, Person, Refusing, Role, Source
from cti.ports.recordings import RecordingState
from cti.web.board import Board
from cti.web.campaign_board import CampaignBoard
from cti.web.cards import Cards
from cti.web.hands import Hands
from cti.web.mail_messages import MailChanged
from cti.web.messages import (
    AgentsChanged,
    AgentView,
    AssignmentChanged,
    AssignmentGone,
    AssignmentView,
    CardView,
    MeChanged,
    MyState,
    QueuesChanged,
    QueueView,
    RefusingChanged,
    RefusingView,
    Snapshot,
    StateChanged,
    SwitchChanged,
)
from cti.web.monitors import Listeners, MonitorFact
from cti.web.page import Page
from cti.web.park_messages import ParkedChanged
from cti.web.presence import Presence
from cti.web.recording_messages import RecordingChanged
from cti.web.roster import Roster
from cti.web.screens import Screens, my_state
from cti.web.transfer_messages import ColleaguesChanged
from cti.web.transfers import Talks
from cti.web.waits import Kept

log = logging.getLogger(__name__)

COALESCE_S: Final = 0.5
"""A change of a colleague's standing is on every screen within a second."""


_OF_AGENT: Final = (
    decided_facts.ReadinessChanged,
    decided_facts.DeviceSet,
    decided_facts.ReachChanged,
    decided_facts.SignOutDeferred,
    decided_facts.AgentConfigured,
    decided_facts.AgentSkipped,
    decided_facts.LineWish,
    decided_facts.LineRung,
    decided_facts.LineUp,
    decided_facts.LineDown,
)
_OF_ASSIGNMENT: Final = (
    decided_facts.AgentRung,
    decided_facts.AssignmentStarted,
    decided_facts.AssignmentHeld,
    decided_facts.AssignmentResumed,
    decided_facts.AssignmentPaused,
    decided_facts.AssignmentUnpaused,
    decided_facts.CustomerRung,
    decided_facts.CustomerReached,
    decided_facts.CustomerMissed,
    decided_facts.AgentLegLost,
    decided_facts.RingEnded,
    decided_facts.WrapUpStarted,
    decided_facts.HandedOver,
)

_OF_PARKED: Final = (
    decided_facts.ContactParked,
    decided_facts.ContactFetched,
    decided_facts.ContactRequeued,
    decided_facts.ContactClosed,
)
"""What may change who is parked."""

_TOLD: Final = (SYSTEM_AGENT_LOST, SYSTEM_TAKEN_BACK, SYSTEM_NOT_REACHED)
"""Ends of an assignment that its agent did not bring about himself: he is told."""


class Hub:
    """All open pages. Made before the engine; `start` gives it the engine, and until then decisions pass unseen."""

    def __init__(
        self,
        *,
        customers: Customers,
        metrics: Metrics,
        outside: Mapping[ProjectId, Sequence[Source]] = MappingProxyType({}),
    ) -> None:
        """`outside`: the CRMs of each project that are asked beside `customers`."""
        self.presence = Presence()
        self._cards = Cards(customers=customers, metrics=metrics, outside=outside)
        self._parked: set[ContactId] = set()
        self._lines_lost: dict[AgentId, LegCause] = {}
        """Why lines that agents want do not stand."""
        self.campaigns: CampaignBoard | None = None
        """Set before pages come."""
        self.refusing: RefusingView | None = None
        """Whether new calls are refused now."""
        self._confirming: set[AssignmentId] = set()
        self._flush: asyncio.TimerHandle | None = None
        self._engine: Engine | None = None
        self.followers: list[Callable[[Decision, Milliseconds], None]] = []
        """Who else hears of every decision, once this hub has told its pages; may neither block nor raise."""
        self._late = metrics.counter("triune_pops_late_total", "Pops confirmed after the ring was let go")
        self._pops = metrics.counter("triune_pops_total", "Pops confirmed by a page")
        self._arrived = metrics.counter("triune_contacts_arrived_total", "Contacts that came to wait, by medium")
        self._closed = metrics.counter("triune_contacts_closed_total", "Contacts that are over, by disposition")
        self._kept = Kept(metrics)
        metrics.gauge("triune_pages", "Pages that are connected", lambda: self.presence.page_count)

    # -- life --------------------------------------------------------------------------------------------------------

    def start(self, *, engine: Engine, roster: Roster, screens: Screens) -> None:
        """Take up work; on the loop, once the engine's state stands."""
        self._engine, self._roster, self._screens = engine, roster, screens
        state = engine.state
        self._board = Board(state=state, roster=roster, screens=screens)
        self._talks = Talks(roster=roster, screens=screens)
        self._talks.start(state)
        self._listeners = Listeners(roster=roster, screens=screens)
        self._listeners.start(state)
        self._hands = Hands(
            cards=self._cards,
            screens=screens,
            talks=self._talks,
            listeners=self._listeners,
            campaigns=self.campaigns,
            changed=self._push_again,
        )
        self._hands.start(state)
        self._board.take_changes()
        self._kept.start(state, engine.now())
        self._parked = set(state.parked.values())

    async def stop(self) -> None:
        """Close every page and end every task."""
        self._engine = None
        if self._flush is not None:
            self._flush.cancel()
        await self.presence.stop()
        await self._cards.close()

    @property
    def board(self) -> Board:
        """Who waits and who is where."""
        return self._board

    # -- told by the engine ------------------------------------------------------------------------------------------

    def expect(self, address: str, *, project_id: ProjectId) -> None:
        """A contact from this address will soon be shown: begin its look-up. Cheap, never raises; on the loop."""
        if address:
            self._cards.ask(address, project_id=project_id)

    def decided(self, decision: Decision, now: Milliseconds) -> None:
        """Push what the decision means; see `cti.ports.Desktops`."""
        if self._engine is None:
            return
        try:
            self._decided(self._engine, decision, now)
        except Exception:  # a page that cannot be told must never stop the engine
            log.exception("pages could not be told", extra={"action": "push_failed", "number": decision.number})
        for follower in self.followers:
            try:
                follower(decision, now)
            except Exception:  # what only follows decisions must never stop the engine, nor who follows beside it
                log.exception("a follower failed", extra={"action": "follower_failed", "number": decision.number})

    def is_connected(self, agent_id: AgentId) -> bool:
        """See `cti.ports.Desktops`."""
        return self.presence.is_connected(agent_id)

    def switch_changed(self, *, up: bool) -> None:
        """Tell every page; see `cti.ports.Desktops`."""
        if self._engine is not None:
            self._send(self.presence.pages(), SwitchChanged(up=up), self._engine.now())

    def refusing_changed(self, refusing: Refusing | None) -> None:
        """Tell every page that new calls are refused, or taken again. On the loop; never raises."""
        self.refusing = RefusingView(since_ms=refusing.since_ms, reason=refusing.reason) if refusing else None
        if self._engine is not None:
            self._send(self.presence.pages(), RefusingChanged(refusing=self.refusing), self._engine.now())

    def _decided(self, engine: Engine, decision: Decision, now: Milliseconds) -> None:
        changed: dict[AssignmentId, None] = {}
        agents: dict[AgentId, None] = {}
        for fact in decision.facts:
            self._concern(fact, changed, agents, now)
        self._kept.note(engine.state, decision.facts, now)
        for command in decision.commands:
            if isinstance(command, ShowPop):
                self._hands.keep(command.assignment_id, command.agent_id, command.contact_id)
                changed[command.assignment_id] = None
            elif isinstance(command, ClosePop):
                self._gone(command.assignment_id, "rescinded", now)
        if any(isinstance(fact, _OF_PARKED) for fact in decision.facts):
            self._tell_of_parked(engine, now)
        for agent_id in agents:
            self._push_state(engine, agent_id, now)
            self.presence.insist(agent_id)
        for assignment_id in changed:
            self._push_assignment(engine, assignment_id, now)
        if self.presence.page_count and self._flush is None and decision.facts:
            self._flush = asyncio.get_running_loop().call_later(COALESCE_S, self._flush_board)

    def _tell_of_parked(self, engine: Engine, now: Milliseconds) -> None:
        """Pages read the list anew when somebody was parked, or is so no more."""
        parked = set(engine.state.parked.values())
        if parked != self._parked:
            self._parked = parked
            self._send(self.presence.pages(), ParkedChanged(), now)

    def _concern(  # noqa: C901 - one case per kind of fact
        self, fact: Fact, changed: dict[AssignmentId, None], agents: dict[AgentId, None], now: Milliseconds
    ) -> None:
        match fact:
            case decided_facts.ContactQueued():
                self._arrived.add(medium=fact.medium)
                self._board.note_contact(fact.contact_id)
            case (
                decided_facts.ContactRequeued()
                | decided_facts.ContactMoved()
                | decided_facts.CallbackAccepted()
                | decided_facts.CallbackPostponed()
                | decided_facts.WaitPlanned()
            ):
                self._board.note_contact(fact.contact_id)
            case decided_facts.ContactClosed():
                self._closed.add(disposition=fact.disposition)
                self._board.note_contact(fact.contact_id)
            case decided_facts.AssignmentOffered():
                self._hands.take(fact.assignment_id, fact.agent_id, fact.contact_id)
                self._board.note_contact(fact.contact_id)
                self._board.note_agent(fact.agent_id)
                changed[fact.assignment_id] = None
            case decided_facts.OfferEnded():
                self._gone(fact.assignment_id, fact.outcome, now)
            case decided_facts.AssignmentClosed():
                outcome = fact.disposition if fact.disposition in _TOLD else "closed"
                self._gone(fact.assignment_id, outcome, now)
            case decided_facts.PopConfirmed():
                self._pops.add()
                self._late.add(int(fact.late))
            case decided_facts.QueueConfigured() | decided_facts.ClockShifted():
                self._board.note_queues(arrivals_moved=isinstance(fact, decided_facts.ClockShifted))
            case decided_facts.PartyInvited() | decided_facts.PartyMoved() | decided_facts.PartyEnded():
                self._concern_party(fact, changed, agents, now)
            case _ if isinstance(fact, MonitorFact):
                self._concern_monitor(fact, changed, agents, now)
            case _ if isinstance(fact, _OF_ASSIGNMENT):
                changed[fact.assignment_id] = None
                if (agent_id := self._hands.agent_of(fact.assignment_id)) is not None:
                    self._board.note_agent(agent_id)
            case _ if isinstance(fact, _OF_AGENT):
                self._note_line(fact)
                agents[fact.agent_id] = None
                self._board.note_agent(fact.agent_id)

    def _concern_party(
        self,
        fact: decided_facts.PartyInvited | decided_facts.PartyMoved | decided_facts.PartyEnded,
        changed: dict[AssignmentId, None],
        agents: dict[AgentId, None],
        now: Milliseconds,
    ) -> None:
        """Whoever has the talk, and whoever was asked, see it at once."""
        assert self._engine is not None
        party = self._talks.take(fact, self._engine.state)
        if party is None:
            return
        if party.agent_id is not None:
            agents[party.agent_id] = None
            self._board.note_agent(party.agent_id)
        changed[party.by] = None
        agent_id = self._hands.agent_of(party.by)
        if isinstance(fact, decided_facts.PartyEnded) and agent_id is not None:
            for page in self.presence.of(agent_id):
                missed = self._talks.missed(self._engine, party, fact, page.person.language)
                if missed is not None:
                    self._send((page,), missed, now)

    def _concern_monitor(
        self,
        fact: MonitorFact,
        changed: dict[AssignmentId, None],
        agents: dict[AgentId, None],
        now: Milliseconds,
    ) -> None:
        """The supervisor, the agent to whom he listens, and other supervisors see it."""
        assert self._engine is not None
        monitor = self._listeners.take(fact, self._engine.state)
        if monitor is None:
            return
        party = self._engine.state.parties.get(monitor.leg_id)
        if party is not None:
            self._talks.came_in(party)
        agents[monitor.agent_id] = None
        self._board.note_agent(monitor.agent_id)
        changed[monitor.assignment_id] = None
        if (agent_id := self._hands.agent_of(monitor.assignment_id)) is not None:
            self._board.note_agent(agent_id)
        for page in self.presence.of(monitor.agent_id):
            ended = self._listeners.ended(fact, page.person.language)
            if ended is not None:
                self._send((page,), ended, now)

    def _note_line(self, fact: Fact) -> None:
        if isinstance(fact, decided_facts.LineDown):
            self._lines_lost[fact.agent_id] = fact.cause
        elif isinstance(fact, decided_facts.LineWish | decided_facts.LineRung):
            self._lines_lost.pop(fact.agent_id, None)

    def _gone(self, assignment_id: AssignmentId, outcome: str, now: Milliseconds) -> None:
        held = self._hands.let_go(assignment_id)
        if held is None:
            return
        self._board.note_contact(held.contact_id)
        self._board.note_agent(held.agent_id)
        self._send(self.presence.of(held.agent_id), AssignmentGone(assignment_id=assignment_id, outcome=outcome), now)

    # -- pushing -----------------------------------------------------------------------------------------------------

    def _push_state(self, engine: Engine, agent_id: AgentId, now: Milliseconds) -> None:
        pages, agent = self.presence.of(agent_id), engine.state.agents.get(agent_id)
        if pages and agent is not None:
            language = next(iter(pages)).person.language
            self._send(pages, StateChanged(state=self._state_of(engine, agent, language)), now)

    def _state_of(self, engine: Engine, agent: Agent, language: str) -> MyState:
        asked = self._talks.asked(engine, agent, language)
        return my_state(
            agent,
            line_lost=self._lines_lost.get(agent.id),
            asked=asked,
            monitoring=self._listeners.of_supervisor(engine, agent, language),
        )

    def _push_assignment(
        self, engine: Engine, assignment_id: AssignmentId, now: Milliseconds, *, card_again: bool = True
    ) -> None:
        agent_id = self._hands.agent_of(assignment_id)
        pages = self.presence.of(agent_id) if agent_id is not None else ()
        if not pages:
            return
        language = next(iter(pages)).person.language
        view = self._hands.view(engine, assignment_id, language=language, card_again=card_again)
        if view is not None:
            self._send(pages, AssignmentChanged(assignment=view), now)

    def _push_again(self, assignment_id: AssignmentId) -> None:
        """Something that no fact tells has changed: its card has come, or its microphone."""
        if self._engine is not None:
            self._push_assignment(self._engine, assignment_id, self._engine.now(), card_again=False)

    def mail_changed(self, contact_id: ContactId) -> None:
        """Something was said on the contact, or sent: whoever has it in his hands is told. From the loop."""
        self._tell_holder(contact_id, MailChanged(contact_id=contact_id))

    def recording_changed(self, contact_id: ContactId, state: RecordingState) -> None:
        """The contact's talk is recorded from now on, or not, or silence is: whoever has it in his hands is told."""
        change = RecordingChanged(contact_id=contact_id, state=state.state, resumes_ms=state.resumes_ms)
        self._tell_holder(contact_id, change)

    def _tell_holder(self, contact_id: ContactId, change: BaseModel) -> None:
        if self._engine is None:
            return
        contact = self._engine.state.contacts.get(contact_id)
        agent_id = self._hands.agent_of(contact.assignment_id) if contact is not None else None
        if agent_id is not None:
            self._send(self.presence.of(agent_id), change, self._engine.now())

    def card(self, contact_id: ContactId, *, language: str) -> CardView | None:
        """The card of a live contact that is in an agent's hands, if it has come."""
        contact = self.presence.engine.state.contacts.get(contact_id)
        return self._hands.card(contact, language=language) if contact is not None else None

    def set_muted(self, assignment_id: AssignmentId, *, muted: bool) -> None:
        """Remember and show whether the agent's microphone is off; not journalled, gone with the engine."""
        self._hands.mute(assignment_id, muted=muted)

    def _flush_board(self) -> None:
        self._flush = None
        if self._engine is None:
            return
        changes = self._board.take_changes()
        if not changes:
            return
        now = self._engine.now()
        for pages in self._alike():
            person = pages[0].person
            if queues := self._board.queues(person, changes.queue_ids):
                self._send(pages, QueuesChanged(queues=queues), now)
            if found := self._board.colleagues(person, changes.agent_ids):
                self._send(pages, ColleaguesChanged(colleagues=found), now)
            if person.role is not Role.AGENT and (agents := self._board.agents(person, changes.agent_ids)):
                self._send(pages, AgentsChanged(agents=agents), now)

    def _alike(self) -> Iterable[list[Page]]:
        """The pages, grouped by what they may see and in which language."""
        groups: dict[tuple[frozenset[ProjectId], bool, str], list[Page]] = {}
        for page in self.presence.pages():
            person = page.person
            key = (self._roster.projects(person), person.role is Role.AGENT, person.language)
            groups.setdefault(key, []).append(page)
        return groups.values()

    @staticmethod
    def _send(pages: Iterable[Page], change: BaseModel, now: Milliseconds) -> None:
        encoded = None
        for page in pages:
            encoded = encoded or change.model_dump_json()
            page.put(encoded, now)

    # -- pages -------------------------------------------------------------------------------------------------------

    def join(self, page: Page) -> Snapshot:
        """The page is open: from this snapshot on it gets every change. Both in one turn, so nothing is missed.

        Raises OutsideError while the engine is just starting, or when the person has too many pages.
        """
        engine, person = self.presence.engine, page.person
        self.presence.join(page)
        agent = engine.state.agents.get(person.agent_id)
        return Snapshot(
            now_ms=engine.now(),
            me=self._roster.me(person),
            state=(
                self._state_of(engine, agent, person.language)
                if agent is not None and person.extension is not None
                else None
            ),
            assignments=self._assignments(engine, agent.assignment_ids if agent else (), person.language),
            queues=self.queues(person),
            agents=self.agents(person),
            colleagues=self._board.colleagues(person),
            switch_up=engine.switch_up,
            refusing=self.refusing,
            campaigns=self.campaigns.views(person) if self.campaigns is not None else [],
        )

    def confirm(self, assignment: Assignment) -> asyncio.Task[None] | None:
        """A page has drawn the card of this assignment; said again it is nothing, and costs nothing.

        The task ends when it is decided and on disk; None when there is nothing to decide.
        """
        key = assignment.id
        if assignment.pop_shown_ms is not None or key in self._confirming:
            return None
        self._confirming.add(key)
        task = self.presence.submit(PopShown(assignment_id=key))
        task.add_done_callback(lambda _: self._confirming.discard(key))
        return task

    def codes_changed(self) -> None:
        """Tell every page what its person may choose from now."""
        now = self.presence.engine.now()
        for page in self.presence.pages():
            page.put(MeChanged(me=self._roster.me(page.person)).model_dump_json(), now)

    def queues(self, person: Person) -> list[QueueView]:
        """The queues that he may see, as they stand now."""
        self._board.settle()
        return self._board.queues(person)

    def agents(self, person: Person) -> list[AgentView]:
        """The agents that he may see, as they stand now; none for an agent."""
        return [] if person.role is Role.AGENT else self._board.agents(person)

    def _assignments(self, engine: Engine, ids: Iterable[AssignmentId], language: str) -> list[AssignmentView]:
        views = [self._hands.view(engine, found, language=language, card_again=True) for found in ids]
        return [view for view in views if view is not None]
