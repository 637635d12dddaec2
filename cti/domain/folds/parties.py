"""What the facts of `cti.domain.facts.parties` change in the tables."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final

from msgspec.structs import replace

from cti.domain.agent import without
from cti.domain.facts import Fact, HandedOver, PartyEnded, PartyInvited, PartyMoved
from cti.domain.folds.campaigns import learn_talk
from cti.domain.party import Party
from cti.domain.states import PartyState, Trigger, next_contact, next_party

if TYPE_CHECKING:
    from cti.domain.state import State


def _handed_over(state: "State", fact: HandedOver) -> None:
    assignment, after = state.move(fact.assignment_id, Trigger.HANDED_OVER)
    contact = state.contact(assignment.contact_id)
    state.put_contact(
        replace(contact, state=next_contact(contact.id, contact.state, Trigger.HANDED_OVER), assignment_id=None)
    )
    learn_talk(state, contact, assignment, fact.at_ms)
    agent = state.agent(assignment.agent_id)
    if assignment.id in agent.pausable:
        state.put_agent(replace(agent, pausable=without(agent.pausable, assignment.id)))
    state.put_assignment(
        replace(
            assignment,
            state=after,
            held_ms=None,
            ring_until_ms=None,
            rejoin_until_ms=None,
            handed_over=contact,
            wrap_up_ms=fact.at_ms,
            wrap_up_until_ms=fact.until_ms,
        )
    )


def _party_invited(state: "State", fact: PartyInvited) -> None:
    contact = state.contact(fact.contact_id)
    state.put_contact(replace(contact, parties=(*contact.parties, fact.leg_id)))
    state.set_party(
        fact.leg_id,
        Party(
            leg_id=fact.leg_id,
            contact_id=fact.contact_id,
            node=fact.node,
            agent_id=fact.agent_id,
            device=fact.device,
            by=fact.by,
            state=PartyState.CALLED if fact.alone else PartyState.RINGING,
            invited_ms=fact.at_ms,
            since_ms=fact.at_ms,
            until_ms=fact.until_ms,
        ),
    )
    if fact.agent_id is not None:
        state.put_agent(replace(state.agent(fact.agent_id), party_leg=fact.leg_id))


def _party_moved(state: "State", fact: PartyMoved) -> None:
    party = state.party(fact.leg_id)
    after = next_party(party.leg_id, party.state, fact.trigger)
    answers = fact.trigger is Trigger.ANSWERED
    state.set_party(
        party.leg_id,
        replace(
            party,
            state=after,
            since_ms=fact.at_ms,
            until_ms=None if answers else party.until_ms,
            answered_ms=fact.at_ms if answers else party.answered_ms,
        ),
    )


def _party_ended(state: "State", fact: PartyEnded) -> None:
    party = state.party(fact.leg_id)
    next_party(party.leg_id, party.state, Trigger.ENDED)
    contact = state.contact(party.contact_id)
    state.put_contact(replace(contact, parties=tuple(leg for leg in contact.parties if leg != party.leg_id)))
    state.set_party(party.leg_id, None)
    if party.agent_id is not None:
        state.put_agent(replace(state.agent(party.agent_id), party_leg=None))


FOLDS: Final[Mapping[type[Fact], Callable[["State", Any], None]]] = {
    HandedOver: _handed_over,
    PartyInvited: _party_invited,
    PartyMoved: _party_moved,
    PartyEnded: _party_ended,
}
