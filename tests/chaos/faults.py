"""What can break, each as one act on a running centre: it is broken, and has healed, or can, when the act is over.

Whoever breaks something says what that may cost: with Asterisk's death calls are cut, with nothing else.
"""

import asyncio
import contextlib
import os
import random
import re
import resource
import signal
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sqlalchemy import Connection

from cti.database import open_database
from cti.demo.carrier import Carrier, Order
from cti.supervise import process
from tests.e2e.caller import caller
from tests.e2e.floor import SUPPORT
from tests.running import PATIENCE_S, START_LIMIT_S, RunningCentre, soon
from tests.store.server import PostgresServer

VANISHED: Final = "+79267770001"
"""Number of the caller who vanishes without a BYE."""
REFUSED: Final = "+79267770002"
"""Number of the caller whose row the database refuses."""
_FULL_S: Final = 4.0
_LONGEST_FREEZE_S: Final = 4.0
_LONGEST_AWAY_S: Final = 8.0
"""Of PostgreSQL: about as long as a lease."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """Where it happens. `dice` decides whatever is left open, so that a seed tells all.

    `postgres` keeps the centre's journal and database; None: they are files of its home.
    """

    centre: RunningCentre
    postgres: PostgresServer | None
    carrier: Carrier
    folder: Path
    dice: random.Random


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """`cuts`: Asterisk may die, and its calls with it. `strangers`: callers of its own who reach the centre."""

    act: Callable[[Ground], Awaitable[None]]
    cuts: bool = False
    strangers: int = 0


_REFUSAL: Final = (
    [
        f"CREATE TRIGGER chaos_{verb} BEFORE {verb} ON contact_particulars WHEN NEW.address = '{REFUSED}' "
        "BEGIN SELECT RAISE(ABORT, 'no'); END"
        for verb in ("INSERT", "UPDATE")
    ],
    [f"DROP TRIGGER chaos_{verb}" for verb in ("INSERT", "UPDATE")],
)
_REFUSAL_OF_POSTGRES: Final = (
    [
        f"""CREATE FUNCTION chaos() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF NEW.address = '{REFUSED}' THEN RAISE EXCEPTION 'no'; END IF;
            RETURN NEW;
        END $$""",
        "CREATE TRIGGER chaos BEFORE INSERT OR UPDATE ON contact_particulars FOR EACH ROW EXECUTE FUNCTION chaos()",
    ],
    ["DROP TRIGGER chaos ON contact_particulars", "DROP FUNCTION chaos()"],
)


async def _killed(ground: Ground, *parts: str) -> None:
    """All of them at once; until others serve."""
    pids = {part: ground.centre.kill(part) for part in parts}
    for part, pid in pids.items():
        await _another(ground, part, after=pid)


async def _another(ground: Ground, part: str, *, after: int) -> None:
    """Wait until another process than that serves as this part."""
    await soon(lambda: ground.centre.is_back(part, after=after), what=f"a new {part}", within_s=START_LIMIT_S)


async def _cold(ground: Ground) -> None:
    """No engine is to spare: another has to start from nothing."""
    pid = ground.centre.pid("engine")
    if (spare := process.recall("spare", folder=ground.centre.path / "run")) is not None:
        process.kill(spare)
    os.kill(pid, signal.SIGKILL)
    await _another(ground, "engine", after=pid)


async def _frozen(ground: Ground, part: str) -> None:
    """For a moment, or until the supervisor takes it for dead."""
    pid = ground.centre.freeze(part)
    until_s = asyncio.get_running_loop().time() + ground.dice.uniform(0.2, _LONGEST_FREEZE_S)
    await soon(lambda: asyncio.get_running_loop().time() > until_s or not _lives(pid), what="the freeze is over")
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGCONT)
    await soon(ground.centre.is_whole, what=f"{part} serves", within_s=START_LIMIT_S)


def _lives(pid: int) -> bool:
    return Path(f"/proc/{pid}").exists()


async def _supervisor_killed(ground: Ground) -> None:
    """And the engine while nobody looks after it; the next supervisor adopts the rest."""
    ground.centre.kill("supervisor")
    os.kill(ground.centre.pid("engine"), signal.SIGKILL)
    await asyncio.to_thread(ground.centre.start)


async def _supervisor_frozen(ground: Ground) -> None:
    """What dies meanwhile stays dead."""
    part = ground.dice.choice(["engine", "ivr"])
    until_s = asyncio.get_running_loop().time() + ground.dice.uniform(1.0, _LONGEST_FREEZE_S)
    pid = ground.centre.pid(part)
    with ground.centre.held_back():
        os.kill(pid, signal.SIGKILL)
        await soon(lambda: asyncio.get_running_loop().time() > until_s, what="the freeze is over")
    await _another(ground, part, after=pid)


async def _ari_cut(ground: Ground) -> None:
    await asyncio.to_thread(ground.centre.console, "ari shutdown websocket sessions")


async def _ami_cut(ground: Ground) -> None:
    """Each line of `manager show connected` names its file descriptor, by which the connection is ended."""
    shown = await asyncio.to_thread(ground.centre.console, "manager show connected")
    for found in re.finditer(r"^engine +\S+ +\d+ +\d+ +(\d+) ", shown, re.MULTILINE):
        await asyncio.to_thread(ground.centre.console, f"manager kick session {found[1]}")


async def _bye_lost(ground: Ground) -> None:
    """A caller is gone from one instant to the next: no BYE, no sound."""
    ports = ground.centre.home().ports
    async with caller(
        to=SUPPORT,
        centre=ground.centre.endpoints().sip,
        address=ports.CARRIER_ADDRESS,
        port=ports.carrier_sip + 4,
        number=VANISHED,
        folder=ground.folder,
    ) as vanishing:
        await soon(lambda: vanishing.sound.frames, what="he hears the centre", within_s=2 * PATIENCE_S)
        vanishing.sipp.kill()


async def _journal_full(ground: Ground) -> None:
    """No file of the engine can grow, or be written beyond its first page, as on a full disk."""
    pid = ground.centre.pid("engine")
    _, hard = resource.prlimit(pid, resource.RLIMIT_FSIZE)
    until_s = asyncio.get_running_loop().time() + _FULL_S
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (4096, hard))
    try:
        await soon(lambda: asyncio.get_running_loop().time() > until_s, what="room again")
    finally:
        with contextlib.suppress(ProcessLookupError):
            resource.prlimit(pid, resource.RLIMIT_FSIZE, (hard, hard))


async def _row_refused(ground: Ground) -> None:
    """The database takes everything but what is about one caller."""
    with _refusing(ground):
        label = ground.carrier.label()
        call = await ground.carrier.place(Order(label=label, caller=REFUSED, to=SUPPORT, stay_s=6))
        await asyncio.wait_for(call.ended, 2 * PATIENCE_S)


@contextlib.contextmanager
def _refusing(ground: Ground) -> Iterator[None]:
    before, after = _REFUSAL if ground.postgres is None else _REFUSAL_OF_POSTGRES
    database = open_database(ground.centre.home().database_url)
    try:
        database.write_now(lambda connection: _run(connection, before))
        try:
            yield
        finally:
            database.write_now(lambda connection: _run(connection, after))
    finally:
        database.close_now()


def _run(connection: Connection, statements: Sequence[str]) -> None:
    for statement in statements:
        connection.exec_driver_sql(statement)


async def _postgres_killed(ground: Ground, *, engine: bool) -> None:
    """And the engine while the database is away, so that another finds what it had spooled."""
    postgres = _postgres(ground)
    await asyncio.to_thread(postgres.kill)  # what is seen meanwhile bears the time at which it is read
    pid = ground.centre.kill("engine") if engine else 0
    until_s = asyncio.get_running_loop().time() + ground.dice.uniform(0.2, _LONGEST_AWAY_S)
    await soon(lambda: asyncio.get_running_loop().time() > until_s, what="it was away for long enough")
    await asyncio.to_thread(postgres.start)
    if engine:
        await _another(ground, "engine", after=pid)
    await soon(ground.centre.is_whole, what="the engine serves", within_s=START_LIMIT_S)


async def _postgres_frozen(ground: Ground) -> None:
    """Connections stay, and nothing is answered."""
    postgres = _postgres(ground)
    until_s = asyncio.get_running_loop().time() + ground.dice.uniform(0.2, _LONGEST_AWAY_S)
    with postgres.frozen():
        await soon(lambda: asyncio.get_running_loop().time() > until_s, what="the freeze is over")
    await soon(ground.centre.is_whole, what="the engine serves", within_s=START_LIMIT_S)


def _postgres(ground: Ground) -> PostgresServer:
    assert ground.postgres is not None, "this centre keeps its journal in a file"
    return ground.postgres


_ANYWHERE: Final[Mapping[str, Fault]] = {
    "engine killed": Fault(act=lambda ground: _killed(ground, "engine")),
    "engine and spare killed": Fault(act=_cold),
    "engine frozen": Fault(act=lambda ground: _frozen(ground, "engine")),
    "ivr killed": Fault(act=lambda ground: _killed(ground, "ivr")),
    "ivr frozen": Fault(act=lambda ground: _frozen(ground, "ivr")),
    "asterisk killed": Fault(act=lambda ground: _killed(ground, "asterisk"), cuts=True),
    "asterisk frozen": Fault(act=lambda ground: _frozen(ground, "asterisk"), cuts=True),
    "engine and asterisk killed": Fault(act=lambda ground: _killed(ground, "asterisk", "engine"), cuts=True),
    "supervisor and engine killed": Fault(act=_supervisor_killed),
    "supervisor frozen": Fault(act=_supervisor_frozen),
    "ari cut": Fault(act=_ari_cut),
    "ami cut": Fault(act=_ami_cut),
    "bye lost": Fault(act=_bye_lost, strangers=1),
    "row refused": Fault(act=_row_refused, strangers=1),
}
ON_FILES: Final[Mapping[str, Fault]] = {**_ANYWHERE, "journal full": Fault(act=_journal_full)}
ON_POSTGRES: Final[Mapping[str, Fault]] = {
    **_ANYWHERE,
    "postgresql killed": Fault(act=lambda ground: _postgres_killed(ground, engine=False)),
    "postgresql and engine killed": Fault(act=lambda ground: _postgres_killed(ground, engine=True)),
    "postgresql frozen": Fault(act=_postgres_frozen),
}
"""Where the journal and all else is kept in PostgreSQL."""
FAULTS: Final[Mapping[str, Fault]] = {**ON_FILES, **ON_POSTGRES}
