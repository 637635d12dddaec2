"""What follows from a decision: who is told of it, in which order, and what of it waits for the journal.

Theory of operation. Called by the loop right after each decision, in its turn. Commands to the switch leave at once;
what cannot be taken back (a number dialled) when the journal has the decision, and only if it is wanted still. The
pages hear of every decision in order; of one that rings or dials right after its request has left, for to draw them
takes longer. Nothing is decided here.
"""

import asyncio
import logging
from collections.abc import Callable, Iterable, Iterator

from cti.clock import Clock
from cti.domain.acd import Decision
from cti.domain.commands import (
    Command,
    DialLead,
    Irrevocable,
    RingAgent,
    RingParty,
    StartTimer,
    StopTimer,
    SwitchCommand,
)
from cti.domain.events import ContactCancelled, Event
from cti.domain.facts import CallbackAccepted, ContactClosed, ContactQueued, Fact, PartyEnded
from cti.domain.ids import CampaignId, ContactId, Milliseconds
from cti.domain.state import State
from cti.domain.states import ContactState
from cti.engine import people
from cti.engine.dispatch import Dispatch
from cti.engine.in_hand import Farewell
from cti.engine.known import Known
from cti.engine.lost import LostCallers
from cti.engine.timers import Timers
from cti.ports import Desktops, Journal, Particulars
from cti.ports.campaigns import Callees

log = logging.getLogger(__name__)


class Consequences:
    """Of one engine's decisions."""

    def __init__(
        self,
        *,
        state: State,
        clock: Clock,
        journal: Journal,
        desktops: Desktops,
        dispatch: Dispatch,
        timers: Timers,
        known: Known,
        lost: LostCallers,
        post: Callable[[Event], None],
        callees: Callees | None,
        campaign_number: Callable[[CampaignId], str],
    ) -> None:
        """`callees` are those of campaigns, and `campaign_number` is what they see."""
        self._state = state
        self._clock = clock
        self._journal = journal
        self._desktops = desktops
        self._dispatch = dispatch
        self._timers = timers
        self._known = known
        self._lost = lost
        self._post = post
        self._callees = callees
        self._campaign_number = campaign_number
        self._untold: tuple[Decision, Milliseconds] | None = None

    def decided(self, decision: Decision, now: Milliseconds) -> None:
        """Have all of it done. Must not raise, nor wait."""
        self._tell_desks()
        self._known.keep(self._lost.inherited(decision))
        self._known.keep(self._called(decision))
        rings = any(isinstance(command, RingAgent) for command in decision.commands)
        dials = any(isinstance(command, Irrevocable) for command in decision.commands)
        if not rings and not dials:
            self._desktops.decided(decision, now)
        self._set_timers(decision.commands)
        commands = [command for command in decision.commands if isinstance(command, SwitchCommand)]
        for command in commands:
            if isinstance(command, Farewell):
                self._known.in_hand.said_farewell(command)
        self._dispatch.send(command for command in commands if not isinstance(command, Irrevocable))
        if rings or dials:  # the request leaves before the pages are drawn, which takes longer
            self._untold = (decision, now)
        if rings:
            loop = asyncio.get_running_loop()
            loop.call_soon(loop.call_soon, self._tell_desks)  # a socket is written to when all is done that was due
        irrevocable = [command for command in commands if isinstance(command, Irrevocable)]
        if irrevocable:
            self._dispatch.send_after(
                self._journal.flushed(decision.number), irrevocable, wanted=self._is_wanted, then=self._tell_desks
            )
        self._remember(decision.facts, now)

    def _set_timers(self, commands: Iterable[Command]) -> None:
        for command in commands:
            if isinstance(command, StartTimer):
                self._timers.start(command.timer_id, command.at_ms)
            elif isinstance(command, StopTimer):
                self._timers.stop(command.timer_id)

    def _tell_desks(self) -> None:
        if self._untold is not None:
            (decision, now), self._untold = self._untold, None
            self._desktops.decided(decision, now)

    def _remember(self, facts: Iterable[Fact], now: Milliseconds) -> None:
        """Whose particulars are at hand follows the contacts."""
        in_hand = self._known.in_hand
        for fact in facts:
            if isinstance(fact, ContactQueued):
                in_hand.opened(fact.contact_id, fact.leg_id)
                if fact.origin is not None and not fact.outbound:
                    self._only_once(fact.contact_id)
            elif isinstance(fact, CallbackAccepted):
                in_hand.parted(fact.contact_id)
            elif isinstance(fact, ContactClosed):
                in_hand.close(fact.contact_id, now)
            elif isinstance(fact, PartyEnded):
                in_hand.close(ContactId(fact.leg_id), now)

    def _only_once(self, contact_id: ContactId) -> None:
        """Who is to be called is so once."""
        if self._lost.is_second(self._state, contact_id):
            log.info("asked for already", extra={"action": "request_dropped", "contact": contact_id})
            self._post(ContactCancelled(contact_id=contact_id))

    def _called(self, decision: Decision) -> Iterator[Particulars]:
        """Of the contacts with callees of campaigns that this event began."""
        for queued in people.queued(decision):
            if self._callees is None or queued.campaign_id is None or queued.lead_id is None:
                continue
            callee = self._callees.callee(queued.campaign_id, queued.lead_id)
            if callee is not None:
                yield people.of_callee(callee, queued, sees=self._campaign_number(queued.campaign_id))

    def _is_wanted(self, command: Irrevocable) -> bool:
        if isinstance(command, DialLead):
            dial = self._state.dials.get(command.dial_id)
            may = self._callees is None or self._callees.may_be_dialled(
                command.campaign_id, command.lead_id, self._clock.now()
            )
            return may and dial is not None and not dial.given_up
        if isinstance(command, RingParty):
            return command.leg_id in self._state.parties or command.leg_id in self._state.monitors
        contact = self._state.contacts.get(command.contact_id)
        return contact is not None and contact.leg_id == command.leg_id and contact.state is ContactState.ACTIVE
