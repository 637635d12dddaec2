"""The invariants of the ACD by their plain definitions: slow, and without a look at its indexes.

Called by `cti.testing.scenario` after each step, and by the tests of random days.
"""

from collections.abc import Iterable, Mapping
from itertools import permutations

from cti.domain import capacity
from cti.domain.agent import Agent, counted, open_media
from cti.domain.assignment import is_desk_work
from cti.domain.contact import Contact
from cti.domain.ids import AssignmentId, ContactId, Medium
from cti.domain.monitors import MOST_MONITORS
from cti.domain.party import IN_TALK, RINGING
from cti.domain.queue import ring_of, rings
from cti.domain.state import State
from cti.domain.states import AssignmentState, ContactState, MonitorState, PartyState
from cti.domain.waiting import is_present

_CONTACT_STATES: Mapping[AssignmentState, ContactState] = {
    AssignmentState.OFFERED: ContactState.OFFERED,
    AssignmentState.ACTIVE: ContactState.ACTIVE,
    AssignmentState.HELD: ContactState.ACTIVE,
    AssignmentState.PAUSED: ContactState.ACTIVE,
    AssignmentState.REJOINING: ContactState.ACTIVE,
    AssignmentState.WRAP_UP: ContactState.WRAP_UP,
}


def broken_invariants(state: State) -> list[str]:
    """Sentences about all that is wrong with a state between two events; empty when it is sound.

    One owner a contact, both sides agreeing; its project that of its queue; capacity kept, and nothing interrupted
    longer than need be; every waiting state bounded by a deadline, nobody kept for one who is away, nothing left out of
    its plan; no idle pair.
    """
    return [
        *_broken_contacts(state),
        *_broken_assignments(state),
        *_broken_parties(state),
        *_broken_monitors(state),
        *_broken_agents(state),
        *_broken_waits(state),
        *_broken_indexes(state),
        *_broken_campaigns(state),
        *_idle_pairs(state),
    ]


def _broken_contacts(state: State) -> Iterable[str]:
    owners: dict[ContactId, list[AssignmentId]] = {}
    for assignment in state.assignments.values():
        if not assignment.handed_over:
            owners.setdefault(assignment.contact_id, []).append(assignment.id)
    for contact in state.contacts.values():
        expected = [] if contact.assignment_id is None else [contact.assignment_id]
        if owners.pop(contact.id, []) != expected:
            yield f"{contact.id} does not agree with its assignments"
        parked = contact.state is ContactState.PARKED
        has_nobody = contact.assignment_id is None and not _is_led(state, contact) and not parked
        if parked != (contact.slot is not None) or parked != (contact.parked_until_ms is not None):
            yield f"{contact.id} is {contact.state} at the place {contact.slot}"
        if (contact.state is ContactState.WAITING) != has_nobody:
            yield f"{contact.id} is {contact.state} with assignment {contact.assignment_id}"
        if contact.outbound and contact.leg_id is None and contact.state is ContactState.WAITING:
            yield f"{contact.id} waits for anybody, though one agent asked for the call"
        if contact.project_id != state.queues[contact.queue_id].rules.project_id:
            yield f"{contact.id} of {contact.project_id} is in the queue {contact.queue_id} of another project"
    taken = [contact.slot for contact in state.contacts.values() if contact.slot is not None]
    if len(set(taken)) < len(taken):
        yield f"two are parked at one place: {sorted(taken)}"
    yield from (f"assignments {held} of the unknown {contact_id}" for contact_id, held in owners.items())


def _is_led(state: State, contact: Contact) -> bool:
    """Whether somebody other than an agent has it, or is rung for it."""
    if contact.state is not ContactState.ACTIVE or contact.assignment_id is not None:
        return False
    leading = [state.parties[leg].state in (PartyState.LEADING, PartyState.CALLED) for leg in contact.parties]
    return leading.count(True) == 1


def _broken_parties(state: State) -> Iterable[str]:
    listed = [leg_id for contact in state.contacts.values() for leg_id in contact.parties]
    if sorted(listed) != sorted(state.parties):
        yield f"contacts list {listed}, but there are {sorted(state.parties)}"
    for party in state.parties.values():
        contact = state.contacts.get(party.contact_id)
        if contact is None or contact.state is not ContactState.ACTIVE or contact.leg_id is None:
            yield f"{party.leg_id} is in a talk that is none"
            continue
        if (party.state in RINGING) != (party.until_ms is not None):
            yield f"{party.leg_id} is {party.state} until {party.until_ms}"
        owner = state.assignments.get(contact.assignment_id) if contact.assignment_id is not None else None
        if party.state in (PartyState.LEADING, PartyState.CALLED):
            if owner is not None:
                yield f"{party.leg_id} leads the talk of {owner.id}"
        elif owner is None and party.state is not PartyState.TOGETHER:
            yield f"{party.leg_id} is {party.state}, and the agent who asked him is gone"
        if party.state is PartyState.ASIDE and owner is not None and owner.state is not AssignmentState.HELD:
            yield f"{party.leg_id} is aside with {owner.id}, who is {owner.state}"
        others = [state.parties[leg].state for leg in contact.parties]
        if sum(state not in IN_TALK for state in others) > 1:
            yield f"{contact.id} has more than one outside its talk: {others}"
    asked = {party.leg_id: party.agent_id for party in state.parties.values() if party.agent_id is not None}
    asked |= {monitor.leg_id: monitor.agent_id for monitor in state.monitors.values()}
    told = {agent.party_leg: agent.id for agent in state.agents.values() if agent.party_leg is not None}
    if asked != told:
        yield f"parties are {asked}, agents say {told}"


def _broken_monitors(state: State) -> Iterable[str]:
    at: dict[AssignmentId, int] = {}
    for monitor in state.monitors.values():
        at[monitor.assignment_id] = at.get(monitor.assignment_id, 0) + 1
        held = state.assignments.get(monitor.assignment_id)
        talks = held is not None and held.state in (AssignmentState.ACTIVE, AssignmentState.HELD)
        if held is None or not talks or held.leg_id != monitor.spied or held.contact_id != monitor.contact_id:
            yield f"{monitor.leg_id} is at a talk that is none"
        if (monitor.state is MonitorState.RINGING) != (monitor.until_ms is not None):
            yield f"{monitor.leg_id} is {monitor.state} until {monitor.until_ms}"
        if (monitor.state is MonitorState.RINGING) != (monitor.snoop is None):
            yield f"{monitor.leg_id} is {monitor.state} and hears by {monitor.snoop}"
    if any(count > MOST_MONITORS for count in at.values()):
        yield f"too many are at one talk: {at}"


def _broken_assignments(state: State) -> Iterable[str]:
    for assignment in state.assignments.values():
        contact = state.contacts.get(assignment.contact_id)
        if assignment.handed_over:
            if assignment.state is not AssignmentState.WRAP_UP:
                yield f"{assignment.id} was handed over and is {assignment.state}"
        elif contact is None or contact.state is not _CONTACT_STATES[assignment.state]:
            yield f"{assignment.id} is {assignment.state} but its contact is not"
        deadlines = {
            AssignmentState.OFFERED: assignment.pop_until_ms or assignment.ring_until_ms or assignment.lease_until_ms,
            AssignmentState.REJOINING: assignment.rejoin_until_ms,
            AssignmentState.WRAP_UP: assignment.wrap_up_until_ms,
        }
        if deadlines.get(assignment.state, 1) is None:
            yield f"{assignment.id} is {assignment.state} without a deadline"
        offered = assignment.state is AssignmentState.OFFERED
        agent = state.agents[assignment.agent_id]
        if is_desk_work(assignment) and not agent.desktop and agent.desk_until_ms is None:
            yield f"{assignment.id} is in the hands of {agent.id}, who has no desktop and no deadline"
        if is_desk_work(assignment) and agent.removed:
            yield f"{assignment.id} is in the hands of {agent.id}, who is removed"
        if offered and (assignment.ring_until_ms or 0) >= assignment.lease_until_ms:
            yield f"{assignment.id} rings longer than its lease"


def _broken_agents(state: State) -> Iterable[str]:
    held = {agent.id: agent.assignment_ids for agent in state.agents.values()}
    for agent in state.agents.values():
        media: tuple[Medium, ...] = ()
        for medium in counted(agent):
            if not capacity.accepts(agent.capacity, media, medium) and not _accepts_in_some_order(agent):
                yield f"{agent.id} holds more than he can: {agent.active}"
            media = (*media, medium)
        if len(agent.active) != len(agent.assignment_ids):
            yield f"{agent.id} counts {agent.active} for {agent.assignment_ids}"
        if agent.leaving and not agent.assignment_ids and agent.reserved_for is None and agent.party_leg is None:
            yield f"{agent.id} is leaving with nothing left to finish"
        yield from _broken_pauses(state, agent)
    for assignment in state.assignments.values():
        if assignment.id not in held[assignment.agent_id]:
            yield f"{assignment.agent_id} does not know of {assignment.id}"
    if sum(map(len, held.values())) != len(state.assignments):
        yield "agents hold assignments that are no more"


def _broken_pauses(state: State, agent: Agent) -> Iterable[str]:
    for assignment_id in agent.paused:
        assignment = state.assignments.get(assignment_id)
        if assignment is None or assignment.state not in (AssignmentState.PAUSED, AssignmentState.WRAP_UP):
            yield f"{assignment_id} counts as interrupted and is not"
        elif assignment.state is AssignmentState.PAUSED and _may_go_on(agent, assignment.medium):
            yield f"{assignment_id} is interrupted, though nothing keeps {agent.id} from it"
    for assignment_id in agent.assignment_ids:
        paused = state.assignments[assignment_id].state is AssignmentState.PAUSED
        if paused and assignment_id not in agent.paused:
            yield f"{assignment_id} is interrupted and counts"


def _may_go_on(agent: Agent, medium: Medium) -> bool:
    """Whether interrupted work fits, and nothing is left that may interrupt it."""
    held = counted(agent)
    urgent = {interrupt.by for interrupt in agent.capacity.interrupts if interrupt.pauses is medium}
    return capacity.accepts(agent.capacity, held, medium) and not urgent.intersection(held)


def _broken_waits(state: State) -> Iterable[str]:
    for contact in state.contacts.values():
        if contact.state is not ContactState.WAITING:
            continue
        rules = state.queues[contact.queue_id].rules
        if contact.asleep_until_ms is not None:
            if contact.medium is not Medium.CALLBACK or contact.leg_id is not None:
                yield f"{contact.id} sleeps, and its customer is on the line"
            continue
        is_stepped = any(step.every_ms or step.after_ms > contact.stepped_ms for step in rules.steps)
        if is_stepped and contact.next_step_ms is None:
            yield f"{contact.id} has steps before it and no plan"
        if rules.urgency_ms > 0 and not contact.urged and contact.urgent_ms is None:
            yield f"{contact.id} will never be urgent"
        if contact.held_until_ms is not None and not any(
            is_present(state, agent_id, contact.medium) for agent_id in contact.preferred
        ):
            yield f"{contact.id} is kept for somebody who is away"


def _accepts_in_some_order(agent: Agent) -> bool:
    """Exclusions may hold one way only, so what he holds was perhaps taken in another order than it stands."""
    return any(
        all(capacity.accepts(agent.capacity, order[:at], medium) for at, medium in enumerate(order))
        for order in permutations(counted(agent))
    )


def _broken_indexes(state: State) -> Iterable[str]:
    contact_legs = {contact.leg_id: contact.id for contact in state.contacts.values() if contact.leg_id is not None}
    if contact_legs != state.contact_by_leg:
        yield "contact_by_leg is not what the contacts say"
    agent_legs = {held.leg_id: held.id for held in state.assignments.values() if held.leg_id is not None}
    if agent_legs != state.assignment_by_leg:
        yield "assignment_by_leg is not what the assignments say"
    callbacks = {
        contact.address_key: contact.id
        for contact in state.contacts.values()
        if contact.medium is Medium.CALLBACK and contact.address_key and contact.state is not ContactState.WRAP_UP
    }
    if callbacks != state.callbacks:
        yield "callbacks is not what the contacts say"
    parked = {contact.slot: contact.id for contact in state.contacts.values() if contact.slot is not None}
    if parked != state.parked:
        yield "parked is not what the contacts say"
    for queue_id in state.queues:
        waits = sum(
            contact.queue_id == queue_id and contact.state is ContactState.WAITING
            for contact in state.contacts.values()
        )
        if waits != state.waiting(queue_id):
            yield f"{queue_id} counts {state.waiting(queue_id)} waiting, but {waits} wait"


def _broken_campaigns(state: State) -> Iterable[str]:
    """Who is kept for a campaign, who is dialled for it, and who stands in line: each once."""
    for campaign in state.campaigns.values():
        kept = {agent.id for agent in state.agents.values() if agent.reserved_for == campaign.id}
        if kept != set(campaign.reserved) or len(kept) != len(campaign.reserved):
            yield f"{campaign.id} keeps {campaign.reserved}, but the agents say {kept}"
        tried = [dial.lead.lead_id for dial in state.dials.values() if dial.campaign_id == campaign.id]
        named = [*tried, *(lead.lead_id for lead in campaign.leads)]
        if len(named) != len(set(named)):
            yield f"{campaign.id} has a lead twice: {named}"
    for dial in state.dials.values():
        contact = state.contacts.get(dial.contact_id) if dial.contact_id is not None else None
        if dial.contact_id is not None and contact is None:
            yield f"{dial.id} goes on, and its contact is over"
        if dial.leg_id is not None and dial.until_ms is None:
            yield f"{dial.id} has no deadline"
    for agent in state.agents.values():
        if agent.line_leg is not None and not agent.line_up and agent.line_until_ms is None:
            yield f"{agent.id} is rung for a line without a deadline"
        if agent.reserved_for is not None and not agent.line_up:
            yield f"{agent.id} is kept for {agent.reserved_for} without a line"
    lines = {agent.line_leg: agent.id for agent in state.agents.values() if agent.line_leg is not None}
    if lines != state.line_by_leg:
        yield "line_by_leg is not what the agents say"
    legs = {dial.leg_id: dial.id for dial in state.dials.values() if dial.leg_id is not None}
    contacts = {dial.contact_id: dial.id for dial in state.dials.values() if dial.contact_id is not None}
    if (legs, contacts) != (state.dial_by_leg, state.dial_by_contact):
        yield "the dials are not where they are looked up"


def _idle_pairs(state: State) -> Iterable[str]:
    """By the plain definition, without the index."""

    free = [agent for agent in state.agents.values() if open_media(agent)]
    if not free:
        return
    for contact in state.contacts.values():
        node = state.nodes.get(contact.node) if contact.node is not None else None
        if contact.state is not ContactState.WAITING or (node is not None and node.lost):
            continue
        if contact.asleep_until_ms is not None:
            continue
        for agent in free:
            if can_take(state, agent, contact):
                yield f"{agent.id} is idle while {contact.id} waits for him"


def can_take(state: State, agent: Agent, contact: Contact) -> bool:
    """Whether the agent could be offered the waiting contact now: every predicate, by the plain definition."""
    rules = state.queues[contact.queue_id].rules
    if contact.held_until_ms is not None and agent.id not in contact.preferred:
        return False
    if not open_media(agent) & capacity.BIT[contact.medium] or rules.project_id not in agent.project_ids:
        return False
    asked = rings(rules, contact)
    return (
        ring_of(asked, agent.skills, site_id=agent.site_id, project_ids=agent.project_ids, tier=contact.tier)
        is not None
    )
