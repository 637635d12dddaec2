"""The composition root: the only module that knows every part. `cti engine` runs what is put together here.

Here: which adapter stands behind which port, the order of start and stop, and signals. Nothing is decided here.

An engine is put together whole before it asks for the lead, and writes, listens and connects only when it has it: one
that must wait is a spare (`cti.spare`) and has nothing left to do then but to begin.
"""

import asyncio
import contextlib
import errno
import logging
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator, Callable
from itertools import chain
from pathlib import Path
from typing import Final

import click
import uvloop

from cti import config, logs, prompts, rules, seat, spare, variables
from cti.asterisk.calls import Customer, Display
from cti.asterisk.endpoints import Media
from cti.asterisk.ledger import Ledger
from cti.asterisk.queue_log_writer import QueueLogWriter
from cti.asterisk.sayings import Sounds
from cti.asterisk.switch import Address, AsteriskSwitch
from cti.cabinet import Cabinet
from cti.callable import may_be_called_back
from cti.calling import is_denied
from cti.campaigns.desk import CampaignDesk
from cti.campaigns.feeder import Feeder
from cti.campaigns.pace import Pace
from cti.config import Centre, Language
from cti.crm import http as crm_http
from cti.crm.accounts import StoredAccounts, hashed
from cti.crm.customers import BuiltInCustomers
from cti.database import Database, open_database
from cti.dialplan.loaders import IvrLoader
from cti.dialplan.releases import Releases
from cti.domain.acd import snapshot
from cti.domain.ids import CampaignId, ContactId, DestinationId, LeadId, NodeId, ProjectId, QueueId
from cti.domain.overload import Level
from cti.engine import people
from cti.engine.desks import HotDesks
from cti.engine.engine import Engine
from cti.engine.gate import Gate
from cti.engine.recovery import Follower
from cti.engine.tasks import Supervised
from cti.errors import DatabaseDown
from cti.home import DemoSecrets, Home, PortPlan
from cti.media.chat import LiveChats
from cti.media.intake import Intake
from cti.media.mailroom import Mailroom
from cti.media.voicemail import VoicemailBoxes
from cti.media.voicemail_keeping import Keeping
from cti.metrics import Metrics
from cti.ports import Particulars, Person
from cti.ports.campaigns import Callee
from cti.recordings.office import RecordingOffice
from cti.review.beside import Storyteller, Watch
from cti.seat import Seat
from cti.setup import asterisk
from cti.store import demo
from cti.store.appending import DurableJournal
from cti.store.chats import StoredChats
from cti.store.desks import StoredDesks
from cti.store.directory import Directory
from cti.store.do_not_call import StoredDoNotCall
from cti.store.history import StoredHistory, position
from cti.store.leads import StoredLeads
from cti.store.messages import StoredMessages
from cti.store.particulars import ParticularStore
from cti.store.recordings import StoredRecordings
from cti.store.schema import upgrade_database
from cti.store.surveys import StoredSurveys
from cti.store.uploads import StoredUploads
from cti.store.voicemails import StoredVoicemails
from cti.uptake import EngineUptake
from cti.web.app import create_app
from cti.web.call_desk import Calls, Clicks
from cti.web.hub import Hub
from cti.web.mail_desk import MailDesk
from cti.web.server import bind, make_server
from cti.web.voicemail_desk import VoicemailDesk

log = logging.getLogger(__name__)

NODE: Final = NodeId(variables.NODE)
READ_DIRECTORY_EVERY_S: Final = 5.0
"""How soon a change made from the command line reaches a running engine."""
DEPOSED: Final = 75
"""The exit code of an engine that does not lead any more (EX_TEMPFAIL: to be started again)."""
DATABASE_RETRY_S: Final = 0.5
PORT_LIMIT_S: Final = 2.0
"""How long the port of an engine that has just died may still be taken."""
PORT_RETRY_S: Final = 0.005
LAST_WRITES_S: Final = 3.0
SWITCH_INTERVAL_S: Final = 0.0002
"""How long a thread of the database may keep the interpreter when the loop wants it; Python's own is 5 ms."""
UI: Final = Path(__file__).parent / "web" / "ui" / "dist"


class _Enrolment:
    """`ports.Enrolment`: what the directory says reaches the engine whole, so nothing is forgotten."""

    def __init__(self, engine: Engine, directory: Directory) -> None:
        self._engine = engine
        self._directory = directory
        self._turn = asyncio.Lock()

    async def changed(self, person: Person) -> None:
        """See `ports.Enrolment`. He first, since reading everyone takes the longer the more there are."""
        self._engine.change_person(person)
        await self.read()

    async def read(self) -> None:
        """Tell the engine who is who now. Raises DatabaseDown."""
        async with self._turn:
            persons = await self._directory.everyone()
            await self._engine.change_people(persons, await self._directory.phones())

    async def keep_reading(self) -> None:
        """Follow the directory, for ever."""
        while True:
            await asyncio.sleep(READ_DIRECTORY_EVERY_S)
            with contextlib.suppress(DatabaseDown):
                await self.read()


@click.command()
@click.option("--home", required=True, type=click.Path(path_type=Path), help="The home that `cti up` made.")
@click.option("--web-port", type=click.IntRange(1, 65535), help="Another port for the desktop than the home's.")
def engine(*, home: Path, web_port: int | None) -> None:
    """Run the engine alone: ACD, ARI, AMI and web, until SIGTERM.

    While another engine of this home leads, it is the spare and waits; so does the standby of one on another machine,
    where the journal is in PostgreSQL.
    """
    logs.start()
    sys.setswitchinterval(SWITCH_INTERVAL_S)
    try:
        uvloop.run(run(Home.open(home), web_port=web_port))
    except spare.Outdated:
        log.info("the centre file changed: this spare is to be started anew", extra={"action": "spare_outdated"})


async def run(home: Home, *, web_port: int | None = None) -> None:
    """One engine on this home, until SIGTERM or SIGINT.

    Raises ConfigError, OutsideError when it cannot start, `spare.Outdated` when it waited and must be made anew. When
    another takes its lead the process ends on the spot, with `DEPOSED`: nothing may be finished then.
    """
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    told = loop.create_task(stopping.wait())
    async with contextlib.AsyncExitStack() as stack:
        begun = loop.create_task(stack.enter_async_context(_seated(home, port=web_port or home.ports.web)))
        try:
            await asyncio.wait((told, begun), return_when=asyncio.FIRST_COMPLETED)
            if not begun.done():
                log.info("it is stopped before it led", extra={"action": "engine_stopping"})
                return
            web, lost = begun.result()
            log.info("the engine runs", extra={"action": "engine_started", "web": home.web_url})
            await asyncio.wait((told, web, lost), return_when=asyncio.FIRST_COMPLETED)
            if lost.done():
                _end_at_once()
            log.info("the engine stops", extra={"action": "engine_stopping", "web_died": web.done()})
        finally:
            told.cancel()
            begun.cancel()
            await asyncio.gather(begun, return_exceptions=True)


def _end_at_once() -> None:
    """Whatever was decided here since is void: none of it may reach anybody any more."""
    log.critical(
        "Another engine leads this centre: this one sends nothing more and ends. Started again it is the standby.",
        extra={"action": "engine_deposed"},
    )
    logging.shutdown()
    os._exit(DEPOSED)


@contextlib.asynccontextmanager
async def _seated(home: Home, *, port: int) -> AsyncIterator[tuple[asyncio.Task[None], asyncio.Task[None]]]:
    """The engine at work, once it leads: the task of its web, and one that is done when it does not lead any more."""
    async with seat.taken(home, port=port) as taken:
        lost = asyncio.create_task(taken.leadership.lost())
        try:
            async with _running(home, taken, port=port) as web:
                yield web, lost
        finally:
            lost.cancel()


@contextlib.asynccontextmanager
async def _running(home: Home, seat: Seat, *, port: int) -> AsyncIterator[asyncio.Task[None]]:
    """The engine at work, and the task of its web: without that the process is of no use, and is to be started anew."""
    made_of = spare.MadeOf(home)
    centre = config.load(home.centre_in_force)
    database = open_database(home.database_url)
    tasks = Supervised()
    async with contextlib.AsyncExitStack() as stack:
        stack.push_async_callback(database.close)
        directory = Directory(database)
        journal = seat.journal(database)
        keeper = ParticularStore(database)
        history = StoredHistory(database, journal)
        metrics = Metrics()
        customers = BuiltInCustomers(database, country=centre.country)
        outside = crm_http.sources([*centre.crm.values()], country=centre.country, secret=home.secret, metrics=metrics)
        for source in chain.from_iterable(outside.values()):
            stack.push_async_callback(source.close)
        clicks = Clicks(metrics)
        hub = Hub(customers=customers, metrics=metrics, outside=outside)
        sounds, prepare_sounds = await stack.enter_async_context(_sounds(home, centre))
        switch = _switch(
            home,
            centre,
            seat,
            sounds=sounds,
            particulars=lambda contact_id: core.particulars(contact_id),  # noqa: PLW0108 - it is made below
            callee=lambda campaign_id, lead_id: feeder.callee(campaign_id, lead_id),  # noqa: PLW0108 - as above
        )
        pace = Pace()
        leads = StoredLeads(database)
        feeder = Feeder(
            leads=leads,
            centre=centre,
            reached=history.reached,
            address_key=people.keyed(home.secrets.session_key.encode()),
            pace=pace,
        )
        campaigns = CampaignDesk(leads=leads, centre=centre, feeder=feeder, pace=pace)
        hub.followers.append(campaigns.decided)
        core = Engine(
            rules=(*rules.events(centre), *rules.campaigns(centre)),
            switches={NODE: switch},
            journal=journal,
            desktops=hub,
            keeper=keeper,
            enrolled=rules.enrolment(centre),
            address_key=people.keyed(home.secrets.session_key.encode()),
            customers=customers,
            regards=rules.regards(centre),
            callable_back=lambda number: (
                may_be_called_back(number, countries=centre.callback_countries)
                and not is_denied(number, centre.calling)
            ),
            rung=clicks.rung,
            callees=feeder,
            campaign_number=lambda campaign_id: _campaign_number(centre, campaign_id),
            leadership=seat.leadership,
        )
        enrolment = _Enrolment(core, directory)
        messages = StoredMessages(database)
        chats = LiveChats(engine=core, messages=messages, book=StoredChats(database), centre=centre, metrics=metrics)
        hub.followers.append(chats.decided)
        ledger = Ledger(
            state=lambda: core.state,
            extension=switch.extension_of,
            writer=_queue_log(home, seat),
            occupation=switch.occupation,
        )
        hub.followers.append(ledger.decided)
        recordings = RecordingOffice(
            home,
            centre=centre,
            shelf=StoredRecordings(database),
            monitors=lambda node: switch.monitor if node == NODE else None,
            state=lambda: core.state,
            now=lambda: core.now(),  # noqa: PLW0108 - its clock is made by its start
            changed=hub.recording_changed,
            metrics=metrics,
        )
        hub.followers.append(recordings.decided)
        do_not_call = StoredDoNotCall(database)
        calls = Calls(
            engine=core,
            centre=centre,
            registry=do_not_call,
            people=directory,
            customers=customers,
            clicks=clicks,
        )
        desks = HotDesks(
            engine=core,
            book=StoredDesks(database),
            switch=switch.seats,
            extension=switch.extension_of,
            desks=lambda: {key: home.desk_secret(key) for key in centre.desks},
        )
        hub.followers.append(desks.decided)
        posts = Supervised()
        mail = _mailroom(home, centre, seat, core=core, messages=messages, hub=hub, metrics=metrics)
        cabinet = await asyncio.to_thread(Cabinet.of, home)
        boxes = VoicemailBoxes(
            home.voicemail,
            centre=centre,
            contact=history.contact,
            recall=keeper.recall,
            put=cabinet.put,
            metrics=metrics,
        )
        taking = Intake(engine=core, messages=messages, told=lambda _: None, metrics=metrics)
        answers = StoredSurveys(database)
        keeping = Keeping(
            home.voicemail,
            centre=centre,
            standing=StoredVoicemails(database).standing,
            tell=switch.set_global,
            metrics=metrics,
        )
        uptake = EngineUptake(home, centre=centre, engine=core, directory=directory, renewed=prepare_sounds)
        releases = Releases(
            home,
            await asyncio.to_thread(asterisk.find, _path(home.settings.asterisk)),
            host=switch.dialplan,
            loaders=(IvrLoader(home), uptake),
            drained=uptake.drained,
        )
        watch = Watch(journal, snapshot=lambda: snapshot(core.state), metrics=metrics)
        metrics.gauge("triune_queue_log_backlog", "Lines of queue_log not written yet", lambda: ledger.writer.backlog)
        metrics.gauge("triune_queue_log_lost", "Lines of queue_log that were left out", lambda: ledger.writer.lost)
        app = create_app(
            engine=core,
            hub=hub,
            people=directory,
            history=history,
            reasons=Storyteller(home.journal if seat.lease is None else home.path),
            accounts=StoredAccounts(database),
            enrolment=enrolment,
            centre=centre,
            metrics=metrics,
            signing_key=home.secrets.session_key,
            ivr_token=home.secrets.engine_token,
            softphone_ws_url=_softphone_ws_url(home),
            sip_target=_switch_ws_url(home),
            ui_dir=UI if UI.is_dir() else None,
            secure_cookies=home.settings.tls_cert is not None,
            templates=releases,
            chats=chats,
            mail=MailDesk(messages=messages, uploads=StoredUploads(database), queued=mail.queued),
            surveys=answers,
            voicemail=VoicemailDesk(messages=messages, folder=home.voicemail, unseal=cabinet.open),
            calls=calls,
            campaigns=campaigns,
            recordings=recordings,
            desks=desks,
            shop=bool(home.settings.demo),
            reign=lambda: seat.reign(journal),
        )
        server = make_server(app, cert=_path(home.settings.tls_cert), key=_path(home.settings.tls_key))
        follower = Follower()
        await seat.awaited(follower, database=database, made_of=made_of)
        listener = seat.listener or await _listener(home, port)
        stack.callback(listener.close)
        await _prepare(directory, database, centre, home)
        await seat.begin(journal, after=await database.read(position))
        stack.push_async_callback(seat.end, journal)
        await history.find_position()
        stack.push_async_callback(tasks.stop)
        tasks.start("lead", lambda: seat.follow(journal))
        tasks.start("particulars", keeper.run)
        tasks.start("history", history.run)
        tasks.start("notes", history.run_notes)
        stack.push_async_callback(_write_what_is_left, keeper, history)
        prepare_sounds()
        await core.start(persons=await directory.everyone(), phones=await directory.phones(), follower=follower)
        stack.push_async_callback(core.stop)
        gate = Gate(
            loop=core.loop,
            journal=journal,
            entrances=(switch.entrance,),
            bounds=lambda: rules.bounds(centre),
            told=hub.refusing_changed,
            now=core.now,
        )
        tasks.start("gate", gate.run)
        tasks.start("desks", desks.run)
        _measure_gate(metrics, gate)
        tasks.start("queue log", ledger.writer.run)
        tasks.start("occupation", ledger.occupation.run)
        stack.push_async_callback(ledger.stop)
        recordings.start(tasks.start)
        stack.push_async_callback(recordings.stop)
        tasks.start("directory", enrolment.keep_reading)
        tasks.start("do not call", do_not_call.keep_fresh)
        tasks.start("feeder", lambda: feeder.run(core))
        tasks.start("campaigns", lambda: campaigns.run(core))
        stack.push_async_callback(campaigns.stop)
        tasks.start("chats", chats.start)
        stack.push_async_callback(chats.stop)
        stack.push_async_callback(posts.stop)
        mail.start(posts.start)
        posts.start("voicemail", lambda: taking.run(boxes))
        posts.start(
            "surveys", lambda: answers.run(home.surveys, project_of=lambda queue_id: _project(centre, queue_id))
        )
        posts.start("voicemail keeping", keeping.run)
        if home.asterisk.etc.exists():  # else the switch, and the keeping of its files, is another host's
            tasks.start("releases", releases.keep_house)
        tasks.start("watch", watch.run)
        _measure(metrics, core=core, journal=journal, history=history)
        serving = asyncio.create_task(server.serve(sockets=[listener]))
        try:
            yield serving
        finally:
            server.should_exit = True
            await serving


def _mailroom(
    home: Home, centre: Centre, seat: Seat, *, core: Engine, messages: StoredMessages, hub: Hub, metrics: Metrics
) -> Mailroom:
    return Mailroom(
        centre=centre,
        engine=core,
        messages=messages,
        secret=home.secret,
        signing_key=home.secrets.session_key,
        told=hub.mail_changed,
        metrics=metrics,
        leads=seat.leadership.confirmed,
    )


async def _write_what_is_left(keeper: ParticularStore, history: StoredHistory) -> None:
    """Notes and particulars on their way get a moment; a database that is away costs no more than that."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(LAST_WRITES_S):
            await keeper.written()
            await history.notes_written()


async def _listener(home: Home, port: int) -> socket.socket:
    """The web's socket. Raises OSError when the port is another's; an engine that is just dying is waited for."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + PORT_LIMIT_S
    while True:
        try:
            return bind(home.settings.listen, port)
        except OSError as error:
            if error.errno != errno.EADDRINUSE or loop.time() > deadline:
                raise
        await asyncio.sleep(PORT_RETRY_S)


async def _prepare(directory: Directory, database: Database, centre: Centre, home: Home) -> None:
    """The directory on an upgraded schema; a database that is away is waited for: nobody can sign in without it."""
    while True:
        try:
            await asyncio.to_thread(upgrade_database, database)
            await directory.adopt(centre)
            if home.settings.demo:
                await _seed(database, home.secrets.demo)
            return
        except DatabaseDown as error:
            log.warning("%s", error, extra={"action": "database_awaited"})
            await asyncio.sleep(DATABASE_RETRY_S)


async def _seed(database: Database, secrets: DemoSecrets) -> None:
    """The demo's people and customers, where they are not there yet."""
    credentials = {
        agent.login: demo.Credentials(password=agent.password, sip_secret=agent.sip_password)
        for agent in secrets.agents
    }
    for person in (secrets.supervisor, secrets.admin):
        credentials[person.login] = demo.Credentials(password=person.password)
    await demo.seed(database, credentials, pin_hash=await asyncio.to_thread(hashed, demo.PIN))


@contextlib.asynccontextmanager
async def _sounds(home: Home, centre: Centre) -> AsyncIterator[tuple[Sounds, Callable[[], None]]]:
    """What the ACD says. The second has those sounds made, in threads of their own, that are not in the cache yet, and
    is to be called again when there is another centre file.
    """
    made = prompts.Prompts(home.prompts, speech=await asyncio.to_thread(prompts.Speech.find))
    known = prompts.said_by_acd(centre)

    def prepare() -> None:
        known.update(prompts.said_by_acd(centre))
        made.prepare(known.values())

    def sound(key: str, language: str) -> str | None:
        prompt = known.get(key)
        return made.ready(prompt, Language(language)) if prompt is not None and language in list(Language) else None

    try:
        yield sound, prepare
    finally:
        made.close()


def _switch(
    home: Home,
    centre: Centre,
    seat: Seat,
    *,
    sounds: Sounds,
    particulars: Callable[[ContactId], Particulars | None],
    callee: Callable[[CampaignId, LeadId], Callee | None],
) -> AsteriskSwitch:
    return AsteriskSwitch(
        node=NODE,
        address=Address(
            host=PortPlan.CENTRE_ADDRESS,
            ari_port=home.ports.http,
            ari_username=home.secrets.ari_user,
            ari_password=home.secrets.ari_password,
            ami_port=home.ports.ami,
            ami_username=home.secrets.ami_user,
            ami_password=home.secrets.ami_password,
        ),
        media=Media(bind=home.settings.bound_address),
        region=centre.country,
        music=lambda queue_id: _music(centre, queue_id),
        display=lambda contact_id: _display(particulars(contact_id)),
        customer=lambda contact_id: _customer(centre, particulars(contact_id)),
        caller_id=next(iter(centre.trunks.values())).caller_id,
        sounds=sounds,
        greeting=lambda destination: _greeting(centre, destination),
        lead=lambda campaign_id, lead_id: _callee(centre, campaign_id, callee(campaign_id, lead_id)),
        apology=lambda campaign_id: _message(centre, campaign_id),
        may_send=lambda: seat.leadership.leads,
        replaced=seat.challenged,
    )


def _queue_log(home: Home, seat: Seat) -> QueueLogWriter:
    return QueueLogWriter(
        host=PortPlan.CENTRE_ADDRESS,
        port=home.ports.ami,
        username=home.secrets.ami_user,
        password=home.secrets.ami_password,
        may_send=lambda: seat.leadership.leads,
    )


def _project(centre: Centre, queue_id: QueueId) -> ProjectId | None:
    queue = centre.queues.get(queue_id)
    return ProjectId(queue.project) if queue is not None else None


def _music(centre: Centre, queue_id: QueueId) -> str:
    queue = centre.queues.get(queue_id)
    return queue.music if queue is not None else "default"


def _display(known: Particulars | None) -> Display:
    return Display() if known is None else Display(name=known.name, number=known.address)


def _customer(centre: Centre, known: Particulars | None) -> Customer:
    if known is None:
        return Customer()
    sees = centre.shown_number(known.project_id, dialled=known.dialled)
    return Customer(number=known.address, language=known.language or Language.EN, sees=sees)


def _callee(centre: Centre, campaign_id: CampaignId, known: Callee | None) -> Customer:
    if known is None:
        return Customer()
    sees = _campaign_number(centre, campaign_id)
    return Customer(number=known.number, language=known.language or Language.EN, sees=sees)


def _campaign_number(centre: Centre, campaign_id: CampaignId) -> str:
    campaign = centre.campaigns.get(campaign_id)
    return centre.campaign_number(campaign) if campaign is not None else ""


def _message(centre: Centre, campaign_id: CampaignId) -> str | None:
    campaign = centre.campaigns.get(campaign_id)
    return campaign.message if campaign is not None else None


def _greeting(centre: Centre, destination: DestinationId) -> str | None:
    place = centre.destinations.get(destination)
    return place.voicemail.prompt if place is not None and place.voicemail is not None else None


def _softphone_ws_url(home: Home) -> str:
    """Straight to the switch on this machine; from elsewhere by the web, under whatever name the page itself came."""
    return _switch_ws_url(home) if home.settings.is_loopback else "/sip"


def _switch_ws_url(home: Home) -> str:
    return f"ws://{PortPlan.CENTRE_ADDRESS}:{home.ports.http}/ws"


def _path(name: str | None) -> Path | None:
    return Path(name) if name is not None else None


def _measure(metrics: Metrics, *, core: Engine, journal: DurableJournal, history: StoredHistory) -> None:
    loop = core.loop
    metrics.gauge("triune_events", "Events decided since the start", lambda: loop.handled)
    metrics.gauge("triune_events_refused", "Events that a rule refused", lambda: loop.refused)
    metrics.gauge("triune_events_failed", "Events on which the core failed", lambda: loop.crashed)
    metrics.gauge("triune_events_waiting", "Events that wait to be decided", lambda: loop.waiting)
    metrics.gauge("triune_journal_backlog", "Entries not on disk yet", lambda: journal.figures().backlog)
    metrics.gauge(
        "triune_journal_unsettled",
        "Entries that only this machine's disk has, since the database is away",
        lambda: journal.figures().durable - journal.figures().settled,
    )
    metrics.gauge(
        "triune_journal_failing", "Whether the journal's last write failed", lambda: int(journal.figures().failing)
    )
    metrics.gauge(
        "triune_standings_missed", "Arrivals let in without being known in time", lambda: core.reception.missed
    )
    metrics.gauge("triune_history_lag", "Durable entries that the history lacks yet", lambda: history.lag)


def _measure_gate(metrics: Metrics, gate: Gate) -> None:
    metrics.gauge(
        "triune_calls_refused", "Calls refused at the entry since the start, by reason", gate.refused, label="reason"
    )
    metrics.gauge(
        "triune_load_percent", "Of what the engine bears, the worst of its measurements", lambda: gate.judgement.percent
    )
    metrics.gauge(
        "triune_load_level",
        "How the engine stands: 1 at one of the levels",
        lambda: {level.value: int(level is gate.judgement.level) for level in Level},
        label="level",
    )
