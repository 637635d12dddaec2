"""The standby's part of `recovery`: the leader dies by kill -9, how soon does the other engine ring an agent.

Two engines of one home on one machine, the journal in a PostgreSQL of the benchmark's own: the supervisor's engine, and
one that is started here on another port. Each leads in turn: the leader is killed, its successor rings the agent who
asked all the while, and the dead one comes again as the standby. What agents use is one address for both, which leads
to whoever is to serve next, as a load balancer would. Counted as for a restart: from the kill to the INVITE at the
agent's phone. Called by `cti.bench.recovery`.
"""

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any, Final

import httpx

from cti.bench import answering, crowd, sipp, stage
from cti.bench.probe import Probe, probe
from cti.bench.sipp import Phones
from cti.bench.stage import Stage
from cti.bench.virtual.postgres import server
from cti.demo.desks import Desks
from cti.errors import OutsideError, SetupFailed
from cti.home import PortPlan
from cti.supervise import process

TALKING: Final = 10
WAITING: Final = 20
ROUNDS: Final = 10
PROBES: Final = 4
_ROUND_LIMIT_S: Final = 60.0
_LARGEST: Final = 65_536

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Takeovers:
    """What came of it."""

    routes_s: Sequence[float]
    """Of each round: from the kill to the INVITE. Empty when it was skipped."""
    lost: int = 0
    """Channels that were there before the first kill and not after the last."""
    skipped: str = ""
    """Why nothing was measured."""


async def measure(
    say: Say,
    *,
    rounds: int = ROUNDS,
    talking: int = TALKING,
    waiting: int = WAITING,
    port_base: int = stage.PORT_BASE,
) -> Takeovers:
    """Kill so often; skipped where there is no PostgreSQL. Raises OutsideError, SetupFailed when it cannot measure."""
    async with AsyncExitStack() as stack:
        try:
            say("starting PostgreSQL")
            url = stack.enter_context(server())
        except SetupFailed as error:
            return Takeovers(routes_s=(), skipped=str(error))
        say(f"a centre with its journal in PostgreSQL, {talking} talk, {waiting} wait")
        centre = await stack.enter_async_context(
            stage.running(agents=talking + PROBES, port_base=port_base, database=url)
        )
        front = await stack.enter_async_context(_front(port_base + 60, to=centre.home.ports.web))
        probes = await _fill(centre, stack, front.web, talking=talking, waiting=waiting)
        second = await stack.enter_async_context(_second(centre, port=port_base + 61))
        leader: _Engine = _Supervised(centre)
        standby: _Engine = second
        before = await crowd.channels(centre)
        found = []
        for number in range(rounds):
            found.append(await _round(leader, standby, front, probes[number % PROBES]))
            say(f"standby, round {number + 1} of {rounds}: routed {found[-1]:.2f} s")
            leader, standby = standby, leader
        return Takeovers(routes_s=found, lost=before - await crowd.channels(centre))


async def _fill(centre: Stage, stack: AsyncExitStack, web: str, *, talking: int, waiting: int) -> list[Probe]:
    """Everyone talks, callers wait, and the probes are signed in."""
    talk_ms = round(crowd.FOREVER_S * 1000)
    await stack.enter_async_context(Phones(centre.folder, port=centre.phones_port, talk_ms=talk_ms))
    phone = await stack.enter_async_context(
        answering.answering(sipp.PHONES, port=centre.phones_port + 8, refusal=answering.BUSY)
    )
    await centre.place_phones()
    talkers = await stack.enter_async_context(Desks(web, centre.people[:talking], wrap_s=1.0))
    await talkers.ready(limit_s=90)
    busy = centre.people[talking:]
    await stack.enter_async_context(Desks(web, busy, works=False))
    probes = [await stack.enter_async_context(probe(centre, phone, person, web=web)) for person in busy]
    await crowd.call(centre, stack, port=centre.callers_port, calls=talking)
    await crowd.until_channels(centre, 2 * talking)
    await crowd.call(centre, stack, port=centre.callers_port + 700, calls=waiting)
    await crowd.until_channels(centre, 2 * talking + waiting)
    return probes


async def _round(leader: "_Engine", standby: "_Engine", front: "_Front", asks: Probe) -> float:
    """Seconds from the leader's death to the INVITE. Raises OutsideError."""
    await _stand(leader, standby)
    await asks.registers()
    loop = asyncio.get_running_loop()
    rung = asks.rung()
    front.to = standby.port
    killed = loop.time()
    leader.kill()
    try:
        async with asyncio.timeout(_ROUND_LIMIT_S):
            await asks.wishes()
            routed = (await rung).at
    except TimeoutError:
        raise OutsideError(f"Nobody is routed {_ROUND_LIMIT_S:g} s after the kill. {asks.trouble}".rstrip()) from None
    await asks.rests()
    await leader.returns()
    return routed - killed


async def _stand(leader: "_Engine", standby: "_Engine") -> None:
    """Until one leads, with the switch, and the other is the standby of its reign. Raises OutsideError."""

    async def both() -> bool:
        first, other = await _health(leader.port), await _health(standby.port)
        leads = bool(first.get("leads") and first.get("switch"))
        return leads and other.get("standby") is True and other.get("epoch") == first.get("epoch")

    await crowd.until(both, otherwise="there are not a leader and its standby")


async def _health(port: int) -> Mapping[str, Any]:
    """What an engine says of itself; nothing when it does not answer."""
    try:
        async with httpx.AsyncClient(trust_env=False, timeout=2) as http:
            found: Mapping[str, Any] = (await http.get(f"http://{PortPlan.CENTRE_ADDRESS}:{port}/healthz")).json()
            return found
    except (httpx.HTTPError, ValueError):
        return {}


# -- the engines -------------------------------------------------------------------------------------------------------


class _Supervised:
    """The centre's own; its supervisor brings it back."""

    def __init__(self, centre: Stage) -> None:
        self._home = centre.home
        self.port = centre.home.ports.web

    def kill(self) -> None:
        """Raises OutsideError when it does not run."""
        found = process.recall("engine", folder=self._home.path / "run")
        if found is None:
            raise OutsideError("The engine to be killed does not run.")
        os.kill(found.pid, signal.SIGKILL)

    async def returns(self) -> None:
        """Nothing is to be done for that."""


class _Second:
    """The one that is started here."""

    def __init__(self, centre: Stage, *, port: int) -> None:
        self.port = port
        self._centre = centre
        self._process: asyncio.subprocess.Process | None = None

    def kill(self) -> None:
        """Gone already is success."""
        if self._process is not None and self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                self._process.kill()

    async def returns(self) -> None:
        """Start it, once the one before has ended."""
        await self.ended()
        with (self._centre.folder / "second.log").open("ab") as output:
            self._process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "cti", "engine", "--home", str(self._centre.home.path)),
                *("--web-port", str(self.port)),
                stdout=output,
                stderr=output,
                start_new_session=True,
            )

    async def ended(self) -> None:
        """Wait for its end, if it was started."""
        if self._process is not None:
            await self._process.wait()


_Engine = _Supervised | _Second


@contextlib.asynccontextmanager
async def _second(centre: Stage, *, port: int) -> AsyncIterator[_Second]:
    made = _Second(centre, port=port)
    await made.returns()
    try:
        yield made
    finally:
        made.kill()
        await made.ended()


# -- one address for both ----------------------------------------------------------------------------------------------


class _Front:
    """Hands each connection to the engine that is to serve; who is there already stays."""

    def __init__(self, port: int, *, to: int) -> None:
        self.to = to
        """The port of that engine."""
        self.web = f"http://{PortPlan.CENTRE_ADDRESS}:{port}"

    async def take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection; both ends are closed with it."""
        with contextlib.suppress(OSError):
            far_reader, far_writer = await asyncio.open_connection(PortPlan.CENTRE_ADDRESS, self.to)
            await asyncio.gather(_hand_on(reader, far_writer), _hand_on(far_reader, writer), return_exceptions=True)
        writer.close()


async def _hand_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while data := await reader.read(_LARGEST):
            writer.write(data)
            await writer.drain()
    finally:
        writer.close()


@contextlib.asynccontextmanager
async def _front(port: int, *, to: int) -> AsyncIterator[_Front]:
    made = _Front(port, to=to)
    taken = await asyncio.start_server(made.take, PortPlan.CENTRE_ADDRESS, port)
    try:
        yield made
    finally:
        taken.close()
