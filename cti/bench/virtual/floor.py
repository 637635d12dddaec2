"""Agents who take up whatever they are offered and finish it, each act as his desktop sends it.

An act is not sent before the one before it was answered, which is when it is on disk: so says the API. No page is open
and no HTTP is spoken. The hub tells of decisions (`Hub.followers`), as it tells pages.
"""

import asyncio
from collections.abc import Sequence
from typing import Final

from cti.domain.acd import Decision
from cti.domain.events import (
    AgentBecameReady,
    AgentSignedIn,
    DesktopConnected,
    HangUpRequested,
    OfferAccepted,
    PhoneReachable,
    PopShown,
    SkillLevel,
    WrapUpFinished,
)
from cti.domain.facts import AssignmentOffered, ContactClosed
from cti.domain.ids import AgentId, AssignmentId, Device, DispositionId, Milliseconds, ProjectId, SkillId
from cti.engine.engine import Engine
from cti.ports import Person, Role

AGENTS: Final = 200
PROJECT: Final = ProjectId("telecom")
CAPACITY: Final = "desk"
"""Of the demo's centre file: two letters, two chats or two messages at once."""
_DONE: Final = DispositionId("resolved")


def staff() -> Sequence[Person]:
    """The agents, as a directory would tell of them."""
    return [
        Person(
            agent_id=AgentId(f"u{number}"),
            login=f"agent{number}",
            name=f"Agent {number}",
            role=Role.AGENT,
            project_ids=(PROJECT,),
            extension=str(1000 + number),
            language="en",
            skills=(SkillLevel(skill_id=SkillId("technical"), level=5),),
            active=True,
            capacity=CAPACITY,
        )
        for number in range(AGENTS)
    ]


class Floor:
    """The agents of one engine."""

    def __init__(self) -> None:
        self.closed = 0
        """Contacts that are over."""
        self.finishing = asyncio.Event()
        """Cleared, everybody is at work on what he has taken, and finishes nothing; set, nobody needs any time."""
        self.finishing.set()
        self._engine: Engine | None = None
        self._working: set[asyncio.Task[None]] = set()
        self._some_closed = asyncio.Event()

    async def sign_in(self, engine: Engine) -> None:
        """All of them are ready from now on."""
        self._engine = engine
        for person in staff():
            who = person.agent_id
            await asyncio.gather(
                engine.handle(AgentSignedIn(agent_id=who, device=Device.SIP)),
                engine.handle(PhoneReachable(agent_id=who, device=Device.SIP)),
                engine.handle(DesktopConnected(agent_id=who)),
                engine.handle(AgentBecameReady(agent_id=who)),
            )

    def decided(self, decision: Decision, _now: Milliseconds) -> None:
        """As a follower of the hub."""
        for fact in decision.facts:
            if isinstance(fact, AssignmentOffered):
                self._start_work(fact.assignment_id)
            elif isinstance(fact, ContactClosed):
                self.closed += 1
                self._some_closed.set()

    async def until_closed(self, number: int) -> None:
        """Return when so many contacts are over."""
        while self.closed < number:
            self._some_closed.clear()
            await self._some_closed.wait()

    def _start_work(self, assignment_id: AssignmentId) -> None:
        task = asyncio.get_running_loop().create_task(self._work(assignment_id))
        self._working.add(task)
        task.add_done_callback(self._working.discard)

    async def _work(self, assignment_id: AssignmentId) -> None:
        assert self._engine is not None
        await self._engine.handle(PopShown(assignment_id=assignment_id))
        await self._engine.handle(OfferAccepted(assignment_id=assignment_id))
        await self.finishing.wait()
        await self._engine.handle(HangUpRequested(assignment_id=assignment_id))
        await self._engine.handle(WrapUpFinished(assignment_id=assignment_id, disposition=_DONE))
