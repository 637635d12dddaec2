"""Agents and callers for the end-to-end tests: as many agents as a test wants, and callers who wait or talk."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from cti.database import open_database
from cti.demo.agents import Agents, Span
from cti.demo.carrier import Call, Carrier, Order, Seen, Step, Who
from cti.domain.events import SkillLevel
from cti.domain.ids import AgentId, ProjectId, SkillId
from cti.home import DemoAgent
from cti.ports import Person, Role
from cti.store.directory import Directory
from tests.running import PATIENCE_S, RunningCentre

SUPPORT = "+78005550102"
SECRET = "a-long-enough-word"


async def hire(
    centre: RunningCentre,
    extensions: Sequence[str],
    *,
    project: str = "telecom",
    skill: str = "technical",
    role: Role = Role.AGENT,
) -> list[DemoAgent]:
    """Enter agents, of support if nothing is said, as `cti agent add` does; the engine takes them up by itself."""
    database = open_database(centre.home().database_url)
    try:
        directory = Directory(database)
        known = {person.login: person for person in await directory.everyone()}
        for extension in extensions:
            wanted = _person(extension, project=project, skill=skill, role=role)
            if (there := known.get(wanted.login)) is None:
                await directory.add(wanted, SECRET, actor="test", sip_secret=SECRET)
                continue
            was, is_to_be = ((one.project_ids, one.skills, one.role) for one in (there, wanted))
            assert was == is_to_be, (
                f"another test has hired {extension} for something else: take an extension of your own"
            )
    finally:
        await database.close()
    return [
        DemoAgent(login=f"hired{extension}", password=SECRET, extension=extension, sip_password=SECRET)
        for extension in extensions
    ]


def _person(extension: str, *, project: str, skill: str, role: Role) -> Person:
    return Person(
        agent_id=AgentId(""),
        login=f"hired{extension}",
        name=f"Hired {extension}",
        role=role,
        project_ids=(ProjectId(project),),
        extension=extension,
        language="en",
        skills=(SkillLevel(skill_id=SkillId(skill), level=5),),
        active=True,
    )


@dataclass
class Floor:
    """Callers and phones of one test, and all that the carrier saw of them."""

    carrier: Carrier
    agents: Agents
    seen: list[Seen] = field(default_factory=list)
    calls: list[Call] = field(default_factory=list)

    async def call(self, caller: str, to: str = SUPPORT, *, stay_s: float = 300, digits: str = "") -> Call:
        order = Order(label=self.carrier.label(), caller=caller, to=to, stay_s=stay_s, digits=digits)
        call = await self.carrier.place(order)
        self.calls.append(call)
        return call

    def callers(self, step: Step) -> list[str]:
        """Labels of the callers of whom this was seen, in order."""
        mine = {call.order.label for call in self.calls}
        return [seen.label for seen in self.seen if seen.who is Who.CALLER and seen.step is step and seen.label in mine]

    def phones(self, step: Step) -> list[str]:
        """Extensions of the phones of which this was seen, in order, repeats included."""
        return [
            seen.label
            for seen in self.seen
            if seen.who is Who.PHONE and seen.step is step and seen.label in self.agents.lines
        ]

    async def hang_up(self, calls: Sequence[Call]) -> None:
        await asyncio.gather(*(self.carrier.hang_up(call.order.label) for call in calls))
        async with asyncio.timeout(PATIENCE_S):
            await asyncio.gather(*(call.ended for call in calls))


@asynccontextmanager
async def floor(centre: RunningCentre, staff: Sequence[DemoAgent], *, talk_s: float = 0) -> AsyncIterator[Floor]:
    """Agents with phones, ready; `talk_s` 0 means that they talk until the caller hangs up."""
    async with Carrier(centre.home()) as carrier:
        agents = Agents(
            centre.endpoints().web,
            carrier,
            staff,
            ring=Span(shortest_s=0, longest_s=0),
            talk=Span(shortest_s=talk_s, longest_s=talk_s),
            wrap_s=0.1,
        )
        made = Floor(carrier=carrier, agents=agents)
        carrier.listen(made.seen.append)
        async with agents:
            yield made
            await made.hang_up([call for call in made.calls if not call.ended.done()])
