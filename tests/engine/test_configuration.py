"""What the engine tells the ACD at its start and when the directory changes: the rules of the centre, who is who."""

import asyncio
from dataclasses import replace

from msgspec import structs

from cti import rules
from cti.domain.acd import Decision
from cti.domain.events import AgentEnrolled, HoursSet, LegEnded, QueueOpened
from cti.domain.ids import AgentId, HoursId, LegCause, LegId, Milliseconds, ProjectId, QueueId, SiteId
from cti.engine.engine import Engine
from cti.ports import Entry, Person
from tests.config.centres import demo
from tests.engine.world import MemoryJournal, MemoryKeeper
from tests.running import PATIENCE_S
from tests.test_rules import person


class TwiceOwnedJournal(MemoryJournal):
    """Lets numbers begin anew at a distance, as a second engine's do."""

    def append(self, entry: Entry) -> None:
        assert entry.number > self.last_number
        self.written.append(entry)


class NoDesktops:
    """`ports.Desktops` of a centre where nobody looks."""

    def expect(self, address: str, *, project_id: ProjectId) -> None:
        pass

    def decided(self, decision: Decision, now: Milliseconds) -> None:
        pass

    def is_connected(self, agent_id: AgentId) -> bool:
        return False

    def switch_changed(self, *, up: bool) -> None:
        pass


async def started(journal: MemoryJournal, *people: Person) -> Engine:
    """An engine on this journal with the demo's rules, all that it says at the start decided."""
    engine = Engine(
        rules=rules.events(demo()),
        switches={},
        journal=journal,
        desktops=NoDesktops(),
        keeper=MemoryKeeper(),
        enrolled=rules.enrolment(demo()),
    )
    await engine.start(persons=people, phones=())
    await decided(engine)
    return engine


async def decided(engine: Engine) -> None:
    """All that was posted before is decided when this, which changes nothing, is."""
    async with asyncio.timeout(PATIENCE_S):
        await engine.handle(LegEnded(leg_id=LegId("nobody's"), cause=LegCause.NORMAL))


VERA = person(capacity="blended", site="moscow")


async def test_hours_and_queues_are_told_once_and_not_again_at_the_next_start() -> None:
    journal = TwiceOwnedJournal()
    engine = await started(journal)
    assert engine.state.hours[HoursId("clinic")] == rules.hours_set(demo().hours["clinic"])
    assert engine.state.queues[QueueId("sales")].rules == rules.queue_opened(demo().queues["sales"])
    told = [entry.event for entry in journal.written if isinstance(entry.event, HoursSet | QueueOpened)]
    assert tuple(told) == rules.events(demo())
    assert all(entry.refused is None for entry in journal.written)
    await engine.stop()
    again = await started(journal)
    assert sum(isinstance(entry.event, HoursSet | QueueOpened) for entry in journal.written) == len(told)
    await again.stop()


async def test_site_and_profile_of_a_person_are_the_agents() -> None:
    engine = await started(MemoryJournal(), VERA)
    agent = engine.state.agents[VERA.agent_id]
    assert agent.site_id == "moscow"
    assert agent.capacity == rules.capacity(demo().capacities["blended"])
    await engine.change_people([replace(VERA, capacity=None, site_id=None)], [])
    await decided(engine)
    agent = engine.state.agents[VERA.agent_id]
    default = demo().default_capacity
    assert default is not None
    assert (agent.site_id, agent.capacity) == (None, rules.capacity(demo().capacities[default]))
    await engine.stop()


async def test_a_change_of_one_who_is_enrolled_is_told_at_once_and_only_once() -> None:
    journal = MemoryJournal()
    engine = await started(journal, VERA)
    moved = replace(VERA, site_id=SiteId("omsk"))
    for stranger in (replace(VERA, agent_id=AgentId("u9")), replace(moved, active=False), VERA):
        engine.change_person(stranger)
    await decided(engine)
    assert engine.state.agents[VERA.agent_id].site_id == "moscow"
    assert AgentId("u9") not in engine.state.agents
    engine.change_person(moved)
    await decided(engine)
    assert engine.state.agents[VERA.agent_id].site_id == "omsk"
    await engine.change_people([moved], [])
    await decided(engine)
    assert sum(isinstance(entry.event, AgentEnrolled) for entry in journal.written) == 2
    await engine.stop()


async def test_other_rules_count_at_once_and_a_queue_that_is_gone_serves_until_its_calls_have_ended() -> None:
    engine = await started(MemoryJournal(), VERA)
    before = rules.events(demo())
    gone = QueueId("mail")
    fresh = [rule for rule in before if not (isinstance(rule, QueueOpened) and rule.queue_id == gone)]
    fresh = [
        structs.replace(rule, priority=9) if isinstance(rule, QueueOpened) and rule.queue_id == "sales" else rule
        for rule in fresh
    ]
    fresh.append(QueueOpened(queue_id=QueueId("new"), project_id=ProjectId("telecom")))
    engine.change_rules(fresh, enrolled=rules.enrolment(demo()), regards={})
    await decided(engine)
    queues = engine.state.queues
    assert queues[QueueId("sales")].rules.priority == 9
    assert queues[QueueId("new")].open
    assert queues[gone].open
    engine.close_missing_queues()
    await decided(engine)
    assert not engine.state.queues[gone].open
    assert engine.state.agents[VERA.agent_id].site_id == "moscow", "people stay who they are"
    await engine.stop()
