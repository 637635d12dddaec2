"""What pages show of supervisors at others' talks. Called by `cti.web.hub` and `board`."""

from typing import Final, assert_never, cast

from cti.domain import facts
from cti.domain.agent import Agent
from cti.domain.assignment import Assignment
from cti.domain.ids import AgentId, AssignmentId, ContactId, LegId, MonitorEnd, MonitorMode
from cti.domain.monitor import Monitor, of_talk
from cti.domain.party import Party
from cti.domain.state import State
from cti.domain.states import AssignmentState, MonitorState, PartyState
from cti.ports import Engine
from cti.web import monitor_messages, screens, words
from cti.web.monitor_messages import ListenerView, MonitorView
from cti.web.roster import Roster
from cti.web.screens import Screens

MonitorFact = facts.MonitorRung | facts.MonitorWished | facts.MonitorMoved | facts.MonitorCameIn | facts.MonitorEnded
_TALKING: Final = (AssignmentState.ACTIVE, AssignmentState.HELD)


class Listeners:
    """Remembers of each monitor what its last fact no longer says."""

    def __init__(self, *, roster: Roster, screens: Screens) -> None:
        self._roster = roster
        self._screens = screens
        self._known: dict[LegId, Monitor] = {}

    def start(self, state: State) -> None:
        """Those who listened before the engine started."""
        self._known = dict(state.monitors)

    def take(self, fact: MonitorFact, state: State) -> Monitor | None:
        """Whom the fact is about."""
        if isinstance(fact, facts.MonitorEnded | facts.MonitorCameIn):
            return self._known.pop(fact.leg_id, None)
        if isinstance(fact, facts.MonitorRung) and fact.leg_id not in state.monitors:
            return None
        found = state.monitors.get(fact.leg_id) or self._known.get(fact.leg_id)
        if found is not None:
            self._known[fact.leg_id] = found
        return found

    def of_supervisor(self, engine: Engine, agent: Agent, language: str) -> MonitorView | None:
        """The talk that he is at; None when at none."""
        leg_id = agent.party_leg
        monitor = engine.state.monitors.get(leg_id) if leg_id is not None else None
        if monitor is not None:
            return self._view(
                engine,
                monitor.contact_id,
                monitor.assignment_id,
                language=language,
                state=_state(monitor),
                mode=monitor.mode if monitor.state is MonitorState.RINGING else _mode(monitor),
                since_ms=monitor.since_ms,
                until_ms=monitor.until_ms,
            )
        party = engine.state.parties.get(leg_id) if leg_id is not None else None
        if party is None or not party.uninvited:
            return None
        leads = party.state is PartyState.LEADING
        return self._view(
            engine,
            party.contact_id,
            party.by,
            language=language,
            state="leading" if leads else "together",
            mode=MonitorMode.TAKE_OVER if leads else MonitorMode.BARGE,
            since_ms=party.since_ms,
            until_ms=None,
        )

    def _view(
        self,
        engine: Engine,
        contact_id: ContactId,
        assignment_id: AssignmentId,
        *,
        language: str,
        state: monitor_messages.MonitorState,
        mode: MonitorMode,
        since_ms: int,
        until_ms: int | None,
    ) -> MonitorView:
        contact = engine.state.contacts[contact_id]
        known = engine.particulars(contact_id)
        assignment = engine.state.assignments.get(assignment_id)
        agent_id = assignment.agent_id if assignment is not None else AgentId("")
        return MonitorView(
            contact_id=contact_id,
            agent_id=agent_id,
            agent=name_of(self._roster, agent_id),
            queue=self._screens.queue_name(contact.queue_id, language),
            name=screens.text(known.name) if known is not None else "",
            address=screens.address(known.address) if known is not None else "",
            state=state,
            mode=mode,
            since_ms=since_ms,
            until_ms=until_ms,
        )

    def told_agent(self, state: State, assignment: Assignment) -> list[ListenerView]:
        """What the agent is shown of those at his talk; whoever came in is one of its parties."""
        return [
            _listener(self._roster, monitor)
            for monitor in of_talk(state.monitors.values(), assignment.id)
            if monitor.state is MonitorState.COACHING
            or (monitor.state is MonitorState.LISTENING and self._screens.tells_agents)
        ]

    def ended(self, fact: MonitorFact, language: str) -> monitor_messages.MonitorEnded | None:
        """What the supervisor is told; None when it was his own doing."""
        if not isinstance(fact, facts.MonitorEnded):
            return None
        match fact.how:
            case MonitorEnd.LEFT:
                return None
            case MonitorEnd.MISSED:
                code = "monitor_missed"
            case MonitorEnd.LOST:
                code = "monitor_lost"
            case MonitorEnd.OVER:
                code = "monitor_over"
            case _:
                assert_never(fact.how)
        return monitor_messages.MonitorEnded(sentence=words.progress(code, words.language_of(language)))


def listeners(state: State, roster: Roster, assignment: Assignment) -> list[ListenerView]:
    """All supervisors at this agent's talk, or rung for it; for other supervisors."""
    came_in = (state.parties[leg] for leg in state.contact_of(assignment).parties if leg in state.parties)
    return [
        *(_listener(roster, monitor) for monitor in of_talk(state.monitors.values(), assignment.id)),
        *(_in_talk(roster, party) for party in came_in if party.uninvited and party.by == assignment.id),
    ]


def talk_of(state: State, assignment: Assignment | None) -> ContactId | None:
    """The contact whose talk can be listened to there; None when there is none."""
    if assignment is None or assignment.state not in _TALKING or assignment.leg_id is None:
        return None
    contact = state.contact_of(assignment)
    return contact.id if contact.leg_id is not None else None


def name_of(roster: Roster, agent_id: AgentId) -> str:
    """His name; the id of one whom the directory has no more."""
    person = roster.persons.get(agent_id)
    return person.name if person is not None else agent_id


def _listener(roster: Roster, monitor: Monitor) -> ListenerView:
    return ListenerView(agent_id=monitor.agent_id, name=name_of(roster, monitor.agent_id), state=_state(monitor))


def _in_talk(roster: Roster, party: Party) -> ListenerView:
    agent_id = party.agent_id or AgentId("")
    return ListenerView(agent_id=agent_id, name=name_of(roster, agent_id), state="together")


def _state(monitor: Monitor) -> monitor_messages.MonitorState:
    return cast("monitor_messages.MonitorState", str(monitor.state))


def _mode(monitor: Monitor) -> MonitorMode:
    return MonitorMode.COACH if monitor.state is MonitorState.COACHING else MonitorMode.LISTEN
