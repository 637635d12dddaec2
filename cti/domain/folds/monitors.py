"""What becomes of supervisors at others' talks. See `cti.domain.folds`."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final

from msgspec.structs import replace

from cti.domain.facts import Fact, MonitorCameIn, MonitorEnded, MonitorMoved, MonitorRung, MonitorWished
from cti.domain.monitor import Monitor
from cti.domain.party import Party
from cti.domain.states import MonitorState, PartyState, Trigger, next_monitor

if TYPE_CHECKING:
    from cti.domain.state import State


def _monitor_rung(state: "State", fact: MonitorRung) -> None:
    state.set_monitor(
        fact.leg_id,
        Monitor(
            leg_id=fact.leg_id,
            contact_id=fact.contact_id,
            assignment_id=fact.assignment_id,
            spied=fact.spied,
            node=fact.node,
            agent_id=fact.agent_id,
            device=fact.device,
            mode=fact.mode,
            state=MonitorState.RINGING,
            asked_ms=fact.at_ms,
            since_ms=fact.at_ms,
            until_ms=fact.until_ms,
        ),
    )
    state.put_agent(replace(state.agent(fact.agent_id), party_leg=fact.leg_id))


def _monitor_wished(state: "State", fact: MonitorWished) -> None:
    state.set_monitor(fact.leg_id, replace(state.monitor(fact.leg_id), mode=fact.mode))


def _monitor_moved(state: "State", fact: MonitorMoved) -> None:
    monitor = state.monitor(fact.leg_id)
    after = next_monitor(monitor.leg_id, monitor.state, fact.trigger)
    state.set_monitor(
        monitor.leg_id, replace(monitor, state=after, since_ms=fact.at_ms, until_ms=None, snoop=fact.snoop)
    )


def _monitor_came_in(state: "State", fact: MonitorCameIn) -> None:
    monitor = state.monitor(fact.leg_id)
    next_monitor(monitor.leg_id, monitor.state, Trigger.BARGED)
    contact = state.contact(monitor.contact_id)
    state.put_contact(replace(contact, parties=(*contact.parties, fact.leg_id)))
    state.set_monitor(fact.leg_id, None)
    state.set_party(
        fact.leg_id,
        Party(
            leg_id=fact.leg_id,
            contact_id=monitor.contact_id,
            node=monitor.node,
            agent_id=monitor.agent_id,
            device=monitor.device,
            by=monitor.assignment_id,
            state=PartyState.TOGETHER,
            invited_ms=monitor.asked_ms,
            since_ms=fact.at_ms,
            until_ms=None,
            answered_ms=fact.at_ms,
            uninvited=True,
        ),
    )


def _monitor_ended(state: "State", fact: MonitorEnded) -> None:
    monitor = state.monitor(fact.leg_id)
    next_monitor(monitor.leg_id, monitor.state, Trigger.ENDED)
    state.set_monitor(fact.leg_id, None)
    state.put_agent(replace(state.agent(monitor.agent_id), party_leg=None))


FOLDS: Final[Mapping[type[Fact], Callable[["State", Any], None]]] = {
    MonitorRung: _monitor_rung,
    MonitorWished: _monitor_wished,
    MonitorMoved: _monitor_moved,
    MonitorCameIn: _monitor_came_in,
    MonitorEnded: _monitor_ended,
}
