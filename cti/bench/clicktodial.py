"""`clicktodial`: click → INVITE at the agent's phone, beside a bare AMI `Originate` of the same phone in the same run.

The click is an HTTP request as a page sends it, with every question answered before it rings: who asks, may he, may
this number be called, is it on the do-not-call list. Beside it `Originate` with a dialplan that does nothing but
`Dial()` the number once the agent has answered. Both take turns on the same phones. Phone and carrier are UDP sockets
of this process, so one clock sees every instant: the click, the INVITE at the phone, its answer, the INVITE at the
carrier, which is busy, so that both sides end by themselves. Called by `cti.bench.commands`.
"""

import asyncio
import itertools
import secrets
import statistics
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Final

import httpx
import msgspec

from cti import variables
from cti.bench import stage
from cti.bench.answering import BUSY, Answering, Invited, answering
from cti.bench.result import Result, percentile
from cti.bench.sipp import CALLERS, PHONES
from cti.bench.stage import Stage
from cti.demo.desks import Desks
from cti.demo.manager import Manager
from cti.errors import OutsideError
from cti.home import DemoPerson
from cti.store import demo

NAME: Final = "clicktodial"
AGENTS: Final = 10
PAIRS: Final = 200
WARM_UP: Final = 10
RINGS_S: Final = 0.1
"""How long the agent lets it ring: no hand is faster, and what the click set off is over by then, on either side."""
_CONTEXT: Final = "bench-click"
_MANAGER: Final = "bench-click"
_LIMIT_S: Final = 10.0
_REST_S: Final = 0.12
"""Between calls: the last one's end is not to be measured with the next one."""

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Took:
    """One call; ms."""

    ring: float
    """From the click until the INVITE is at the phone."""
    customer: float
    """From the phone's answer until the INVITE is at the carrier."""


class Clicker:
    """One agent's connection to the API, as a page keeps it open."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, token: str) -> None:
        self._reader = reader
        self._writer = writer
        self._token = token

    async def post(self, path: str, body: object) -> tuple[int, bytes]:
        """Status and body of the answer; the request leaves before this first waits."""
        content = msgspec.json.encode(body)
        head = (
            f"POST /api/v1{path} HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer {self._token}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(content)}\r\n\r\n"
        )
        self._writer.write(head.encode() + content)
        answer = (await self._reader.readuntil(b"\r\n\r\n")).decode()
        length = next(
            int(line.partition(":")[2]) for line in answer.split("\r\n") if line.lower().startswith("content-length:")
        )
        return int(answer.split(" ", 2)[1]), await self._reader.readexactly(length)

    def close(self) -> None:
        """Hang up the connection."""
        self._writer.close()


async def measure(say: Say, *, port_base: int = stage.PORT_BASE) -> Result:
    """Run the benchmark, some two minutes. Raises OutsideError, SetupFailed when it cannot measure."""
    say(f"making a centre with {AGENTS} agents")
    async with AsyncExitStack() as stack:
        centre = await stack.enter_async_context(stage.running(agents=AGENTS, port_base=port_base))
        phones = await stack.enter_async_context(answering(PHONES, port=centre.phones_port, rings_s=RINGS_S))
        ports = centre.home.ports
        carrier = await stack.enter_async_context(answering(CALLERS, port=ports.carrier_sip, refusal=BUSY))
        secret = await _add_bare_side(centre)
        await centre.place_phones()
        desks = await stack.enter_async_context(Desks(centre.home.web_url, centre.people, works=False))
        await desks.connected(limit_s=60)
        clickers = [await _clicker(centre, person) for person in centre.people]
        for clicker in clickers:
            stack.callback(clicker.close)
            await _granted(clicker, "/agent/device", {"device": "sip"})
            await _granted(clicker, "/agent/readiness", {"ready": False, "reason": "break"})
        manager = await Manager.connect(
            ports.CENTRE_ADDRESS, ports.ami, user=_MANAGER, secret=secret, on_event=lambda _event: None
        )
        stack.push_async_callback(manager.close)
        numbers = itertools.cycle(demo.phone(number) for number in range(1, 160))
        ours: list[Took] = []
        bare: list[Took] = []
        say(f"{PAIRS} calls each way, in turn")
        for turn in range(WARM_UP + PAIRS):
            index = turn % AGENTS
            taken = [
                await _ours(clickers[index], phones, carrier, index, next(numbers)),
                await _bare(manager, phones, carrier, index, next(numbers)),
            ]
            if turn >= WARM_UP:
                ours.append(taken[0])
                bare.append(taken[1])
        return _result(ours, bare)


async def _ours(clicker: Clicker, phones: Answering, carrier: Answering, index: int, number: str) -> Took:
    invited, dialled = _awaited(phones, carrier, index, number)
    clicked = asyncio.get_running_loop().time()
    answering_it = asyncio.ensure_future(clicker.post("/calls", {"number": number, "queue_id": stage.QUEUE}))
    took = await _taken(clicked, invited, dialled)
    status, body = await answering_it
    if status != httpx.codes.CREATED:
        raise OutsideError(f"The centre answered a click with {status}: {body.decode(errors='replace')[:200]}")
    await asyncio.sleep(_REST_S)
    return took


async def _bare(manager: Manager, phones: Answering, carrier: Answering, index: int, number: str) -> Took:
    invited, dialled = _awaited(phones, carrier, index, number)
    clicked = asyncio.get_running_loop().time()
    asked = asyncio.ensure_future(
        manager.ask(
            "Originate",
            {
                "Channel": f"PJSIP/{_phone(index)}",
                "Context": _CONTEXT,
                "Exten": number,
                "Priority": "1",
                "Async": "true",
            },
        )
    )
    took = await _taken(clicked, invited, dialled)
    await asked
    await asyncio.sleep(_REST_S)
    return took


def _awaited(
    phones: Answering, carrier: Answering, index: int, number: str
) -> tuple["asyncio.Future[Invited]", "asyncio.Future[Invited]"]:
    return phones.next_for(_phone(index)), carrier.next_for(number)


async def _taken(clicked: float, invited: "asyncio.Future[Invited]", dialled: "asyncio.Future[Invited]") -> Took:
    try:
        async with asyncio.timeout(_LIMIT_S):
            at_phone, at_carrier = await invited, await dialled
    except TimeoutError as error:
        raise OutsideError(f"No INVITE came within {_LIMIT_S:g} s of a click.") from error
    return Took(
        ring=(at_phone.at - clicked) * 1000,
        customer=(at_carrier.at - at_phone.answered_at.result()) * 1000,
    )


def _phone(index: int) -> str:
    return variables.agent_endpoint(str(stage.FIRST_EXTENSION + index))


async def _clicker(centre: Stage, person: DemoPerson) -> Clicker:
    async with httpx.AsyncClient(base_url=centre.home.web_url, trust_env=False, timeout=_LIMIT_S) as http:
        answer = await http.post("/api/v1/tokens", json={"login": person.login, "password": person.password})
    if answer.is_error:
        raise OutsideError(f"{person.login} gets no token: {answer.status_code}.")
    ports = centre.home.ports
    reader, writer = await asyncio.open_connection(ports.CENTRE_ADDRESS, ports.web)
    return Clicker(reader, writer, str(answer.json()["token"]))


async def _granted(clicker: Clicker, path: str, body: object) -> None:
    status, answer = await clicker.post(path, body)
    if status >= httpx.codes.BAD_REQUEST:
        raise OutsideError(f"{path} was answered with {status}: {answer.decode(errors='replace')[:200]}")


async def _add_bare_side(centre: Stage) -> str:
    """The dialplan of the bare side and a manager user who may originate; his secret."""
    etc = centre.home.asterisk.etc
    dialplan = [
        f"[{_CONTEXT}]",
        f"exten => _+X.,1,Dial(PJSIP/${{EXTEN}}@{variables.TRUNK_ENDPOINT},30)",
        " same => n,Hangup()",
    ]
    secret = secrets.token_urlsafe(18)
    user = [f"[{_MANAGER}]", f"secret = {secret}", "read = reporting", "write = originate,reporting"]
    for name, lines in (("extensions.conf", dialplan), ("manager.conf", user)):
        with (etc / name).open("a", encoding="utf-8") as file:
            file.write("\n" + "\n".join(lines) + "\n")
    await centre.console("dialplan reload")
    await centre.console("manager reload")
    return secret


def _result(ours: Sequence[Took], bare: Sequence[Took]) -> Result:
    over = [mine.ring - plain.ring for mine, plain in zip(ours, bare, strict=True)]
    rings, bare_rings = [one.ring for one in ours], [one.ring for one in bare]
    customers, bare_customers = [one.customer for one in ours], [one.customer for one in bare]
    p99, bare_p99 = percentile(rings, 99), percentile(bare_rings, 99)
    return Result(
        name=NAME,
        figures={
            "ratio_p50": round(statistics.median(rings) / statistics.median(bare_rings), 2),
            "over_bare_originate_p99_ms": round(p99 - bare_p99, 2),
            "over_bare_originate_p50_ms": round(statistics.median(over), 2),
            "customer_ratio_p50": round(statistics.median(customers) / statistics.median(bare_customers), 2),
            "p50_ms": round(statistics.median(rings), 2),
            "p99_ms": round(p99, 2),
            "bare_p50_ms": round(statistics.median(bare_rings), 2),
            "bare_p99_ms": round(bare_p99, 2),
            "customer_p50_ms": round(statistics.median(customers), 2),
            "bare_customer_p50_ms": round(statistics.median(bare_customers), 2),
            "calls": len(ours),
        },
        goals={
            "ratio_p50": ("<=", 2.5),
            "over_bare_originate_p99_ms": ("<=", 20),
            "customer_ratio_p50": ("<=", 2),
        },
        notes=(
            "Every click is a call that is journalled; its customer is dialled when the disk has that he is.",
            "By the source documents a call takes up to 120 s by hand, and 15-25 s at a click, people included.",
        ),
    )
