"""What pages show of those who were asked into talks. Called by `cti.web.hub`; who may be asked is `cti.web.board`."""

from typing import Final, cast

from cti.domain.agent import Agent
from cti.domain.contact import Contact
from cti.domain.facts import PartyEnded, PartyInvited, PartyMoved
from cti.domain.ids import ContactId, LegId, PartyEnd
from cti.domain.party import Party
from cti.domain.state import State
from cti.ports import Engine
from cti.web import screens, words
from cti.web.roster import Roster
from cti.web.screens import Screens
from cti.web.transfer_messages import AskedView, PartyMissed, PartyState, PartyView

_TOLD: Final = (PartyEnd.MISSED, PartyEnd.LEFT, PartyEnd.LOST)
"""How somebody goes whom nobody sent away."""


class Talks:
    """Remembers of each party what its last fact no longer says."""

    def __init__(self, *, roster: Roster, screens: Screens) -> None:
        self._roster = roster
        self._screens = screens
        self._parties: dict[LegId, Party] = {}

    def start(self, state: State) -> None:
        """Those who were asked before the engine started."""
        self._parties = dict(state.parties)

    def take(self, fact: PartyInvited | PartyMoved | PartyEnded, state: State) -> Party | None:
        """Whom the fact is about."""
        if isinstance(fact, PartyEnded):
            return self._parties.pop(fact.leg_id, None)
        known = state.parties.get(fact.leg_id) or self._parties.get(fact.leg_id)
        if known is not None and fact.leg_id in state.parties:
            self._parties[fact.leg_id] = known
        return known

    def came_in(self, party: Party) -> None:
        """A supervisor, of his own accord."""
        self._parties[party.leg_id] = party

    def parties(self, engine: Engine, contact: Contact) -> list[PartyView]:
        """All of a talk, in the order in which they were asked."""
        return [self._view(engine, engine.state.parties[leg_id]) for leg_id in contact.parties]

    def _view(self, engine: Engine, party: Party) -> PartyView:
        return PartyView(
            leg_id=party.leg_id,
            agent_id=party.agent_id,
            name=self._name(engine, party),
            state=_state(party),
            since_ms=party.answered_ms or party.invited_ms,
            until_ms=party.until_ms,
            supervisor=party.uninvited,
        )

    def _name(self, engine: Engine, party: Party) -> str:
        if party.agent_id is not None:
            person = self._roster.persons.get(party.agent_id)
            return person.name if person is not None else party.agent_id
        known = engine.particulars(ContactId(party.leg_id))
        return screens.address(known.address) if known is not None else ""

    def asked(self, engine: Engine, agent: Agent, language: str) -> AskedView | None:
        """Into which talk this agent is asked; None when into none."""
        party = engine.state.parties.get(agent.party_leg) if agent.party_leg is not None else None
        if party is None or party.uninvited:
            return None
        contact = engine.state.contacts[party.contact_id]
        known = engine.particulars(contact.id)
        asking = engine.state.assignments.get(party.by)
        person = self._roster.persons.get(asking.agent_id) if asking is not None else None
        return AskedView(
            leg_id=party.leg_id,
            state=_state(party),
            by=person.name if person is not None else "",
            queue=self._screens.queue_name(contact.queue_id, language),
            name=screens.text(known.name) if known is not None else "",
            address=screens.address(known.address) if known is not None else "",
            since_ms=party.answered_ms or party.invited_ms,
        )

    def missed(self, engine: Engine, party: Party, ended: PartyEnded, language: str) -> PartyMissed | None:
        """What the agent who asked him is told; None when it was his own doing."""
        if ended.how not in _TOLD:
            return None
        code = f"missed_{ended.cause}" if ended.how is PartyEnd.MISSED and ended.cause else f"party_{ended.how}"
        return PartyMissed(
            assignment_id=party.by,
            name=self._name(engine, party),
            cause=ended.cause if ended.how is PartyEnd.MISSED else None,
            sentence=words.progress(code, words.language_of(language)),
        )


def _state(party: Party) -> PartyState:
    return cast("PartyState", str(party.state))
