"""A centre of the benchmark's own: a temporary home, many agents with static phones, `cti up`, and the plain side.

The plain side is app_queue in the same Asterisk: two numbers, two queues and one manager user, added to the running
configuration of this home only. So both sides share the machine, the switch, the phones and the moment.

Theory of operation. People, customers and the centre file are put in place before the start; the phones get a fixed
contact over ARI afterwards, since they live on one port of SIPp and register nowhere.
"""

import asyncio
import base64
import contextlib
import logging
import os
import secrets
import shutil
import signal
import sys
import tempfile
import urllib.error
import urllib.request
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import msgspec
import yaml

from cti import config, endpoints, prompts, shipped, variables
from cti.config import Language
from cti.crm.accounts import hashed
from cti.database import open_database
from cti.domain.events import SkillLevel
from cti.domain.ids import AgentId, ProjectId, SkillId
from cti.errors import OutsideError, SetupFailed
from cti.home import DemoAgent, Home, JournalPlace, Settings
from cti.ports import Person, Role
from cti.setup import asterisk
from cti.setup.asterisk import AsteriskInstall
from cti.store import demo
from cti.store.directory import SYSTEM, Directory
from cti.store.schema import upgrade_database

log = logging.getLogger(__name__)

PORT_BASE: Final = 17_000
QUEUE: Final = "bench"
WITH_PROMPT: Final = "+78005550300"
"""IVR with one prompt, then the ACD."""
DIRECT: Final = "+78005550301"
"""Straight to the ACD."""
PLAIN: Final = "+78005550310"
"""Answer, the same prompt, app_queue with `FEW` members."""
PLAIN_WIDE: Final = "+78005550311"
"""The same with every agent as a member."""
FEW: Final = 100
FIRST_EXTENSION: Final = 1001
READER: Final = "bench-reader"
_START_LIMIT_S: Final = 120.0
_MOST_CALLS: Final = 2000
NEVER: Final = {"loop_ms": 60_000, "mailbox_ms": 60_000, "journal_ms": 60_000, "switch_ms": 60_000}
"""Bounds of overload that are not reached: benchmarks find what the centre bears, without being stopped by it."""
_PROMPT: Final = "Welcome. We connect you now."


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """A centre that runs."""

    home: Home
    folder: Path
    """For the far side's files."""
    install: AsteriskInstall
    people: tuple[DemoAgent, ...]
    reader_secret: str
    up_pid: int

    @property
    def sip(self) -> str:
        """Where the centre takes calls."""
        return f"{self.home.ports.CENTRE_ADDRESS}:{self.home.ports.sip}"

    @property
    def phones_port(self) -> int:
        """Where the phones are."""
        return self.home.ports.base + 20

    @property
    def callers_port(self) -> int:
        """Where callers call from, on their own address; their audio stands above."""
        return self.home.ports.base + 50

    def pids(self) -> dict[str, int]:
        """Pid of each process that serves; the emulated carrier is not there."""
        found = endpoints.read(self.home.endpoints_file).pids
        return {
            "asterisk": found.asterisk,
            "engine": found.engine,
            "ivr": found.ivr,
            "supervisor": found.supervisor,
        }

    def engines(self) -> tuple[int, int | None]:
        """Pids of the engine and of the spare that could take over, if there is one."""
        found = endpoints.read(self.home.endpoints_file).pids
        return found.engine, found.spare

    async def console(self, command: str) -> str:
        """What a console command of the centre's Asterisk answers."""
        process = await asyncio.create_subprocess_exec(
            *self.install.console_command(self.home.asterisk.conf, command), stdout=asyncio.subprocess.PIPE
        )
        output, _ = await process.communicate()
        return output.decode(errors="replace")

    async def quiet(self, *, within_s: float = 30.0) -> None:
        """Wait until no channel is left. Raises OutsideError."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + within_s
        while "0 active channels" not in await self.console("core show channels count"):
            if loop.time() > deadline:
                raise OutsideError("Calls of the last segment do not end.")
            await asyncio.sleep(0.3)

    async def place_phones(self, *, within_s: float = 40.0) -> None:
        """Give every agent's SIP phone its fixed contact, and wait until Asterisk reaches all. Raises OutsideError.

        The contacts are gone as soon as the engine makes the lines anew, as it does after its start.
        """
        await asyncio.to_thread(self._place_phones)
        loop = asyncio.get_running_loop()
        deadline = loop.time() + within_s
        while (reached := (await self.console("pjsip show contacts")).count(" Avail ")) < len(self.people):
            if loop.time() > deadline:
                raise OutsideError(f"Asterisk reaches {reached} of {len(self.people)} phones.")
            await asyncio.sleep(0.5)

    def _place_phones(self) -> None:
        user = f"{self.home.secrets.ari_user}:{self.home.secrets.ari_password}"
        headers = {
            "Authorization": "Basic " + base64.b64encode(user.encode()).decode(),
            "Content-Type": "application/json",
        }
        for index in range(len(self.people)):
            name = variables.agent_endpoint(str(FIRST_EXTENSION + index))
            contact = f"sip:{name}@{self.home.ports.CENTRE_ADDRESS}:{self.phones_port}"
            body = msgspec.json.encode({"fields": [{"attribute": "contact", "value": contact}]})
            request = urllib.request.Request(  # noqa: S310 - the home's own loopback address
                f"{self.home.ari_url}/ari/asterisk/config/dynamic/res_pjsip/aor/{name}",
                data=body,
                headers=headers,
                method="PUT",
            )
            try:
                urllib.request.urlopen(request, timeout=5).close()  # noqa: S310 - as above
            except urllib.error.URLError as error:
                raise OutsideError(f"Asterisk takes no contact for {name}: {error}.") from error


@contextlib.asynccontextmanager
async def running(
    *,
    agents: int,
    port_base: int = PORT_BASE,
    carrier: bool = False,
    adjust: Callable[[dict[str, Any]], None] = lambda _centre: None,
    prepare: Callable[[Home], None] = lambda _home: None,
    options: Sequence[str] = (),
    database: str | None = None,
) -> AsyncIterator[Stage]:
    """Make a home with that many agents, start it, add the plain side; end and remove all of it afterwards.

    `carrier`: with the emulated carrier. `adjust` may change the centre file before it is written, `prepare` the home
    before it is started (in a thread); `options` are those of `cti up` besides. `database`: the URL of a PostgreSQL
    that has the history and the journal, too.
    """
    path = Path(tempfile.mkdtemp(prefix="triune-bench-"))
    try:
        kept = JournalPlace.HOME if database is None else JournalPlace.DATABASE
        settings = Settings(
            port_base=port_base, demo=carrier, database=database, journal=kept, spare=kept is JournalPlace.HOME
        )
        home = Home.make(path / "home", settings)
        _write_centre(home, adjust)
        people = await _enrol(home, agents)
        await asyncio.to_thread(prepare, home)
        install = asterisk.find()
        async with _up(home, options) as pid:
            secret = secrets.token_urlsafe(18)
            stage = Stage(home=home, folder=path, install=install, people=people, reader_secret=secret, up_pid=pid)
            await _add_plain_side(stage)
            yield stage
    finally:
        shutil.rmtree(path, ignore_errors=True)


def _write_centre(home: Home, adjust: Callable[[dict[str, Any]], None]) -> None:
    """The shipped centre, a queue without wrap-up and two numbers more."""
    centre = yaml.safe_load((shipped.asterisk_conf() / "centre.yaml").read_text(encoding="utf-8"))
    centre["skills"][QUEUE] = _in_both("Bench")
    centre["queues"][QUEUE] = {
        "name": _in_both("Bench"),
        "project": "telecom",
        "ring_limit_s": 15,
        "wrap_up_limit_s": 0,
        "requirements": {QUEUE: {"level": 1}},
    }
    centre["prompts"][QUEUE] = _in_both(_PROMPT)
    centre["hours"][QUEUE] = {
        "tz": "Etc/UTC",
        "weekly": {"sun": "00:00-00:01"},  # closed but for a minute a week, and then it is the queue without the prompt
        "open": f"queue {QUEUE}",
        "closed_prompt": QUEUE,
        "closed": f"queue {QUEUE}",
    }
    centre["numbers"][WITH_PROMPT] = {"to": f"hours {QUEUE}", "project": "telecom", "about": _in_both("bench")}
    centre["numbers"][DIRECT] = {"to": f"queue {QUEUE}", "project": "telecom", "about": _in_both("bench")}
    centre["limits"].update({"max_calls": _MOST_CALLS, "calls_per_s": _MOST_CALLS, "overload": NEVER})
    adjust(centre)
    text = yaml.safe_dump(centre, allow_unicode=True, sort_keys=False)
    config.parse(text, file="the benchmark's centre")
    home.centre_file.write_text(text, encoding="utf-8")


def _in_both(text: str) -> dict[str, str]:
    return {"en": text, "ru": text}


async def _enrol(home: Home, agents: int) -> tuple[DemoAgent, ...]:
    """The demo's people and customers, and the benchmark's agents with a skill of their own."""
    database = open_database(home.database_url)
    try:
        await asyncio.to_thread(upgrade_database, database)
        directory = Directory(database)
        await directory.adopt(config.load(home.centre_file))
        known = {
            person.login: demo.Credentials(password=secrets.token_urlsafe(9), sip_secret=secrets.token_urlsafe(9))
            for person in demo.PEOPLE
        }
        await demo.seed(database, known, pin_hash=await asyncio.to_thread(hashed, demo.PIN))
        people = []
        for index in range(agents):
            extension = str(FIRST_EXTENSION + index)
            entry = DemoAgent(
                login=f"bench{extension}",
                password=secrets.token_urlsafe(9),
                extension=extension,
                sip_password=secrets.token_urlsafe(9),
            )
            people.append(entry)
            person = _agent(entry.login, extension)
            await directory.add(person, entry.password, actor=SYSTEM, sip_secret=entry.sip_password)
        return tuple(people)
    finally:
        await database.close()


def _agent(login: str, extension: str) -> Person:
    return Person(
        agent_id=AgentId(""),
        login=login,
        name=f"Agent {extension}",
        role=Role.AGENT,
        project_ids=(ProjectId("telecom"),),
        extension=extension,
        language="en",
        skills=(SkillLevel(skill_id=SkillId(QUEUE), level=5),),
        active=True,
    )


@contextlib.asynccontextmanager
async def _up(home: Home, options: Sequence[str]) -> AsyncIterator[int]:
    """`cti up` until all is up; ended afterwards as by Ctrl-C."""
    output = home.path.parent / "up.out"
    with output.open("wb") as file:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "cti", "up", "--home", str(home.path), *options),
            stdout=file,
            stderr=file,
            start_new_session=True,
        )
    try:
        loop = asyncio.get_running_loop()
        deadline = loop.time() + _START_LIMIT_S
        while not home.endpoints_file.exists():
            if process.returncode is not None or loop.time() > deadline:
                raise SetupFailed(f"The benchmark's centre does not start: {output.read_text()[-500:]}")
            await asyncio.sleep(0.1)
        yield process.pid
    finally:
        if process.returncode is None:
            os.kill(process.pid, signal.SIGINT)
        await process.wait()


async def _add_plain_side(stage: Stage) -> None:
    """app_queue, its numbers and a manager user that reads calls."""
    etc = stage.home.asterisk.etc
    prompt = _prompt(stage.home)
    _append(etc / "queues.conf", "\n".join(_queue(name, count) for name, count in _queues(stage).items()))
    numbers = {PLAIN: "plain", PLAIN_WIDE: "plain-wide"}
    lines = [f"[{variables.CONTEXT_TRUNK}](+)"]
    for number, queue in numbers.items():
        lines += [
            f"exten => {number},1,Answer(,i)",
            f" same => n,Playback({prompt})",
            f" same => n,Queue({queue},,,,60)",
            " same => n,Hangup()",
        ]
    _append(etc / "extensions.conf", "\n".join(lines))
    reader = [f"[{READER}]", f"secret = {stage.reader_secret}", "read = all", "write = reporting"]
    _append(etc / "manager.conf", "\n".join(reader))
    for name in ("app_queue", "pbx_config"):
        await stage.console(f"module reload {name}.so")
    await stage.console("manager reload")
    if PLAIN not in await stage.console(f"dialplan show {PLAIN}@{variables.CONTEXT_TRUNK}"):
        raise SetupFailed("The plain side could not be added to Asterisk's dialplan.")


def _queues(stage: Stage) -> dict[str, int]:
    return {"plain": min(FEW, len(stage.people)), "plain-wide": len(stage.people)}


def _queue(name: str, members: int) -> str:
    lines = [
        f"[{name}]",
        "strategy = rrmemory",
        "autofill = yes",
        "ringinuse = no",
        "timeout = 15",
        "retry = 1",
        "wrapuptime = 0",
        "musicclass = default",
        "joinempty = yes",
        "announce-frequency = 0",
    ]
    names = (variables.agent_endpoint(str(FIRST_EXTENSION + index)) for index in range(members))
    return "\n".join([*lines, *(f"member => PJSIP/{name}" for name in names), ""])


def _append(path: Path, text: str) -> None:
    with path.open("a", encoding="utf-8") as file:
        file.write(f"\n{text}\n")


def _prompt(home: Home) -> str:
    """The sound that the IVR plays, as Asterisk names it."""
    centre = config.load(home.centre_file)
    maker = prompts.Prompts(home.prompts, speech=prompts.Speech.find())
    try:
        return maker.sound(centre.prompts[QUEUE], Language.EN)
    finally:
        maker.close()


def customers(count: int = demo.CUSTOMERS) -> Sequence[str]:
    """Numbers of known customers of the telecom."""
    return [demo.phone(number) for number in range(1, min(count, 160) + 1)]
