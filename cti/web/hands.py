"""What agents have in their hands, as they see it: assignments with their contact, card, talk and microphone.

What of a view does not change is built once and shown many times; a card that comes late is told of. In memory only;
used by `cti.web.hub`, which knows to which pages a view goes.
"""

from collections.abc import Callable
from dataclasses import dataclass

from cti.domain.callbacks import is_dialling
from cti.domain.contact import Contact
from cti.domain.ids import AgentId, AssignmentId, ContactId
from cti.domain.state import State
from cti.ports import Card, Engine, Particulars
from cti.web.campaign_board import CampaignBoard
from cti.web.campaign_messages import CampaignContact
from cti.web.cards import Cards, Lookup
from cti.web.messages import AssignmentView, CardView, ContactView
from cti.web.monitors import Listeners
from cti.web.screens import Screens
from cti.web.transfers import Talks


@dataclass(slots=True)
class Held:
    """An assignment in an agent's hands, and what of its view does not change: built once, shown many times."""

    agent_id: AgentId
    contact_id: ContactId
    language: str = ""
    contact: ContactView | None = None
    card: CardView | None = None
    of: Card | None = None
    """What `card` shows: another takes its place when one more source has answered."""

    def speak(self, language: str) -> None:
        """What was built in another language is built again."""
        if language != self.language:
            self.language, self.contact, self.card, self.of = language, None, None, None


class Hands:
    """All agents'. `changed` hears of an assignment of which something has changed that no fact tells."""

    def __init__(
        self,
        *,
        cards: Cards,
        screens: Screens,
        talks: Talks,
        listeners: Listeners,
        campaigns: CampaignBoard | None,
        changed: Callable[[AssignmentId], None],
    ) -> None:
        self._cards = cards
        self._screens = screens
        self._talks = talks
        self._listeners = listeners
        self._campaigns = campaigns
        self._changed = changed
        self._held: dict[AssignmentId, Held] = {}
        self._lookups: dict[AssignmentId, Lookup] = {}
        self._muted: set[AssignmentId] = set()

    def start(self, state: State) -> None:
        """Those that stand."""
        self._held = {found.id: Held(found.agent_id, found.contact_id) for found in state.assignments.values()}

    def take(self, assignment_id: AssignmentId, agent_id: AgentId, contact_id: ContactId) -> None:
        """The agent has it from now on."""
        self._held[assignment_id] = Held(agent_id, contact_id)

    def keep(self, assignment_id: AssignmentId, agent_id: AgentId, contact_id: ContactId) -> None:
        """As `take`; nothing where he has it already."""
        self._held.setdefault(assignment_id, Held(agent_id, contact_id))

    def let_go(self, assignment_id: AssignmentId) -> Held | None:
        """It is over; what it was, None when it was none."""
        self._lookups.pop(assignment_id, None)
        self._muted.discard(assignment_id)
        return self._held.pop(assignment_id, None)

    def agent_of(self, assignment_id: AssignmentId | None) -> AgentId | None:
        """Who has it; None when nobody does."""
        held = self._held.get(assignment_id) if assignment_id is not None else None
        return held.agent_id if held is not None else None

    def mute(self, assignment_id: AssignmentId, *, muted: bool) -> None:
        """Remember whether the agent's microphone is off; not journalled, gone with the engine."""
        (self._muted.add if muted else self._muted.discard)(assignment_id)
        self._changed(assignment_id)

    def card(self, contact: Contact, *, language: str) -> CardView | None:
        """The card of a contact that is in an agent's hands, if it has come."""
        lookup = self._lookups.get(contact.assignment_id) if contact.assignment_id else None
        if lookup is None or lookup.card is None:
            return None
        return self._screens.card(lookup.card, project_id=contact.project_id, language=language)

    def view(
        self, engine: Engine, assignment_id: AssignmentId, *, language: str, card_again: bool
    ) -> AssignmentView | None:
        """The assignment as its agent sees it now; None when it is over. A late card is pushed when it comes."""
        assignment = engine.state.assignments.get(assignment_id)
        if assignment is None:
            return None
        contact = engine.state.contact_of(assignment)
        particulars = engine.particulars(contact.id)
        lookup = self._lookup(assignment_id, contact, particulars, again=card_again)
        held = self._held.setdefault(assignment_id, Held(assignment.agent_id, contact.id))
        held.speak(language)
        shown = held.contact or self._screens.contact(contact, particulars, language=language)
        held.contact = shown if particulars is not None else None
        if lookup.card is not None and lookup.card is not held.of:
            held.of = lookup.card
            held.card = self._screens.card(lookup.card, project_id=contact.project_id, language=language)
        return self._screens.assignment(
            assignment,
            shown,
            card=held.card,
            card_state=lookup.state,
            sources=self._screens.sources(lookup.states, language=language),
            muted=assignment_id in self._muted,
            dialling=is_dialling(assignment, contact),
            campaign=self._campaign(contact, language),
            parties=self._talks.parties(engine, contact) if assignment.handed_over is None else (),
            monitored=self._listeners.told_agent(engine.state, assignment),
        )

    def _campaign(self, contact: Contact, language: str) -> CampaignContact | None:
        if self._campaigns is None or contact.campaign_id is None or contact.lead_id is None:
            return None
        return self._campaigns.contact(contact.campaign_id, contact.lead_id, language)

    def _lookup(
        self, assignment_id: AssignmentId, contact: Contact, particulars: Particulars | None, *, again: bool
    ) -> Lookup:
        """The look-up that belongs to the assignment for its whole life; one that failed is begun anew with `again`."""
        found = self._lookups.get(assignment_id)
        if found is None or (again and found.state == "unavailable"):
            address = particulars.address if particulars else ""
            found = self._lookups[assignment_id] = self._cards.ask(address, project_id=contact.project_id)
        if not found.is_done:
            found.listeners[assignment_id] = lambda: self._changed(assignment_id)
        return found
