"""A floor that dials: a real `Acd` with agents who stay connected, and a projector as far behind as a test wants.

What is durable of the journal is said by the test too, so that a death of the process loses what was not.
"""

from dataclasses import dataclass, field
from functools import partial

from cti import rules
from cti.campaigns.feeder import Feeder
from cti.campaigns.pace import Pace
from cti.config import Centre
from cti.database import Database
from cti.domain.acd import Acd, Decision
from cti.domain.events import (
    AgentBecameReady,
    AgentEnrolled,
    AgentSignedIn,
    CalleeAnswered,
    CalleeFailed,
    CampaignStarted,
    DesktopConnected,
    Event,
    LineAnswered,
    LineWanted,
    PhoneReachable,
    SkillLevel,
    SwitchReturned,
)
from cti.domain.facts import Fact, LeadDialled
from cti.domain.ids import (
    AgentId,
    CampaignId,
    Device,
    LeadId,
    LegCause,
    NodeId,
    ProjectId,
    SkillId,
)
from cti.domain.state import State
from cti.ports import Entry
from cti.store import projection
from cti.store.leads import StoredLeads
from cti.testing import ManualClock

NODE = NodeId("n1")
SPRING = CampaignId("spring")
TELECOM = ProjectId("telecom")
NOON_MS = 1_700_038_800_000
"""12:00 in Moscow on a Wednesday."""


@dataclass
class Floor:
    """The `ports.Engine` that a feeder needs."""

    database: Database
    centre: Centre
    acd: Acd = field(default_factory=Acd)
    clock: ManualClock = field(default_factory=lambda: ManualClock(NOON_MS))
    entries: list[Entry] = field(default_factory=list)
    projected: int = 0
    switch_up: bool = True

    def __post_init__(self) -> None:
        self.leads = StoredLeads(self.database)
        self.new_feeder()

    def new_feeder(self) -> None:
        """As a process that has just begun has it."""
        self.feeder = Feeder(
            leads=self.leads,
            centre=self.centre,
            reached=self.reached,
            address_key=lambda project, number: f"key of {len(number)} {project}",
            pace=Pace(),
        )

    def open(self, *, agents: int = 0) -> None:
        """Rules are known and the campaign is started; so many agents are there and stay connected."""
        self.do(SwitchReturned(node=NODE))
        for event in (*rules.events(self.centre), *rules.campaigns(self.centre)):
            self.do(event)
        self.do(CampaignStarted(campaign_id=SPRING))
        for number in range(1, agents + 1):
            self.agent(AgentId(f"u{number}"))

    def agent(self, agent_id: AgentId) -> None:
        skills = (SkillLevel(skill_id=SkillId("sales"), level=5),)
        self.do(AgentEnrolled(agent_id=agent_id, project_ids=(TELECOM,), skills=skills))
        self.do(AgentSignedIn(agent_id=agent_id, device=Device.SIP))
        self.do(PhoneReachable(agent_id=agent_id, device=Device.SIP))
        self.do(DesktopConnected(agent_id=agent_id))
        self.do(AgentBecameReady(agent_id=agent_id))
        self.do(LineWanted(agent_id=agent_id, wanted=True))
        leg_id = self.state.agents[agent_id].line_leg
        assert leg_id is not None
        self.do(LineAnswered(agent_id=agent_id, leg_id=leg_id, node=NODE))

    # -- ports.Engine --------------------------------------------------------------------------------------------------

    @property
    def state(self) -> State:
        return self.acd.state

    def now(self) -> int:
        return self.clock.now()

    def do(self, event: Event) -> Decision:
        decision = self.acd.handle(event, self.now())
        self.entries.append(
            Entry(number=decision.number, at_ms=self.now(), event=event, facts=decision.facts, refused=None)
        )
        return decision

    async def handle(self, event: Event) -> Decision:
        return self.do(event)

    # -- the history ---------------------------------------------------------------------------------------------------

    async def project(self, until: int) -> None:
        """Bring the tables up to that entry, never back."""
        for entry in self.entries:
            if self.projected < entry.number <= until:
                await self.database.write(partial(projection.apply, entry=entry))
                self.projected = entry.number

    async def reached(self, number: int) -> None:
        await self.project(number)

    # -- what happens --------------------------------------------------------------------------------------------------

    async def feed(self, *, after_ms: int = 6_000) -> None:
        self.clock.advance(ms=after_ms)
        await self.feeder.tend(self, SPRING)  # type: ignore[arg-type]  # no more of an engine is asked

    @property
    def in_line(self) -> list[LeadId]:
        return [lead.lead_id for lead in self.state.campaigns[SPRING].leads]

    @property
    def dialled(self) -> list[LeadId]:
        """Every dial of the journal, in order."""
        return [fact.lead.lead_id for entry in self.entries for fact in entry.facts if isinstance(fact, LeadDialled)]

    def facts(self, kind: type[Fact]) -> list[Fact]:
        return [fact for entry in self.entries for fact in entry.facts if isinstance(fact, kind)]

    def fail(self, lead_id: LeadId, cause: LegCause) -> None:
        dial = next(dial for dial in self.state.dials.values() if dial.lead.lead_id == lead_id)
        assert dial.leg_id is not None
        self.do(CalleeFailed(dial_id=dial.id, leg_id=dial.leg_id, cause=cause))

    def answer(self, lead_id: LeadId) -> None:
        dial = next(dial for dial in self.state.dials.values() if dial.lead.lead_id == lead_id)
        assert dial.leg_id is not None
        self.do(CalleeAnswered(dial_id=dial.id, leg_id=dial.leg_id, node=NODE))

    def die(self, *, durable: int) -> None:
        """The process is gone, and all of the journal that was not durable; a new one has folded the rest."""
        assert durable >= self.projected, "the history holds durable entries only"
        self.entries = [entry for entry in self.entries if entry.number <= durable]
        self.acd = Acd()
        for entry in self.entries:
            self.acd.fold(entry.number, entry.facts)
        self.new_feeder()
