"""The composition root: the only module that knows every part. `cti engine` runs what is put together here.

Here: what stands behind which port, the order of start and stop, and signals. Not here: the making of whole subjects
(`cti.wiring`). Nothing is decided in either.

An engine is put together whole before it asks for the lead, and writes, listens and connects only when it has it: one
that must wait is a spare (`cti.spare`) and has nothing left to do then but to begin.
"""

import asyncio
import contextlib
import logging
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

import click
import uvloop
from uvicorn import Server

from cti import logs, rules, seat, spare
from cti.asterisk.ledger import Ledger
from cti.asterisk.switch import AsteriskSwitch
from cti.callable import may_be_called_back
from cti.calling import is_denied
from cti.crm.accounts import StoredAccounts
from cti.dialplan.loaders import IvrLoader
from cti.dialplan.releases import Releases
from cti.domain.acd import snapshot
from cti.engine import people
from cti.engine.desks import HotDesks
from cti.engine.engine import Engine
from cti.engine.gate import Gate
from cti.engine.recovery import Follower
from cti.engine.tasks import Supervised
from cti.errors import OutsideError
from cti.home import Home
from cti.recordings.office import RecordingOffice
from cti.review.beside import Storyteller, Watch
from cti.seat import Seat
from cti.setup import asterisk
from cti.store.desks import StoredDesks
from cti.store.recordings import StoredRecordings
from cti.uptake import EngineUptake
from cti.web.app import Front, create_app
from cti.web.server import bound, make_server
from cti.wiring import gauges, telephony
from cti.wiring.dialling import Dialling
from cti.wiring.enrolment import DirectoryEnrolment
from cti.wiring.ground import Ground
from cti.wiring.posts import Posts

log = logging.getLogger(__name__)

DEPOSED: Final = 75
"""The exit code of an engine that does not lead any more (EX_TEMPFAIL: to be started again)."""
PORT_LIMIT_S: Final = 2.0
"""How long the port of an engine that has just died may still be taken."""
SWITCH_INTERVAL_S: Final = 0.0002
"""How long a thread of the database may keep the interpreter when the loop wants it; Python's own is 5 ms."""
UI: Final = Path(__file__).parent / "web" / "ui" / "dist"


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
    async with contextlib.AsyncExitStack() as stack:
        ground = Ground.laid(home, seat, stack)
        made = await _Made.on(ground, stack)
        server = made.server()
        follower = Follower()
        await seat.awaited(follower, database=ground.database, made_of=made_of)
        listener = seat.listener = seat.listener or await _listener(home, port)
        stack.callback(listener.close)
        await made.begin(follower, stack)
        serving = asyncio.create_task(server.serve(sockets=[listener]))
        try:
            yield serving
        finally:
            server.should_exit = True
            await serving


@dataclass(frozen=True, slots=True, kw_only=True)
class _Made:
    """An engine with all its parts, put together and not begun."""

    ground: Ground
    switch: AsteriskSwitch
    engine: Engine
    dialling: Dialling
    posts: Posts
    ledger: Ledger
    recordings: RecordingOffice
    desks: HotDesks
    enrolment: DirectoryEnrolment
    releases: Releases
    watch: Watch
    prepare_sounds: Callable[[], None]

    @classmethod
    async def on(cls, ground: Ground, stack: contextlib.AsyncExitStack) -> Self:
        """Raises SetupFailed, ConfigError."""
        sounds, prepare_sounds = await stack.enter_async_context(telephony.sounds_of(ground))
        dialling = Dialling.on(ground)
        told = telephony.Told(
            particulars=lambda contact_id: core.particulars(contact_id),  # noqa: PLW0108 - it is made below
            callee=dialling.feeder.callee,
        )
        switch = telephony.make_switch(ground, sounds, told)
        core = _engine(ground, switch, dialling)
        posts = await Posts.on(ground, core, switch)
        ledger = telephony.make_ledger(ground, switch, core)
        recordings = _recordings(ground, switch, core)
        desks = _desks(ground, switch, core)
        enrolment = DirectoryEnrolment(core, ground.directory)
        releases = await _releases(ground, switch, core, renewed=prepare_sounds)
        return cls(
            ground=ground,
            switch=switch,
            engine=core,
            dialling=dialling,
            posts=posts,
            ledger=ledger,
            recordings=recordings,
            desks=desks,
            enrolment=enrolment,
            releases=releases,
            watch=Watch(ground.journal, snapshot=lambda: snapshot(core.state), metrics=ground.metrics),
            prepare_sounds=prepare_sounds,
        )

    def server(self) -> Server:
        """The web of it, not serving yet."""
        ground, engine, posts, dialling = self.ground, self.engine, self.posts, self.dialling
        settings = ground.home.settings
        front = Front(
            signing_key=ground.home.secrets.session_key,
            ivr_token=ground.home.secrets.engine_token,
            softphone_ws_url=telephony.softphone_ws_url(ground),
            secure_cookies=settings.tls_cert is not None,
            ui_dir=UI if UI.is_dir() else None,
            sip_target=telephony.switch_ws_url(ground),
            shop=bool(settings.demo),
        )
        app = create_app(
            front=front,
            engine=engine,
            hub=ground.hub,
            people=ground.directory,
            history=ground.history,
            reasons=Storyteller(ground.home.journal if ground.seat.lease is None else ground.home.path),
            accounts=StoredAccounts(ground.database),
            enrolment=self.enrolment,
            centre=ground.centre,
            metrics=ground.metrics,
            templates=self.releases,
            chats=posts.chats,
            mail=posts.mail_desk,
            surveys=posts.surveys,
            voicemail=posts.voicemail_desk,
            calls=dialling.calls(engine),
            campaigns=dialling.campaigns,
            recordings=self.recordings,
            desks=self.desks,
            reign=lambda: ground.seat.reign(ground.journal),
        )
        return make_server(app, cert=_path(settings.tls_cert), key=_path(settings.tls_key))

    async def begin(self, follower: Follower, stack: contextlib.AsyncExitStack) -> None:
        """This process leads: write, connect, take in; `stack` ends it all, the last begun first."""
        ground, engine, tasks = self.ground, self.engine, Supervised()
        await ground.begin(tasks, stack)
        self.prepare_sounds()
        directory = ground.directory
        await engine.start(persons=await directory.everyone(), phones=await directory.phones(), follower=follower)
        stack.push_async_callback(engine.stop)
        gate = Gate(
            loop=engine.loop,
            journal=ground.journal,
            entrances=(self.switch.entrance,),
            bounds=lambda: rules.bounds(ground.centre),
            told=ground.hub.refusing_changed,
            now=engine.now,
        )
        tasks.start("gate", gate.run)
        gauges.measure_gate(ground, gate)
        tasks.start("desks", self.desks.run)
        tasks.start("queue log", self.ledger.writer.run)
        tasks.start("occupation", self.ledger.occupation.run)
        stack.push_async_callback(self.ledger.stop)
        self.recordings.start(tasks.start)
        stack.push_async_callback(self.recordings.stop)
        tasks.start("directory", self.enrolment.keep_reading)
        self.dialling.begin(engine, tasks, stack)
        self.posts.begin(tasks, stack)
        if ground.home.asterisk.etc.exists():  # else the switch, and the keeping of its files, is another host's
            tasks.start("releases", self.releases.keep_house)
        tasks.start("watch", self.watch.run)
        gauges.measure_engine(ground, engine)


def _engine(ground: Ground, switch: AsteriskSwitch, dialling: Dialling) -> Engine:
    centre = ground.centre
    return Engine(
        rules=(*rules.events(centre), *rules.campaigns(centre)),
        switches={telephony.NODE: switch},
        journal=ground.journal,
        desktops=ground.hub,
        keeper=ground.keeper,
        enrolled=rules.enrolment(centre),
        address_key=people.keyed(ground.home.secrets.session_key.encode()),
        customers=ground.customers,
        regards=rules.regards(centre),
        callable_back=lambda number: (
            may_be_called_back(number, countries=centre.callback_countries) and not is_denied(number, centre.calling)
        ),
        rung=dialling.clicks.rung,
        callees=dialling.feeder,
        campaign_number=lambda campaign_id: telephony.campaign_number(centre, campaign_id),
        leadership=ground.seat.leadership,
    )


def _recordings(ground: Ground, switch: AsteriskSwitch, engine: Engine) -> RecordingOffice:
    office = RecordingOffice(
        ground.home,
        centre=ground.centre,
        shelf=StoredRecordings(ground.database),
        monitors=lambda node: switch.monitor if node == telephony.NODE else None,
        state=lambda: engine.state,
        now=lambda: engine.now(),  # noqa: PLW0108 - its clock is made by its start
        changed=ground.hub.recording_changed,
        metrics=ground.metrics,
    )
    ground.hub.followers.append(office.decided)
    return office


def _desks(ground: Ground, switch: AsteriskSwitch, engine: Engine) -> HotDesks:
    desks = HotDesks(
        engine=engine,
        book=StoredDesks(ground.database),
        switch=switch.seats,
        extension=switch.extension_of,
        desks=lambda: {key: ground.home.desk_secret(key) for key in ground.centre.desks},
    )
    ground.hub.followers.append(desks.decided)
    return desks


async def _releases(ground: Ground, switch: AsteriskSwitch, engine: Engine, *, renewed: Callable[[], None]) -> Releases:
    """Versions of the templates, and those who take them up."""
    home = ground.home
    uptake = EngineUptake(home, centre=ground.centre, engine=engine, directory=ground.directory, renewed=renewed)
    return Releases(
        home,
        await asyncio.to_thread(asterisk.find, _path(home.settings.asterisk)),
        host=switch.dialplan,
        loaders=(IvrLoader(home), uptake),
        drained=uptake.drained,
    )


async def _listener(home: Home, port: int) -> socket.socket:
    """The web's socket; an engine that is just dying is waited for. Raises OutsideError when the port is another's."""
    listener = await bound(home.settings.listen, port, within_s=PORT_LIMIT_S)
    if listener is None:
        raise OutsideError(f"Port {port} is another program's. End that, or give the engine another --web-port.")
    return listener


def _path(name: str | None) -> Path | None:
    return Path(name) if name is not None else None
