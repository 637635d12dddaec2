"""Chats without the web: what survives a restart, and what a database that is away may cost."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from cti.config import Centre
from cti.database import open_database
from cti.domain.events import (
    AgentBecameReady,
    AgentEnrolled,
    AgentSignedIn,
    DesktopConnected,
    HangUpRequested,
    OfferAccepted,
    PhoneReachable,
    QueueOpened,
)
from cti.domain.facts import ContactQueued
from cti.domain.ids import AgentId, ContactId, Device, ProjectId, QueueId
from cti.errors import DatabaseDown, RuleError
from cti.media.chat import LiveChats
from cti.metrics import Metrics
from cti.ports.chat import ChatRecord, Phase, Presence, Side, Standing, Visit
from cti.ports.media import Incoming, Message
from cti.store.chats import StoredChats
from cti.store.messages import StoredMessages
from cti.store.schema import upgrade
from tests.running import soon
from tests.web.world import MemoryEngine, centre

pytestmark = pytest.mark.server

ANN = AgentId("u1")
VISIT = Visit(session_id="s1", site="shop", language="en")


class Followers:
    """What the engine tells, in place of a hub with pages."""

    def __init__(self) -> None:
        self.told: list[LiveChats] = []

    def decided(self, decision: object, now: int) -> None:
        for chats in self.told:
            chats.decided(decision, now)  # type: ignore[arg-type]  # whatever the engine tells


class Failing(StoredMessages):
    """The table, which is away `failures` times."""

    failures = 0

    async def keep(self, contact_id: ContactId, incoming: Incoming) -> Message:
        if self.failures:
            self.failures -= 1
            raise DatabaseDown("The database does not answer.")
        return await super().keep(contact_id, incoming)


class Losing(Failing):
    """The table, which keeps what it is given and loses the answer `failures` times."""

    async def keep(self, contact_id: ContactId, incoming: Incoming) -> Message:
        message = await StoredMessages.keep(self, contact_id, incoming)
        if self.failures:
            self.failures -= 1
            raise DatabaseDown("The database did not answer within 5 s.")
        return message


class Page:
    """A visitor's page: a listener that remembers."""

    def __init__(self) -> None:
        self.lines: list[Message] = []
        self.standings: list[Standing] = []

    def said(self, message: Message) -> None:
        self.lines.append(message)

    def stands(self, _contact_id: ContactId, standing: Standing) -> None:
        self.standings.append(standing)

    def typing(self, contact_id: ContactId, side: Side) -> None:
        """Nothing that stays."""


@dataclass
class Floor:
    """One agent, an engine in memory, real tables, and as many `LiveChats` one after the other as a test wants."""

    engine: MemoryEngine
    followers: Followers
    messages: Failing
    book: StoredChats
    chats: LiveChats
    plan: Centre = field(default_factory=centre)
    before: list[LiveChats] = field(default_factory=list)

    async def restart(self) -> None:
        """As when the engine's process has died: nothing in memory is left of the chats."""
        self.followers.told.clear()
        self.before.append(self.chats)
        self.chats = chats(self.engine, self.messages, self.book, self.plan)
        self.followers.told.append(self.chats)
        await self.chats.start()

    def accept(self, contact_id: ContactId) -> None:
        assignment_id = self.engine.state.contacts[contact_id].assignment_id
        assert assignment_id is not None
        self.engine.do(OfferAccepted(assignment_id=assignment_id))

    async def texts(self, contact_id: ContactId) -> list[str]:
        return [message.text for message in await self.chats.transcript(contact_id)]

    @property
    def arrived(self) -> Sequence[ContactQueued]:
        return [fact for entry in self.engine.entries for fact in entry.facts if isinstance(fact, ContactQueued)]


def chats(engine: MemoryEngine, messages: StoredMessages, book: StoredChats, plan: Centre) -> LiveChats:
    return LiveChats(engine=engine, messages=messages, book=book, centre=plan, metrics=Metrics())


@pytest.fixture(params=[Failing])
async def floor(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Floor]:
    url = f"sqlite:///{tmp_path}/triune.sqlite"
    await asyncio.to_thread(upgrade, url)
    database = open_database(url)
    followers = Followers()
    engine = MemoryEngine(followers)  # type: ignore[arg-type]  # it tells decisions and nothing else
    engine.do(QueueOpened(queue_id=QueueId("sales"), project_id=ProjectId("telecom")))
    engine.do(QueueOpened(queue_id=QueueId("mail"), project_id=ProjectId("telecom")))
    engine.do(AgentEnrolled(agent_id=ANN, project_ids=(ProjectId("telecom"),)))
    messages, book = request.param(database), StoredChats(database)
    made = Floor(
        engine=engine, followers=followers, messages=messages, book=book, chats=chats(engine, messages, book, centre())
    )
    followers.told.append(made.chats)
    yield made
    for each in (*made.before, made.chats):
        await each.stop()
    await database.close()


def ready(floor: Floor) -> None:
    """The agent comes in, and takes contacts."""
    floor.engine.do(AgentSignedIn(agent_id=ANN, device=Device.WEB))
    floor.engine.do(DesktopConnected(agent_id=ANN))
    floor.engine.do(PhoneReachable(agent_id=ANN, device=Device.WEB))
    floor.engine.do(AgentBecameReady(agent_id=ANN))


async def test_a_chat_goes_on_after_the_engine_died(floor: Floor) -> None:
    message = await floor.chats.visitor_says(VISIT, client_id="m1", text="Hello!")
    contact_id = message.contact_id
    floor.chats.follow(contact_id, Page())
    await floor.restart()
    assert floor.chats.standing(contact_id).phase is Phase.WAITING
    again = await floor.chats.visitor_says(VISIT, client_id="m1", text="Hello!")
    assert again.message_id == message.message_id
    await floor.chats.visitor_says(VISIT, client_id="m2", text="Still there?")
    assert await floor.texts(contact_id) == ["Hello!", "Still there?"]
    assert len(floor.arrived) == 1


async def test_who_never_comes_back_after_a_restart_has_left(floor: Floor, monkeypatch: pytest.MonkeyPatch) -> None:
    message = await floor.chats.visitor_says(VISIT, client_id="m1", text="Hello!")
    monkeypatch.setattr("cti.media.chat.AWAY_SHOWN_S", 0.05)
    site = floor.plan.chats["shop"].model_copy(update={"away_s": 0.1})
    floor.plan = floor.plan.model_copy(update={"chats": {"shop": site}})
    await floor.restart()
    await soon(lambda: message.contact_id not in floor.engine.state.contacts, what="the chat is closed")


async def test_a_note_is_made_once_however_often_it_is_found_out(floor: Floor) -> None:
    contact_id = (await floor.chats.visitor_says(VISIT, client_id="m1", text="Hello!")).contact_id
    ready(floor)
    floor.accept(contact_id)
    page = Page()
    floor.chats.follow(contact_id, page)
    await soon(lambda: any(line.text.startswith("agent_joined") for line in page.lines), what="the note")
    pages = [Page(), Page()]
    for again in pages:
        await floor.restart()
        floor.chats.follow(contact_id, again)
    await soon(lambda: pages[-1].lines, what="the note is told again")
    assert await floor.texts(contact_id) == ["Hello!", f"agent_joined:{ANN}"]


async def test_the_end_is_told_and_nothing_is_taken_after_it(floor: Floor) -> None:
    message = await floor.chats.visitor_says(VISIT, client_id="m1", text="Hello!")
    contact_id, page = message.contact_id, Page()
    ready(floor)
    floor.accept(contact_id)
    floor.chats.follow(contact_id, page)
    assert floor.chats.standing(contact_id) == Standing(phase=Phase.ACTIVE, presence=Presence.HERE, agent_id=ANN)
    assignment_id = floor.engine.state.contacts[contact_id].assignment_id
    assert assignment_id is not None
    floor.engine.do(HangUpRequested(assignment_id=assignment_id))
    assert page.standings[-1].phase is Phase.ENDED
    await soon(lambda: page.lines and page.lines[-1].text == f"agent_ended:{ANN}", what="the note of the end")
    with pytest.raises(RuleError, match="over"):
        await floor.chats.visitor_says(VISIT, client_id="m2", text="Wait!")
    assert (await floor.chats.visitor_says(VISIT, client_id="m1", text="Hello!")).message_id == message.message_id
    with pytest.raises(RuleError, match="over"):
        await floor.chats.agent_says(contact_id, ANN, client_id="a1", text="Bye")


@pytest.mark.parametrize("floor", [Failing, Losing], indirect=True, ids=["not written", "answer lost"])
async def test_a_message_is_kept_once_whatever_the_database_does(floor: Floor) -> None:
    floor.messages.failures = 1
    with pytest.raises(DatabaseDown):
        await floor.chats.visitor_says(VISIT, client_id="m1", text="Hello!")
    message = await floor.chats.visitor_says(VISIT, client_id="m1", text="Hello!")
    assert await floor.texts(message.contact_id) == ["Hello!"]
    assert len(floor.arrived) == 1


async def test_messages_of_many_at_once_are_told_in_the_order_of_their_numbers(floor: Floor) -> None:
    first = await floor.chats.visitor_says(VISIT, client_id="m0", text="0")
    page = Page()
    floor.chats.follow(first.contact_id, page)
    await asyncio.gather(
        *(floor.chats.visitor_says(VISIT, client_id=f"m{number}", text=f"{number}") for number in range(1, 30)),
        *(floor.chats.agent_says(first.contact_id, ANN, client_id=f"a{number}", text="x") for number in range(30)),
    )
    numbers = [line.message_id for line in page.lines]
    assert numbers == sorted(numbers)
    assert len(numbers) == 59


async def test_a_session_is_one_chat_for_good(floor: Floor) -> None:
    message = await floor.chats.visitor_says(VISIT, client_id="m1", text="Hello!")
    record = ChatRecord(
        contact_id=ContactId("c999"), session_id="s1", project_id=ProjectId("telecom"), site="shop", began_ms=1
    )
    assert (await floor.book.open(record)).contact_id == message.contact_id
    assert await floor.book.of_session("s2") is None
    await floor.book.responded(message.contact_id, 5)
    await floor.book.responded(message.contact_id, 9)
    await floor.book.rate(message.contact_id, 4)
    (kept,) = await floor.book.of_contacts([message.contact_id, ContactId("c999")])
    assert (kept.first_response_ms, kept.rating) == (5, 4)
