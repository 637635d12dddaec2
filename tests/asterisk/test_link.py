"""Connections to an Asterisk that is slow, refuses, or goes away: which error, and how soon again."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager

import pytest

from cti.asterisk import ami, ari, link
from cti.asterisk.backoff import FIRST_S, HEALTHY_AFTER_S, LONGEST_S, Backoff
from cti.asterisk.link import Link
from cti.errors import AsteriskDown, AsteriskSilent, ChannelGone, OutsideError
from tests.asterisk.wires import Ami, Ari, played
from tests.running import PATIENCE_S


class ReadingLink(Link):
    """Says when it has read."""

    def __init__(self, wire: Ari) -> None:
        super().__init__(
            epoch=1,
            uri=f"ws://127.0.0.1:{wire.port}/ari/events?app=x",
            authorization="Basic eDp4",
            on_event=lambda _: None,
        )
        self._wire = wire

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self._wire.first_piece_read is not None:
            self._wire.first_piece_read.set()


@asynccontextmanager
async def linked(wire: Ari) -> AsyncIterator[Link]:
    async with played(wire), asyncio.timeout(PATIENCE_S):
        one = ReadingLink(wire)
        await asyncio.get_running_loop().create_connection(lambda: one, "127.0.0.1", wire.port)
        await one.opened
        try:
            yield one
        finally:
            one.close()


@contextmanager
def silence() -> Iterator[None]:
    """No answer comes meanwhile: it is not waited for as long as for one that may come."""
    with pytest.MonkeyPatch.context() as impatient:
        impatient.setattr(link, "DEADLINE_S", 0.05)
        impatient.setattr(ami, "DEADLINE_S", 0.05)
        with pytest.raises(AsteriskSilent):
            yield


async def test_a_handshake_that_comes_in_pieces_opens_the_link() -> None:
    async with linked(Ari(first_piece_read=asyncio.Event())) as one:
        assert not one.ended.done()
        assert (await one.request("GET", "channels", accepted=())).status_code == 200


async def test_a_refused_handshake_ends_the_link() -> None:
    async with linked(Ari(refuses=True)) as one:
        await one.ended
        with pytest.raises(AsteriskDown):
            await one.request("GET", "channels", accepted=())


@pytest.mark.lesson(12)
async def test_no_answer_on_a_standing_link_is_silence_and_a_late_one_disturbs_nobody() -> None:
    wire = Ari(answer=lambda what: None if what.endswith("bridges") else (200, {}))
    async with linked(wire) as one:
        with silence():
            await one.request("GET", "bridges", accepted=())
        wire.release("GET bridges", 200, [])
        assert (await one.request("GET", "channels", accepted=())).status_code == 200
        assert not one.ended.done()


@pytest.mark.lesson(11)
@pytest.mark.parametrize(
    ("status", "body", "error"),
    [
        (500, "Internal Server Error", AsteriskSilent),
        (503, "", AsteriskSilent),
        (500, "Allocation failed", ChannelGone),
        (404, "Channel not found", ChannelGone),
        (403, "Forbidden", OutsideError),
    ],
)
async def test_each_refusal_is_its_own_error(status: int, body: str, error: type[OutsideError]) -> None:
    async with linked(Ari(answer=lambda _: (status, body))) as one:
        with pytest.raises(OutsideError) as raised:
            await one.request("GET", "channels", accepted=())
    assert type(raised.value) is error


async def test_a_link_that_ends_before_the_answer_is_down_and_not_silent() -> None:
    async with linked(Ari(drops_after=1, answer=lambda _: None)) as one:
        with pytest.raises(AsteriskDown):
            await one.request("GET", "channels", accepted=())


# -- again and again ------------------------------------------------------------------------------------------------


@pytest.mark.lesson(10)
def test_only_a_connection_that_stood_lets_the_waits_begin_anew() -> None:
    backoff = Backoff()
    for _ in range(10):
        backoff.wait_s()
        backoff.stood(HEALTHY_AFTER_S - 0.1)
    assert backoff.wait_s() >= LONGEST_S / 2
    backoff.stood(HEALTHY_AFTER_S)
    assert backoff.wait_s() <= FIRST_S


@asynccontextmanager
async def client(wire: Ari, *, prepare: Callable[[], Awaitable[None]]) -> AsyncIterator[None]:
    async with played(wire):
        one = ari.Client(
            host="127.0.0.1",
            port=wire.port,
            username="x",
            password="x",
            application="x",
            on_event=lambda _: None,
            prepare=prepare,
            on_connected=lambda: None,
            on_disconnected=lambda: None,
        )
        task = asyncio.create_task(one.run())
        try:
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


@pytest.mark.lesson(10)
async def test_a_link_taken_and_dropped_at_once_is_tried_ever_more_slowly() -> None:
    at: list[float] = []
    enough = asyncio.Event()

    async def prepare() -> None:
        at.append(asyncio.get_running_loop().time())
        if len(at) == 5:
            enough.set()

    async with client(Ari(drops_after=1), prepare=prepare), asyncio.timeout(PATIENCE_S):
        await enough.wait()
    assert at[4] - at[0] >= (0.1 + 0.2 + 0.4 + 0.8) / 2


@pytest.mark.lesson(10)
async def test_ari_comes_back_from_what_nobody_expected() -> None:
    tries = 0
    back = asyncio.Event()

    async def prepare() -> None:
        nonlocal tries
        tries += 1
        if tries == 1:
            raise ValueError("unheard of")
        back.set()

    async with client(Ari(), prepare=prepare), asyncio.timeout(PATIENCE_S):
        await back.wait()


@asynccontextmanager
async def manager(wire: Ami, *, on_login: Callable[[ami.Client], Awaitable[None]]) -> AsyncIterator[ami.Client]:
    """A client whose first good login is done."""
    ready = asyncio.Event()

    async def log_in() -> None:
        await on_login(one)
        ready.set()

    async with played(wire):
        one = ami.Client(
            host="127.0.0.1",
            port=wire.port,
            username="x",
            password="x",
            on_login=log_in,
            on_contact=lambda *_: None,
        )
        task = asyncio.create_task(one.run())
        try:
            async with asyncio.timeout(PATIENCE_S):
                await ready.wait()
            yield one
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


@pytest.mark.lesson(9)
async def test_ami_comes_back_from_what_nobody_expected() -> None:
    tries = 0

    async def fail_once(_: ami.Client) -> None:
        nonlocal tries
        tries += 1
        if tries == 1:
            raise ValueError("unheard of")

    async with manager(Ami(), on_login=fail_once) as one:
        assert one.is_up
    assert tries == 2


@pytest.mark.lesson(12)
async def test_an_action_without_answer_is_silence_on_a_standing_connection() -> None:
    async def nothing(_: ami.Client) -> None:
        pass

    def answer(action: dict[str, str]) -> str | None:
        return None if action["Action"] == "QueueAdd" else "Response: Success\r\nMessage: done"

    async with manager(Ami(answer=answer), on_login=nothing) as one:
        with silence():
            await one.action("QueueAdd")
        assert (await one.action("Ping")).success


@pytest.mark.lesson(11)
async def test_a_listing_that_is_refused_is_not_an_empty_one() -> None:
    async def nothing(_: ami.Client) -> None:
        pass

    def answer(action: dict[str, str]) -> str | None:
        refusals = {"PJSIPShowContacts": "No Contacts found", "QueueStatus": "Permission denied", "Silent": None}
        said = refusals.get(action["Action"], "no such action")
        return None if said is None else f"Response: Error\r\nMessage: {said}"

    async with manager(Ami(answer=answer), on_login=nothing) as one:
        assert await one.listing("PJSIPShowContacts") == []
        with pytest.raises(AsteriskSilent, match="Permission denied"):
            await one.listing("QueueStatus")
        with silence():
            await one.listing("Silent")
