"""A centre's Asterisk and its emulated carrier, started without engine and IVR, and the carrier's manager line."""

import asyncio
import subprocess
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from cti import config, shipped
from cti.dialplan import render
from cti.home import Home, NodePaths, Settings
from cti.setup import asterisk
from cti.setup.asterisk import AsteriskInstall
from cti.supervise import parts
from cti.supervise.supervisor import Supervisor
from tests.running import PATIENCE_S, free_port_base


def free_home(path: Path) -> Home:
    """A demo home on ports of its own."""
    return Home.make(path, Settings(port_base=free_port_base(), demo=True))


@dataclass(frozen=True, slots=True, kw_only=True)
class Nodes:
    """Both Asterisks of a home."""

    home: Home
    install: AsteriskInstall
    pids: dict[str, int]

    def console(self, node: NodePaths, command: str) -> str:
        """What a console command answers."""
        done = subprocess.run(
            self.install.console_command(node.conf, command),
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
            check=True,
        )
        return done.stdout

    def log(self, part: str) -> str:
        return self.home.log(part).read_text(encoding="utf-8", errors="replace")


@asynccontextmanager
async def running(path: Path, *, more: str = "", max_calls: int = 500) -> AsyncIterator[Nodes]:
    """Start both, and end them. `more` is added to the demo's centre file."""
    home = free_home(path)
    install = asterisk.find()
    text = (shipped.asterisk_conf() / "centre.yaml").read_text(encoding="utf-8")
    impatient = text.replace("    wrap_up_limit_s: 60\n", "    wrap_up_limit_s: 60\n    fallback: {after_s: 5}\n")
    assert impatient != text
    limited = impatient.replace("max_calls: 500\n", f"max_calls: {max_calls}\n")
    centre = config.parse(limited + more, file="centre.yaml")
    render.render_centre(centre, home, install)
    render.render_carrier(home, install)
    wanted = [part for part in parts.of(home, install) if part.name in ("asterisk", "carrier")]
    supervisor = Supervisor(wanted, run_dir=home.path / "run", told=lambda _: None)
    try:
        await supervisor.bring_up()
        yield Nodes(home=home, install=install, pids=supervisor.pids)
    finally:
        await supervisor.stop()


Message = dict[str, str]


@dataclass(slots=True, kw_only=True)
class Carrier:
    """The carrier's manager line: calls in, and what became of the calls."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    seen: list[Message] = field(default_factory=list)

    def call(self, number: str, **variables: str) -> str:
        """Call a number of the centre as LABEL; returns the label."""
        label = f"{number}-{len(self.seen)}"
        lines = [
            "Action: Originate",
            "Async: true",
            f"Channel: PJSIP/{number}@centre",
            "Context: to-centre",
            "Exten: s",
            "Priority: 1",
            "CallerID: +79161234567",
            "Timeout: 30000",
            *(f"Variable: {name}={value}" for name, value in {"LABEL": label, **variables}.items()),
        ]
        self.writer.write("\r\n".join([*lines, "", ""]).encode())
        return label

    def states(self, label: str) -> list[str]:
        """What happened to that call so far: answered, heard, ended."""
        return [message["State"] for message in self.seen if message.get("Label") == label]

    async def until(self, seen: Callable[[], bool], *, within_s: float = PATIENCE_S) -> None:
        """Read on until `seen`."""
        async with asyncio.timeout(within_s):
            while not seen():
                self.seen.append(await self._read())

    async def _read(self) -> Message:
        message = {}
        while line := (await self.reader.readline()).decode().strip():
            name, _, value = line.partition(": ")
            message[name] = value
        return message


@asynccontextmanager
async def carrier(home: Home) -> AsyncIterator[Carrier]:
    """Sign in to the carrier's manager."""
    reader, writer = await asyncio.open_connection(home.ports.CARRIER_ADDRESS, home.ports.carrier_ami)
    await reader.readline()
    login = f"Action: Login\r\nUsername: demo\r\nSecret: {home.secrets.carrier_ami_password}\r\n\r\n"
    writer.write(login.encode())
    line = Carrier(reader=reader, writer=writer)
    try:
        await line.until(lambda: any(message.get("Response") == "Success" for message in line.seen))
        yield line
    finally:
        writer.close()
        await writer.wait_closed()
