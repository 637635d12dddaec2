"""Who is at work on what the switch cannot see: a device state beside his phones', for colleagues and static queues.

Theory of operation. A phone in a talk is busy by itself. Work on a contact without a channel, wrap-up, and a talk whose
leg was lost are not: for these `Stasis:agent-101` is INUSE, and the hints of the dialplan put it together with the
phones (`cti.dialplan.hints`). States are set behind the decisions, what changed within a moment at once, and compared
with the switch's after each connect: Asterisk keeps them over its own restart and over ours. At an orderly end
everybody is free.
"""

import asyncio
import logging
from collections.abc import Callable, Iterable
from typing import Final

from cti.asterisk.ari import DeviceStates
from cti.domain import facts
from cti.domain.assignment import Assignment
from cti.domain.facts import Fact
from cti.domain.ids import AgentId, AssignmentId, Medium
from cti.domain.state import State
from cti.domain.states import AssignmentState
from cti.errors import OutsideError
from cti.variables import agent_endpoint

log = logging.getLogger(__name__)

GATHER_S: Final = 0.2
_RETRY_S: Final = 5.0
_TALKS: Final = frozenset({Medium.VOICE, Medium.CALLBACK})
_ON_A_LEG: Final = frozenset({AssignmentState.OFFERED, AssignmentState.ACTIVE, AssignmentState.HELD})
"""States of a talk in which a leg of the agent's rings or stands."""
_CHANGING: Final = (
    facts.AssignmentOffered,
    facts.AssignmentStarted,
    facts.AssignmentPaused,
    facts.AssignmentUnpaused,
    facts.AgentLegLost,
    facts.AgentRung,
    facts.WrapUpStarted,
    facts.OfferEnded,
    facts.AssignmentClosed,
)


class Occupation:
    """One node's. `extension` is an agent's; None when he has none."""

    def __init__(self, states: DeviceStates, *, extension: Callable[[AgentId], str | None]) -> None:
        self._states = states
        self._extension = extension
        self._agents: dict[AssignmentId, AgentId] = {}
        self._busy: dict[str, bool] = {}
        """What the switch is to say, by device."""
        self._said: dict[str, bool] = {}
        """What it said, or was told, last."""
        self._changed = asyncio.Event()
        self._started = asyncio.Event()
        self._compare = True

    def start(self, state: State) -> None:
        """As things stand when the engine starts."""
        self._agents = {found.id: found.agent_id for found in state.assignments.values()}
        for agent_id in dict.fromkeys(self._agents.values()):
            self._look(state, agent_id)
        self._started.set()
        self._changed.set()

    def note(self, decided: Iterable[Fact], state: State) -> None:
        """A decision was made; `state` is what came of it. On the loop; never waits."""
        for fact in decided:
            if not isinstance(fact, _CHANGING):
                continue
            if isinstance(fact, facts.AssignmentOffered):
                self._agents[fact.assignment_id] = fact.agent_id
            agent_id = self._agents.get(fact.assignment_id)
            if isinstance(fact, facts.AssignmentClosed | facts.OfferEnded):
                self._agents.pop(fact.assignment_id, None)
            if agent_id is not None:
                self._look(state, agent_id)

    def reconnected(self) -> None:
        """The switch may say something else than it was told."""
        self._compare = True
        self._changed.set()

    async def run(self) -> None:
        """Keep the switch told, once it is known how things stand; returns only by being cancelled."""
        await self._started.wait()
        while True:
            await self._changed.wait()
            await asyncio.sleep(GATHER_S)
            self._changed.clear()
            try:
                await self._tell()
            except OutsideError as error:
                log.info("device states wait: %s", type(error).__name__, extra={"action": "occupation_waits"})
                self._compare = True
                await asyncio.sleep(_RETRY_S)
                self._changed.set()

    async def free_all(self) -> None:
        """Nobody is at work while the engine is away: else his phone would stay silent. Raises OutsideError."""
        self._busy = dict.fromkeys(self._busy, False)
        await self._tell()

    async def _tell(self) -> None:
        if self._compare:
            self._compare = False
            listed = await self._states.list()
            self._said = {name: state == "INUSE" for name, state in listed.items() if _is_ours(name)}
            self._busy = {**dict.fromkeys(self._said, False), **self._busy}
        for name, busy in list(self._busy.items()):
            if self._said.get(name, False) is not busy:
                await self._states.update(name, "INUSE" if busy else "NOT_INUSE")
                self._said[name] = busy

    def _look(self, state: State, agent_id: AgentId) -> None:
        extension, agent = self._extension(agent_id), state.agents.get(agent_id)
        if extension is None:
            return
        held = agent.assignment_ids if agent is not None else ()
        busy = any(_hides(found) for key in held if (found := state.assignments.get(key)) is not None)
        name = f"Stasis:{agent_endpoint(extension)}"
        if self._busy.get(name, False) is not busy:
            self._busy[name] = busy
            self._changed.set()


def _hides(assignment: Assignment) -> bool:
    """Whether the agent is at work though no phone of his shows it."""
    on_a_leg = assignment.medium in _TALKS and assignment.state in _ON_A_LEG and assignment.leg_id is not None
    is_offered = assignment.medium in _TALKS and assignment.state is AssignmentState.OFFERED
    return not (on_a_leg or is_offered)


def _is_ours(name: str) -> bool:
    return name.startswith(f"Stasis:{agent_endpoint('')}")
