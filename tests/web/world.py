"""A small centre behind the real web: real `Acd`, directory, customers and accounts; the rest in memory.

Served by uvicorn on a port of its own, so that tests speak to it as browsers do.
"""

import asyncio
import contextlib
import functools
import json
import shutil
import socket
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Self

import httpx
import uvicorn
from fastapi import FastAPI
from msgspec import structs
from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.asyncio.client import ClientConnection, connect

from cti import config, rules
from cti.cabinet import Cabinet
from cti.campaigns import pace as dialling
from cti.campaigns.desk import CampaignDesk
from cti.campaigns.feeder import Feeder
from cti.crm import register
from cti.crm.accounts import StoredAccounts
from cti.crm.customers import BuiltInCustomers
from cti.database import Database, open_database
from cti.domain.acd import Acd, Decision
from cti.domain.audit.why import Story, explain
from cti.domain.commands import SwitchCommand
from cti.domain.events import (
    AgentBecameReady,
    AgentEnrolled,
    AgentRemoved,
    ContactArrived,
    Event,
    InviteRequested,
    LegAnswered,
    OutboundRequested,
    PhoneReachable,
    PopShown,
    QueueOpened,
    TransferRequested,
)
from cti.domain.facts import ContactQueued, PartyInvited
from cti.domain.ids import AgentId, AssignmentId, ContactId, Device, LegId, Medium, NodeId, ProjectId, QueueId
from cti.domain.state import State
from cti.engine.people import of_party
from cti.errors import NotFound
from cti.media.chat import LiveChats
from cti.metrics import Metrics
from cti.ports import (
    Arrival,
    CallerLost,
    CallsMade,
    Card,
    Contract,
    Customers,
    Entry,
    Particulars,
    Person,
    Role,
    Standing,
    Told,
)
from cti.ports.history import Served
from cti.ports.media import Outgoing
from cti.store.chats import StoredChats
from cti.store.directory import Directory
from cti.store.do_not_call import StoredDoNotCall
from cti.store.leads import StoredLeads
from cti.store.messages import StoredMessages
from cti.store.schema import upgrade
from cti.store.surveys import StoredSurveys
from cti.store.uploads import StoredUploads
from cti.testing import ManualClock
from cti.web.app import Front, create_app
from cti.web.call_desk import Calls, Clicks
from cti.web.guard import Parts
from cti.web.hub import Hub
from cti.web.mail_desk import MailDesk
from cti.web.pace import Pace
from cti.web.roster import Roster
from cti.web.server import bind, make_server
from cti.web.voicemail_desk import VoicemailDesk
from tests.running import PATIENCE_S
from tests.web.recordings import MemoryRecordings

ROOT = Path(__file__).resolve().parents[2]
NODE = NodeId("n1")
PASSWORD = "correct horse"
CABINET = Cabinet(secret=bytes(32))
CHEAP = PasswordHash((Argon2Hasher(time_cost=1, memory_cost=8, parallelism=1),))
IVR_TOKEN = "the IVR's own word"
KNOWN = "+79161234567"
ACCOUNT, PIN = "700123", "4711"

PEOPLE = (
    ("anna", Role.AGENT, ("telecom",), "101", "en"),
    ("boris", Role.AGENT, ("clinic",), "102", "ru"),
    ("sveta", Role.SUPERVISOR, ("telecom",), None, "en"),
    ("root", Role.ADMIN, (), None, "en"),
)


def person(login: str, role: Role, projects: Sequence[str], extension: str | None, language: str) -> Person:
    return Person(
        agent_id=AgentId(""),
        login=login,
        name=login.title(),
        role=role,
        project_ids=tuple(map(ProjectId, projects)),
        extension=extension,
        language=language,
        skills=(),
        active=True,
    )


async def build_database(path: Path) -> None:
    """A database with the people of `PEOPLE`, one customer and his account: made once, copied for each test."""
    upgrade(f"sqlite:///{path}")
    database = open_database(f"sqlite:///{path}")
    directory = Directory(database, hasher=CHEAP)
    await directory.adopt(centre())
    for given in PEOPLE:
        await directory.add(person(*given), PASSWORD, actor="test")
    contract = Contract(
        number=ACCOUNT, kind="fibre", status="active", balance_minor=-123450, currency="RUB", ends_on="2031-01-31"
    )
    await register.add(
        database,
        register.NewCustomer(
            project_id=ProjectId("telecom"),
            name="<script>alert(1)</script>",
            addresses=(KNOWN,),
            tier="gold",
            language="ru",
            contracts=(contract,),
        ),
    )
    await StoredAccounts(database).set_pin(ACCOUNT, PIN)
    await database.close()


@functools.cache
def centre() -> config.Centre:
    return config.load(ROOT / "asterisk-conf" / "centre.yaml")


@dataclass
class MemorySwitch:
    """Remembers what it was told."""

    said: list[tuple[str, LegId, object]] = field(default_factory=list)

    @property
    def node(self) -> NodeId:
        return NODE

    async def mute(self, leg_id: LegId, *, muted: bool) -> None:
        self.said.append(("mute", leg_id, muted))

    async def send_digits(self, leg_id: LegId, digits: str) -> None:
        self.said.append(("digits", leg_id, digits))


class MemoryEngine:
    """`ports.Engine` without disk: decides in turn, tells the hub, keeps what went to the switch."""

    def __init__(self, hub: Hub) -> None:
        self.acd = Acd()
        self.clock = ManualClock()
        self.hub = hub
        self.known: dict[ContactId, Particulars] = {}
        self.events: list[Event] = []
        self.entries: list[Entry] = []
        self.commands: list[SwitchCommand] = []
        self.lost: list[CallerLost] = []
        self.memory_switch = MemorySwitch()
        self.switch_up = True

    @property
    def state(self) -> State:
        return self.acd.state

    def now(self) -> int:
        return self.clock.now()

    def do(self, event: Event, *, particulars: Particulars | None = None, number: str = "") -> Decision:
        self.clock.advance(ms=1)
        decision = self.acd.handle(event, self.now())
        self.events.append(event)
        self.entries.append(
            Entry(number=decision.number, at_ms=self.now(), event=event, facts=decision.facts, refused=None)
        )
        for fact in decision.facts:
            if isinstance(fact, ContactQueued) and particulars is not None:
                self.known[fact.contact_id] = replace(particulars, contact_id=fact.contact_id)
            if isinstance(fact, PartyInvited) and fact.agent_id is None:
                project_id = self.state.contacts[fact.contact_id].project_id
                known = self.known.get(fact.contact_id)
                self.known[ContactId(fact.leg_id)] = of_party(number, fact, known=known, project_id=project_id)
        self.commands += [command for command in decision.commands if isinstance(command, SwitchCommand)]
        self.hub.decided(decision, self.now())
        return decision

    async def handle(self, event: Event) -> Decision:
        decision = self.do(event)
        await asyncio.sleep(0)
        return decision

    async def arrive(self, event: ContactArrived, particulars: Arrival) -> ContactId:
        event = structs.replace(event, node=NODE) if event.medium is Medium.CALLBACK else event
        key = particulars.address if event.medium is Medium.CALLBACK else ""
        event = structs.replace(event, source_key=particulars.source, address_key=key)
        decision = self.do(event, particulars=self._particulars(event, particulars))
        await asyncio.sleep(0)
        queued = next((fact for fact in decision.facts if isinstance(fact, ContactQueued)), None)
        return queued.contact_id if queued is not None else self.state.sources[event.source_key]

    async def call(self, event: OutboundRequested, particulars: Arrival) -> ContactId:
        decision = self.do(structs.replace(event, node=NODE), particulars=self._particulars(event, particulars))
        await asyncio.sleep(0)
        return next(fact.contact_id for fact in decision.facts if isinstance(fact, ContactQueued))

    async def transfer(self, event: TransferRequested | InviteRequested, number: str) -> Decision:
        decision = self.do(event, number=number)
        await asyncio.sleep(0)
        return decision

    def _particulars(self, event: ContactArrived | OutboundRequested, given: Arrival) -> Particulars:
        return Particulars(
            contact_id=ContactId(""),
            project_id=self.state.queues[event.queue_id].rules.project_id,
            medium=event.medium if isinstance(event, ContactArrived) else Medium.VOICE,
            address=given.address,
            name=given.name,
            dialled="",
            language=given.language,
            path="",
            account="",
            subject=given.subject,
        )

    async def hear_of_lost(self, caller: CallerLost) -> None:
        self.lost.append(caller)

    def particulars(self, contact_id: ContactId) -> Particulars | None:
        return self.known.get(contact_id)

    def switch(self, node: NodeId) -> Any:
        if node != NODE:
            raise NotFound("no such node")
        return self.memory_switch

    # -- the outside world -----------------------------------------------------------------------------------------

    def caller(self, number: str = KNOWN, *, queue: str = "support", name: str = "Caller", path: str = "") -> ContactId:
        """A caller has reached the queue."""
        rules = self.state.queues[QueueId(queue)].rules
        event = ContactArrived(
            medium=Medium.VOICE,
            queue_id=QueueId(queue),
            arrived_ms=self.now() - 1500,
            leg_id=LegId(f"caller-{len(self.events)}"),
            node=NODE,
        )
        particulars = Particulars(
            contact_id=ContactId(""),
            project_id=rules.project_id,
            medium=Medium.VOICE,
            address=number,
            name=name,
            dialled="+78005550102",
            language="ru",
            path=path,
            account="",
        )
        decision = self.do(event, particulars=particulars)
        return next(fact.contact_id for fact in decision.facts if isinstance(fact, ContactQueued))

    def answer(self, contact_id: ContactId) -> AssignmentId:
        """The agent's leg is picked up."""
        assignment = self.state.assignments[self.state.contacts[contact_id].assignment_id or AssignmentId("")]
        assert assignment.leg_id is not None
        self.do(LegAnswered(assignment_id=assignment.id, leg_id=assignment.leg_id))
        return assignment.id

    def answer_after_pop(self, contact_id: ContactId) -> AssignmentId:
        """The pop is shown, the phone rings and is picked up."""
        assignment_id = self.state.contacts[contact_id].assignment_id
        assert assignment_id is not None
        self.do(PopShown(assignment_id=assignment_id))
        return self.answer(contact_id)


class MemoryHistory:
    """`ports.History` of what a test puts in."""

    def __init__(self) -> None:
        self.told: dict[ContactId, Told] = {}
        self.notes: list[tuple[AssignmentId, str]] = []

    async def of_agent(self, agent_id: AgentId, *, limit: int, before_ms: int | None) -> Sequence[Told]:
        mine = [one for one in self.told.values() if one.agent_id == agent_id]
        mine = [one for one in mine if before_ms is None or one.arrived_ms < before_ms]
        return sorted(mine, key=lambda one: -one.arrived_ms)[:limit]

    async def of_projects(
        self, project_ids: Sequence[ProjectId], *, limit: int, before_ms: int | None
    ) -> Sequence[Told]:
        theirs = [one for one in self.told.values() if one.project_id in project_ids]
        theirs = [one for one in theirs if before_ms is None or one.arrived_ms < before_ms]
        return sorted(theirs, key=lambda one: -one.arrived_ms)[:limit]

    async def contact(self, contact_id: ContactId) -> Told | None:
        return self.told.get(contact_id)

    async def took(self, agent_id: AgentId, contact_id: ContactId) -> bool:
        return contact_id in self.told and self.told[contact_id].agent_id == agent_id

    async def calls_made(self, project_ids: Sequence[ProjectId], *, since_ms: int, until_ms: int) -> CallsMade:
        asked = [one for one in self.told.values() if one.outbound and since_ms <= one.arrived_ms < until_ms]
        return CallsMade(asked=len(asked), dialled=0, reached=0, to_dial_ms=0, to_dial_p50_ms=None, saved_ms=0)

    async def served(
        self, project_ids: Sequence[ProjectId], targets_ms: Mapping[QueueId, int], *, since_ms: int, now_ms: int
    ) -> Sequence[Served]:
        came = [one for one in self.told.values() if one.project_id in project_ids and since_ms <= one.arrived_ms]
        return [
            Served(queue_id=queue_id, counted=len(mine), in_time=len(mine) - 1, abandoned=0)
            for queue_id in targets_ms
            if (mine := [one for one in came if one.queue_id == queue_id])
        ]

    def keep_note(self, assignment_id: AssignmentId, contact_id: ContactId, agent_id: AgentId, note: str) -> None:
        self.notes.append((assignment_id, note))

    def tell(self, contact_id: str, agent_id: str, *, project: str = "telecom", arrived_ms: int = 1) -> None:
        """Put a closed contact in."""
        self.told[ContactId(contact_id)] = Told(
            contact_id=ContactId(contact_id),
            medium=Medium.VOICE,
            project_id=ProjectId(project),
            queue_id=QueueId("support" if project == "telecom" else "reception"),
            arrived_ms=arrived_ms,
            answered_ms=2,
            ended_ms=3,
            closed_ms=4,
            wait_ms=1,
            talk_ms=1,
            hold_ms=0,
            wrap_up_ms=1,
            agent_id=AgentId(agent_id),
            customer="Kim",
            address=KNOWN,
            disposition="resolved",
            note="",
        )


class MemoryReasons:
    """`ports.Reasons` of what the memory engine has decided so far."""

    def __init__(self, engine: MemoryEngine) -> None:
        self._engine = engine

    async def story(self, contact_id: ContactId) -> Story | None:
        return explain(self._engine.entries, contact_id)


class Enrol:
    """`ports.Enrolment` on the memory engine."""

    def __init__(self, engine: MemoryEngine) -> None:
        self._engine = engine

    async def changed(self, person: Person) -> None:
        if person.active and person.extension is not None:
            await self._engine.handle(rules.enrolment(centre())(person))
        elif person.agent_id in self._engine.state.agents:
            await self._engine.handle(AgentRemoved(agent_id=person.agent_id))


class SlowCustomers:
    """Answers when the test says so: what a slow outside CRM does."""

    def __init__(self, inner: Customers) -> None:
        self._inner = inner
        self.may_answer = asyncio.Event()
        self.may_answer.set()
        self.asked = 0

    async def find(self, address: str, *, project_id: ProjectId) -> Card | None:
        self.asked += 1
        await self.may_answer.wait()
        return await self._inner.find(address, project_id=project_id)

    async def standing(self, address: str, *, project_id: ProjectId) -> Standing | None:
        return await self._inner.standing(address, project_id=project_id)


class Page:
    """An open desktop page: its snapshot, then its deltas."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket
        self.snapshot: dict[str, Any] = {}
        self.numbers: list[int] = []
        self.kinds: set[str] = set()
        self.last: dict[str, Any] = {}

    async def open(self) -> Self:
        self.snapshot = await self._next()
        assert self.snapshot["type"] == "snapshot"
        return self

    async def next(self, kind: str, *, within_s: float = PATIENCE_S) -> dict[str, Any]:
        """The next change of this kind; others are passed over, all are counted."""
        async with asyncio.timeout(within_s):
            while True:
                delta = await self._next()
                self.numbers.append(delta["n"])
                self.kinds.add(delta["change"]["kind"])
                self.last = delta
                if delta["change"]["kind"] == kind:
                    change: dict[str, Any] = delta["change"]
                    return change

    async def say(self, **message: object) -> None:
        await self.socket.send(json.dumps(message))

    async def _next(self) -> dict[str, Any]:
        message: dict[str, Any] = json.loads(await asyncio.wait_for(self.socket.recv(), PATIENCE_S))
        return message


@dataclass
class World:
    """The running centre."""

    engine: MemoryEngine
    recordings: MemoryRecordings
    hub: Hub
    database: Database
    directory: Directory
    history: MemoryHistory
    customers: SlowCustomers
    metrics: Metrics
    queued: list[Outgoing]
    """Mail that is to be sent."""
    port: int
    routes: list[Any]
    server: uvicorn.Server
    roster: Roster
    pace: Pace
    closing: contextlib.AsyncExitStack
    parts: Parts

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def client(self, login: str | None = None, **headers: str) -> httpx.AsyncClient:
        """A browser, signed in as this person, or as nobody."""
        client = await self.closing.enter_async_context(
            httpx.AsyncClient(base_url=self.url, headers=headers, timeout=PATIENCE_S, verify=False)
        )
        if login is not None:
            answer = await client.post("/api/v1/session", json={"login": login, "password": PASSWORD})
            assert answer.status_code == 200, answer.text
        return client

    async def page(self, client: httpx.AsyncClient) -> Page:
        """Its desktop page, open, the snapshot read."""
        return await Page(await self.socket(client)).open()

    async def socket(
        self, client: httpx.AsyncClient, *, path: str = "/api/v1/events", **options: Any
    ) -> ClientConnection:
        headers = {"Cookie": "; ".join(f"{name}={value}" for name, value in client.cookies.items())}
        socket = connect(f"ws://127.0.0.1:{self.port}{path}", additional_headers=headers, max_size=None, **options)
        return await self.closing.enter_async_context(socket)

    def sockets(self) -> int:
        """WebSockets that the server has open."""
        return sum(isinstance(one, WebSocketsSansIOProtocol) for one in self.server.server_state.connections)

    def id_of(self, login: str) -> AgentId:
        return AgentId(f"u{[given[0] for given in PEOPLE].index(login) + 1}")

    async def ready(self, login: str = "anna") -> tuple[httpx.AsyncClient, Page]:
        """An agent at his desk: page open, phone there, ready."""
        client = await self.client(login)
        page = await self.page(client)
        agent_id = self.id_of(login)
        for device in Device:
            self.engine.do(PhoneReachable(agent_id=agent_id, device=device))
        self.engine.do(AgentBecameReady(agent_id=agent_id))
        return client, page


@contextlib.asynccontextmanager
async def served(app: FastAPI, listener: socket.socket) -> AsyncIterator[uvicorn.Server]:
    """Uvicorn, its parts called one by one: its `serve` begins and ends by looking every tenth of a second."""
    server = make_server(app)
    server.config.load()
    server.lifespan = server.config.lifespan_class(server.config)
    await server.startup(sockets=[listener])
    assert server.started
    await server.on_tick(0)
    yield server
    for one in server.servers:
        one.close()
    for connection in list(server.server_state.connections):
        connection.shutdown()
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(server.config.timeout_graceful_shutdown):
            while server.server_state.connections or server.server_state.tasks:  # noqa: ASYNC110 -- it tells nobody
                await asyncio.sleep(0.001)
    for task in server.server_state.tasks:
        task.cancel()
    await server.lifespan.shutdown()


@contextlib.asynccontextmanager
async def running(
    template: Path, directory_path: Path, *, sip_target: str | None = None, directory: Directory | None = None
) -> AsyncIterator[World]:
    """The centre, served on a free port; with a `directory` on the people of another."""
    pages = directory_path / "pages"
    (pages / "assets").mkdir(parents=True)
    path = directory_path / "triune.sqlite"
    shutil.copy(template, path)
    database = open_database(f"sqlite:///{path}")
    directory = directory or Directory(database, hasher=CHEAP)
    history, metrics = MemoryHistory(), Metrics()
    customers = SlowCustomers(BuiltInCustomers(database))
    hub = Hub(customers=customers, metrics=metrics)
    engine = MemoryEngine(hub)
    plan = centre()
    for key, queue in plan.queues.items():
        engine.do(QueueOpened(queue_id=QueueId(key), project_id=ProjectId(queue.project)))
    for one in await directory.everyone():
        if one.extension is not None:
            engine.do(AgentEnrolled(agent_id=one.agent_id, project_ids=one.project_ids))
    chats = LiveChats(
        engine=engine, messages=StoredMessages(database), book=StoredChats(database), centre=plan, metrics=metrics
    )
    clicks = Clicks(metrics)
    queued: list[Outgoing] = []
    hub.followers.append(chats.decided)
    dialled, leads = dialling.Pace(), StoredLeads(database)
    feeder = Feeder(
        leads=leads, centre=plan, reached=lambda _: asyncio.sleep(0), address_key=lambda _, number: number, pace=dialled
    )
    campaigns = CampaignDesk(leads=leads, centre=plan, feeder=feeder, pace=dialled)
    hub.followers.append(campaigns.decided)
    looking = asyncio.create_task(campaigns.run(engine))
    (pages / "index.html").write_text("<!doctype html><title>Triune</title>")
    (pages / "assets" / "index-0a1b.js").write_text("export {}")
    recordings = MemoryRecordings(database)
    front = Front(
        signing_key="a signing key for tests only",
        ivr_token=IVR_TOKEN,
        softphone_ws_url="ws://127.0.0.1:21002/ws",
        secure_cookies=False,
        ui_dir=pages,
        sip_target=sip_target,
    )
    app = create_app(
        front=front,
        engine=engine,
        recordings=recordings,
        hub=hub,
        people=directory,
        history=history,
        reasons=MemoryReasons(engine),
        accounts=StoredAccounts(database),
        enrolment=Enrol(engine),
        centre=plan,
        metrics=metrics,
        campaigns=campaigns,
        chats=chats,
        surveys=StoredSurveys(database),
        voicemail=VoicemailDesk(
            messages=StoredMessages(database), folder=directory_path / "voicemail", unseal=CABINET.open
        ),
        mail=MailDesk(messages=StoredMessages(database), uploads=StoredUploads(database), queued=queued.append),
        calls=Calls(
            engine=engine,
            centre=plan,
            registry=StoredDoNotCall(database),
            people=directory,
            customers=customers,
            clicks=clicks,
        ),
    )
    listener = bind("127.0.0.1", 0)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 16_384)  # so that a page that takes nothing shows soon
    async with served(app, listener) as server, contextlib.AsyncExitStack() as closing:
        yield World(
            engine=engine,
            recordings=recordings,
            hub=hub,
            database=database,
            directory=directory,
            history=history,
            customers=customers,
            metrics=metrics,
            queued=queued,
            port=listener.getsockname()[1],
            routes=app.routes,
            server=server,
            roster=app.state.parts.roster,
            pace=app.state.parts.pace,
            parts=app.state.parts,
            closing=closing,
        )
    await chats.stop()
    await campaigns.stop()
    looking.cancel()
    await asyncio.gather(looking, return_exceptions=True)
    await database.close()
