"""A number typed on a customer's page: what is promised, what is refused, and that nothing is told of customers."""

import asyncio
import hashlib
from itertools import count
from typing import Any, NoReturn

import httpx
import pytest

from cti.config.calling import Calling, Reach
from cti.config.hours import a_span
from cti.domain.ids import ContactId, Medium
from cti.errors import Busy
from cti.web.callback_limits import LIMIT, Limits
from cti.web.callback_tickets import is_done
from tests.web.world import KNOWN, World

BASE = "/callback/v1/telecom"
STRANGER = "+79161110022"
A_SECOND = "+79161110033"


async def opened(world: World, client: httpx.AsyncClient, *, aged: bool = True) -> str:
    """The ticket of a form that somebody has had the time to fill in."""
    form = (await client.get(f"{BASE}/form", params={"lang": "en"})).json()["form"]
    if aged:
        world.engine.clock.advance(ms=5000)
    return str(form)


async def ask(world: World, client: httpx.AsyncClient, number: str = STRANGER, **fields: Any) -> httpx.Response:
    given = {"form": fields.pop("form", None) or await opened(world, client), "number": number, "zone": "Europe/Moscow"}
    return await client.post(BASE, json={**given, **fields})


@pytest.fixture
async def visitor(world: World) -> httpx.AsyncClient:
    """A browser from somewhere; the clock stands at noon in Moscow."""
    day_ms, noon_ms = 86_400_000, 9 * 3_600_000
    world.engine.clock.advance(ms=(noon_ms - world.engine.now()) % day_ms)
    return await world.client(**{"X-Forwarded-For": "203.0.113.9", "Accept-Language": "en"})


def ruled(world: World, **changed: Any) -> None:
    """The page by other rules."""
    desk = world.parts.callbacks
    page = desk.centre.callback_pages["telecom"].model_copy(update=changed)
    desk.centre = desk.centre.model_copy(update={"callback_pages": {"telecom": page}})


def contacts(world: World) -> list[Any]:
    return [each for each in world.engine.state.contacts.values() if each.medium is Medium.CALLBACK]


async def test_a_number_becomes_a_callback_with_a_place_in_line(world: World, visitor: httpx.AsyncClient) -> None:
    answer = await ask(world, visitor, "8 (916) 111-00-22", name=" Anna\n ", about="A new\x00 line", language="ru")
    assert answer.status_code == 201, answer.text
    assert answer.headers["cache-control"] == "no-store"
    (contact,) = contacts(world)
    known = world.engine.particulars(contact.id)
    assert known is not None
    assert (known.address, known.name, known.subject, known.language) == (STRANGER, "Anna", "A new line", "ru")
    told = answer.json()
    assert (told["standing"], told["position"], told["at_ms"]) == ("waiting", 1, None)
    assert contact.id not in told["promise"]
    assert STRANGER not in answer.text


async def test_what_agents_may_not_call_no_stranger_has_them_call(world: World, visitor: httpx.AsyncClient) -> None:
    desk = world.parts.callbacks
    desk.centre = desk.centre.model_copy(update={"calling": Calling(agent=Reach(denied=(STRANGER[:6],)))})
    answer = await ask(world, visitor)
    assert (answer.status_code, answer.json()["code"]) == (422, "callback_costly_number")
    assert not contacts(world)


async def test_a_double_click_is_one_callback(world: World, visitor: httpx.AsyncClient) -> None:
    form = await opened(world, visitor)
    answers = await asyncio.gather(*(ask(world, visitor, form=form) for _ in range(4)))
    assert {answer.status_code for answer in answers} == {201}
    assert len(contacts(world)) == 1


async def test_a_second_request_for_the_same_number_is_told_of_the_first(
    world: World, visitor: httpx.AsyncClient
) -> None:
    assert (await ask(world, visitor)).status_code == 201
    again = await ask(world, visitor)
    assert (again.status_code, again.json()["code"]) == (409, "callback_promised")
    assert len(contacts(world)) == 1


async def test_a_customer_and_a_stranger_are_answered_alike(world: World, visitor: httpx.AsyncClient) -> None:
    customer, stranger = await ask(world, visitor, KNOWN), await ask(world, visitor, STRANGER)
    assert customer.status_code == stranger.status_code == 201
    assert customer.json().keys() == stranger.json().keys()
    assert len(customer.json()["promise"]) == len(stranger.json()["promise"])
    told = [{**answer.json(), "promise": "", "position": 0} for answer in (customer, stranger)]
    assert told[0] == told[1]
    assert world.customers.asked == 0


@pytest.mark.parametrize(
    ("number", "code"),
    [
        ("112", "no_number"),
        ("0900", "no_number"),
        ("hello", "no_number"),
        ("+7916", "no_number"),
        ("+78095550100", "costly_number"),
        ("+19005551234", "costly_number"),
        ("+442079460000", "foreign_number"),
        ("+78005550100", "own_number"),
    ],
)
async def test_a_number_that_is_not_called_is_refused_with_a_sentence(
    world: World, visitor: httpx.AsyncClient, number: str, code: str
) -> None:
    answer = await ask(world, visitor, number)
    assert (answer.status_code, answer.json()["code"]) == (422, f"callback_{code}")
    assert answer.json()["sentence"].endswith(".")
    assert contacts(world) == []


async def test_a_wrong_number_is_named_however_quickly_it_is_sent(world: World, visitor: httpx.AsyncClient) -> None:
    form = await opened(world, visitor, aged=False)
    answer = await ask(world, visitor, "12", form=form)
    assert (answer.status_code, answer.json()["code"]) == (422, "callback_no_number")
    answer = await ask(world, visitor, form=form)
    assert (answer.status_code, answer.json()["code"]) == (422, "callback_too_quick")


async def test_what_no_browser_with_a_person_sends_is_refused(world: World, visitor: httpx.AsyncClient) -> None:
    fresh = await opened(world, visitor, aged=False)
    old = await opened(world, visitor)
    world.engine.clock.advance(ms=3 * 3_600_000)
    current = await opened(world, visitor)
    for form, fields, code in (
        (await opened(world, visitor, aged=False), {}, "too_quick"),
        (old, {}, "form_old"),
        (fresh, {}, "form_old"),
        ("x", {}, "form_old"),
        (current[:-2], {}, "form_old"),
        (current, {"website": "http://spam.example.com"}, "no_person"),
    ):
        answer = await ask(world, visitor, form=form, **fields)
        assert (answer.status_code, answer.json()["code"]) == (422, f"callback_{code}")
    assert contacts(world) == []


async def test_one_address_may_ask_so_often_an_hour_and_then_later(world: World, visitor: httpx.AsyncClient) -> None:
    numbers = (f"+7916222{n:04}" for n in count())
    for _ in range(20):
        assert (await ask(world, visitor, next(numbers))).status_code == 201
    refused = await ask(world, visitor, next(numbers))
    assert (refused.status_code, refused.json()["code"]) == (429, "callback_too_many")
    assert int(refused.headers["retry-after"]) > 3000
    other = await world.client(**{"X-Forwarded-For": "203.0.113.10"})
    assert (await ask(world, other, next(numbers))).status_code == 201


async def test_one_number_may_be_asked_for_so_often_a_day(world: World, visitor: httpx.AsyncClient) -> None:
    for _ in range(3):
        promise = (await ask(world, visitor)).json()["promise"]
        assert (await visitor.post(f"{BASE}/cancel", json={"promise": promise})).json()["standing"] == "over"
    refused = await ask(world, await world.client(**{"X-Forwarded-For": "203.0.113.11", "Accept-Language": "ru"}))
    assert (refused.status_code, refused.json()["code"]) == (429, "callback_often")
    assert "номер" in refused.json()["sentence"]


async def test_what_the_centre_could_not_take_does_not_count(
    world: World, visitor: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    form = await opened(world, visitor)
    with monkeypatch.context() as patched:
        patched.setattr(world.parts.callbacks.engine, "arrive", strained)
        for _ in range(5):
            refused = await ask(world, visitor, form=form)
            assert (refused.status_code, refused.json()["code"]) == (429, "strained")
    assert (await ask(world, visitor, form=form)).status_code == 201


async def strained(*_: object) -> NoReturn:
    raise Busy("It has more to do than it can.", retry_after_s=5)


async def test_a_time_is_chosen_from_those_offered_while_there_is_room(
    world: World, visitor: httpx.AsyncClient
) -> None:
    times = (await visitor.post(f"{BASE}/times", json={"number": STRANGER, "zone": "Europe/Moscow"})).json()
    assert (times["zone"], times["now"], times["slot_min"]) == ("Europe/Moscow", True, 30)
    chosen = times["times"][0]
    told = await asyncio.gather(*(ask(world, visitor, f"+791633300{n:02}", at_ms=chosen) for n in range(5)))
    assert sorted(answer.status_code for answer in told) == [201] * 4 + [409]
    assert next(answer for answer in told if answer.is_error).json()["code"] == "callback_time_gone"
    assert {contact.asleep_until_ms for contact in contacts(world)} == {chosen}
    times = (await visitor.post(f"{BASE}/times", json={})).json()
    assert chosen not in times["times"]
    refused = await ask(world, visitor, A_SECOND, at_ms=times["times"][0] + 60_000)
    assert refused.json()["code"] == "callback_time_gone"


async def test_at_night_now_is_refused_and_a_time_is_taken(world: World, visitor: httpx.AsyncClient) -> None:
    ruled(world, calling_hours=a_span("09:00-21:00"))
    world.engine.clock.advance(ms=12 * 3_600_000)
    times = (await visitor.post(f"{BASE}/times", json={"number": STRANGER, "zone": "Europe/Moscow"})).json()
    assert times["now"] is False
    assert (await ask(world, visitor)).json()["code"] == "callback_closed"
    assert (await ask(world, visitor, at_ms=times["times"][0])).status_code == 201


async def test_a_promise_is_moved_and_cancelled_by_its_link_alone(world: World, visitor: httpx.AsyncClient) -> None:
    promise = (await ask(world, visitor)).json()["promise"]
    times = (await visitor.post(f"{BASE}/times", json={})).json()["times"]
    moved = (await visitor.post(f"{BASE}/move", json={"promise": promise, "at_ms": times[3]})).json()
    assert (moved["at_ms"], moved["standing"]) == (times[3], "waiting")
    (contact,) = contacts(world)
    known = world.engine.particulars(contact.id)
    assert known is not None
    assert (known.address, contact.asleep_until_ms) == (STRANGER, times[3])
    first = (await visitor.post(f"{BASE}/standing", json={"promise": promise})).json()
    assert (first["at_ms"], first["standing"]) == (times[3], "waiting")
    again = await visitor.post(f"{BASE}/move", json={"promise": moved["promise"], "at_ms": times[3] + 1})
    assert again.json()["code"] == "callback_time_gone"
    assert len(contacts(world)) == 1
    cancelled = await visitor.post(f"{BASE}/cancel", json={"promise": moved["promise"]})
    assert cancelled.json()["standing"] == "over"
    assert contacts(world) == []
    twice = await visitor.post(f"{BASE}/cancel", json={"promise": moved["promise"]})
    assert twice.json()["standing"] == "over"
    forged = await visitor.post(f"{BASE}/cancel", json={"promise": f"{promise}x"})
    assert (forged.status_code, forged.json()["code"]) == (404, "callback_link_old")


async def test_nobody_cancels_while_the_agent_is_at_it(world: World, visitor: httpx.AsyncClient) -> None:
    await world.ready("anna")
    promise = (await ask(world, visitor)).json()["promise"]
    (contact,) = contacts(world)
    world.engine.answer_after_pop(ContactId(contact.id))
    standing = (await visitor.post(f"{BASE}/standing", json={"promise": promise})).json()
    assert standing["standing"] == "calling"
    refused = await visitor.post(f"{BASE}/cancel", json={"promise": promise})
    assert (refused.status_code, refused.json()["code"]) == (409, "callback_calling")


async def test_only_the_pages_of_the_file_may_frame_the_form(world: World, visitor: httpx.AsyncClient) -> None:
    ruled(world, origins=("https://shop.example.com",))
    answer = await visitor.get(BASE)
    assert "frame-ancestors 'self' https://shop.example.com" in answer.headers["content-security-policy"]
    assert "script-src 'self';" in answer.headers["content-security-policy"]
    foreign = await visitor.post(f"{BASE}/times", json={}, headers={"Origin": "https://evil.example.com"})
    assert foreign.status_code == 403
    assert (await visitor.get("/callback/v1/nobody")).status_code == 404
    script = await visitor.get("/callback.js")
    assert script.headers["cross-origin-resource-policy"] == "cross-origin"
    assert "frame-ancestors 'none'" in (await visitor.get("/")).headers["content-security-policy"]


async def test_a_challenge_of_the_centre_s_own_is_asked_and_may_refuse(
    world: World, visitor: httpx.AsyncClient
) -> None:
    seen: list[str] = []

    async def refuse(_page: object, _wish: object, source: str) -> bool:
        seen.append(source)
        return False

    world.parts.callbacks.challenge = refuse
    assert (await ask(world, visitor)).json()["code"] == "callback_no_person"
    assert seen == ["203.0.113.9"]


def test_a_sum_is_done_when_its_hash_begins_with_the_zeroes_asked_for() -> None:
    answer = next(n for n in count() if hashlib.sha256(f"ticket.{n}".encode()).digest()[0] == 0)
    assert is_done("ticket", str(answer), bits=8)
    assert not is_done("ticket", str(answer), bits=22)
    assert is_done("ticket", "", bits=0)


def test_limits_are_counted_anew_after_their_span_and_bounded_in_number() -> None:
    now = [0.0]
    limits = Limits(clock=lambda: now[0])
    limits.count("number", "a", span_s=10)
    assert limits.wait_s("number", "a", most=1) == 10
    assert limits.wait_s("number", "a", most=2) == 0
    assert limits.wait_s("address", "a", most=1) == 0
    now[0] = 10
    assert limits.wait_s("number", "a", most=1) == 0
    for n in range(LIMIT + 5):
        limits.count("number", str(n), span_s=10)
    assert len(limits._counts) == LIMIT
