"""A CRM over HTTP: under the contract, and when it is slow, dead, redirecting, huge, malformed or flapping."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from cti.config.crm import Crm
from cti.crm import http, http_guard
from cti.crm.http import HttpCrm
from cti.crm.http_breaker import Breaker, BreakerState, LeftAlone
from cti.crm.http_guard import AddressRefused, is_public
from cti.errors import ConfigError, OutsideError
from cti.metrics import Metrics
from tests.crm.contract import NAME, NUMBER, TELECOM, CustomersContract, Place
from tests.crm.crm_server import FakeCrm, Mood, fake_crm
from tests.running import PATIENCE_S

pytestmark = pytest.mark.server

ANNA: dict[str, Any] = {
    "name": NAME,
    "segment": "GOLD",
    "lang": "ru-RU",
    "phones": [{"number": "8 916 555-00-01"}, {"number": "not a number"}],
    "mail": "Anna@Example.com",
    "contracts": [
        {"no": "100001", "kind": "Home", "state": "active", "sum": "-5.50", "cur": "RUB", "until": "2030-01-01T00:00"}
    ],
    "items": {"open": 3},
    "id": "a/7?x",
}


def written(crm: FakeCrm, **changed: Any) -> Crm:
    """What an admin wrote of this CRM."""
    given: dict[str, Any] = {
        "key": "billing",
        "name": {"en": "Billing", "ru": "Биллинг"},
        "project": "telecom",
        "url": f"{crm.url}/customers?phone={{{{ address }}}}",
        "trusted_hosts": ["127.0.0.1"],
        "deadline_ms": 3000,
        "fields": {
            "name": "{{ data.name }}",
            "tier": "{{ data.segment | lower }}",
            "language": "{{ data.lang }}",
            "phones": "{{ data.phones | map(attribute='number') | join(', ') }}",
            "emails": "{{ data.mail }}",
        },
        "contracts": {
            "each": "data.contracts",
            "number": "{{ item.no }}",
            "kind": "{{ item.kind }}",
            "status": "{{ item.state }}",
            "balance": "{{ item.sum }}",
            "currency": "{{ item.cur }}",
            "ends_on": "{{ item.until }}",
        },
        "details": [
            {
                "name": {"en": "Open orders", "ru": "Открытые заказы"},
                "value": "{{ data.items.open }}",
                "link": "https://crm.example.com/of/{{ data.id }}",
            },
            {"name": {"en": "Score", "ru": "Оценка"}, "value": "{{ data.score.of.month }}"},
        ],
    }
    return Crm.model_validate({**given, **changed})


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
async def crm() -> AsyncIterator[FakeCrm]:
    async with fake_crm() as found:
        found.people[NUMBER] = ANNA
        yield found


Make = Callable[..., HttpCrm]


@pytest.fixture
async def make(crm: FakeCrm) -> AsyncIterator[Make]:
    """Makes clients of the CRM."""
    made: list[HttpCrm] = []

    def new(*, clock: Callable[[], float] | None = None, secret: str = "s3cret", **changed: Any) -> HttpCrm:
        given = {} if clock is None else {"clock": clock}
        made.append(HttpCrm(written(crm, **changed), country="RU", secret=lambda _: secret, metrics=Metrics(), **given))
        return made[-1]

    yield new
    crm.released.set()
    for one in made:
        await one.close()


@pytest.fixture
async def place(crm: FakeCrm, make: Make) -> Place:
    async def take_away() -> None:
        crm.mood = Mood.DEAD

    return Place(customers=make(), source="billing", take_away=take_away)


class TestHttpCrm(CustomersContract):
    """Runs the suite."""


async def test_details_and_links_come_with_their_source(make: Make) -> None:
    card = await make().find(NUMBER, project_id=TELECOM)
    assert card is not None
    (detail,) = card.details
    assert (detail.en, detail.ru, detail.value, detail.source) == ("Open orders", "Открытые заказы", "3", "billing")
    assert detail.link == "https://crm.example.com/of/a%2F7%3Fx"


async def test_a_second_look_up_goes_over_the_same_connection(crm: FakeCrm, make: Make) -> None:
    source = make()
    for _ in range(3):
        await source.find(NUMBER, project_id=TELECOM)
    assert (len(crm.requests), crm.connections) == (3, 1)


async def test_a_question_may_be_sent_as_json(crm: FakeCrm, make: Make) -> None:
    source = make(method="POST", url=f"{crm.url}/find", body={"phone": "+{{ digits }}", "n": '"{{ national }}'})
    assert await source.find(NUMBER, project_id=TELECOM) is not None
    assert json.loads(crm.requests[0].body) == {"phone": NUMBER, "n": '"9165550001'}


async def test_no_address_changes_the_shape_of_the_question(crm: FakeCrm, make: Make) -> None:
    source = make(asks_for=["phone", "email"])
    await source.find("a&admin=1#/../x@example.com", project_id=TELECOM)
    assert crm.requests[0].path == "/customers?phone=a%26admin%3D1%23%2F..%2Fx%40example.com"


# -- being let in -----------------------------------------------------------------------------------------------------


async def test_the_key_is_sent_in_its_header(crm: FakeCrm, make: Make) -> None:
    crm.key = "Token s3cret"
    assert await make(auth={"prefix": "Token ", "secret": "crm"}).find(NUMBER, project_id=TELECOM) is not None


async def test_a_key_that_was_changed_is_taken_up(crm: FakeCrm) -> None:
    words = iter(("old", "new"))
    crm.key = "Bearer new"
    source = HttpCrm(
        written(crm, auth={"secret": "crm"}), country="RU", secret=lambda _: next(words), metrics=Metrics()
    )
    assert await source.find(NUMBER, project_id=TELECOM) is not None
    await source.close()


async def test_a_missing_secret_is_said_with_its_name(crm: FakeCrm) -> None:
    def missing(name: str) -> str:
        raise ConfigError(f"The secret {name!r} is not set.")

    source = HttpCrm(written(crm, auth={"secret": "crm"}), country="RU", secret=missing, metrics=Metrics())
    with pytest.raises(OutsideError, match="'crm'"):
        await source.find(NUMBER, project_id=TELECOM)
    await source.close()


def oauth2(crm: FakeCrm) -> dict[str, Any]:
    return {"token_url": f"{crm.url}/token", "client_id": "triune", "secret": "crm", "scope": "read"}


async def test_a_token_is_asked_for_once_however_many_need_it(crm: FakeCrm, make: Make) -> None:
    source = make(oauth2=oauth2(crm))
    await asyncio.gather(*(source.find(NUMBER, project_id=TELECOM) for _ in range(5)))
    assert crm.tokens == 1
    (asked,) = [request for request in crm.requests if request.path == "/token"]
    assert asked.body == b"grant_type=client_credentials&scope=read"
    assert asked.headers["authorization"].startswith("Basic ")


async def test_a_token_that_was_revoked_is_replaced(crm: FakeCrm, make: Make) -> None:
    source = make(oauth2=oauth2(crm))
    await source.find(NUMBER, project_id=TELECOM)
    crm.key = "Bearer of somebody else"
    assert await source.find(NUMBER, project_id=TELECOM) is not None
    assert crm.tokens == 2


# -- when it is not well ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("mood", "said"),
    [
        (Mood.SILENT, "50 ms|in time"),
        (Mood.DEAD, "reached"),
        (Mood.NOT_HTTP, "reached"),
        (Mood.REDIRECTING, r"169\.254\.169\.254.*not followed"),
        (Mood.HUGE, "256 KiB"),
        (Mood.ENDLESS, "256 KiB|50 ms|in time"),
        (Mood.MALFORMED, "no JSON"),
        (Mood.NESTED, "no JSON"),
        (Mood.HTML, "text/html"),
        (Mood.PACKED, "compressed"),
        (Mood.FAILING, "500"),
        (Mood.BUSY, "pause"),
        (Mood.REFUSING, "refuses the question"),
    ],
)
async def test_whatever_is_wrong_is_told_in_a_sentence(crm: FakeCrm, make: Make, mood: Mood, said: str) -> None:
    crm.mood = mood
    source = make(deadline_ms=50 if mood in (Mood.SILENT, Mood.ENDLESS) else 3000)
    with pytest.raises(OutsideError, match=said):
        await source.find(NUMBER, project_id=TELECOM)


async def test_an_answer_of_another_shape_shows_what_fits(crm: FakeCrm, make: Make) -> None:
    crm.mood = Mood.OTHER_SHAPE
    card = await make().find(NUMBER, project_id=TELECOM)
    assert card is not None
    assert (card.tier, card.phones, card.contracts, card.details) == ("", (), (), ())


async def test_a_silent_one_costs_its_deadline_and_no_more(crm: FakeCrm, make: Make) -> None:
    crm.mood = Mood.SILENT
    source = make(deadline_ms=100)
    loop = asyncio.get_running_loop()
    began = loop.time()
    with pytest.raises(OutsideError):
        await source.find(NUMBER, project_id=TELECOM)
    assert 0.05 <= loop.time() - began < PATIENCE_S / 10


async def test_one_that_fails_again_and_again_is_left_alone_then_tried_once_and_taken_back(
    crm: FakeCrm, make: Make
) -> None:
    clock = Clock()
    source = make(clock=clock, breaker={"failures": 3, "pause_s": 30})
    crm.mood = Mood.FAILING
    for _ in range(3):
        with pytest.raises(OutsideError):
            await source.find(NUMBER, project_id=TELECOM)
    assert source.breaker.state is BreakerState.OPEN
    with pytest.raises(LeftAlone, match="30 s"):
        await source.find(NUMBER, project_id=TELECOM)
    assert len(crm.requests) == 3
    clock.now += 30
    with pytest.raises(OutsideError):
        await source.find(NUMBER, project_id=TELECOM)
    assert (len(crm.requests), source.breaker.state) == (4, BreakerState.OPEN)
    clock.now += 30
    crm.mood = Mood.WELL
    assert await source.find(NUMBER, project_id=TELECOM) is not None
    assert source.breaker.state.value == "closed"


async def test_one_that_asks_for_a_pause_gets_it(crm: FakeCrm, make: Make) -> None:
    clock = Clock()
    source = make(clock=clock)
    crm.mood = Mood.BUSY
    with pytest.raises(OutsideError):
        await source.find(NUMBER, project_id=TELECOM)
    crm.mood = Mood.WELL
    clock.now += 59
    with pytest.raises(LeftAlone):
        await source.find(NUMBER, project_id=TELECOM)
    clock.now += 1
    assert await source.find(NUMBER, project_id=TELECOM) is not None


async def test_a_refused_question_is_no_reason_to_leave_it_alone(crm: FakeCrm, make: Make) -> None:
    source = make(breaker={"failures": 1})
    crm.mood = Mood.REFUSING
    for _ in range(3):
        with pytest.raises(OutsideError):
            await source.find(NUMBER, project_id=TELECOM)
    assert source.breaker.state is BreakerState.CLOSED


def test_only_one_tries_a_breaker_that_is_half_open() -> None:
    clock = Clock()
    breaker = Breaker(failures=1, pause_s=10, clock=clock)
    early = breaker.enter()
    breaker.failed(breaker.enter())
    clock.now += 10
    probe = breaker.enter()
    with pytest.raises(LeftAlone):
        breaker.enter()
    breaker.succeeded(early)
    assert breaker.state is BreakerState.HALF_OPEN, "an answer to what was asked before says nothing of now"
    breaker.abandoned(probe)
    breaker.succeeded(breaker.enter())
    assert breaker.state.value == "closed"


async def test_the_state_of_the_breaker_is_in_the_metrics(crm: FakeCrm) -> None:
    metrics = Metrics()
    crm.mood = Mood.FAILING
    made = http.sources([written(crm, breaker={"failures": 1})], country="RU", secret=lambda _: "", metrics=metrics)
    (source,) = made[TELECOM]
    assert 'triune_crm_breaker{source="billing"} 0' in metrics.text()
    with pytest.raises(OutsideError):
        await source.find(NUMBER, project_id=TELECOM)
    assert 'triune_crm_breaker{source="billing"} 2' in metrics.text()
    assert 'triune_crm_lookups_total{outcome="failed",source="billing"} 1' in metrics.text()
    await source.close()


# -- where it may lead ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "address",
    [
        *(
            "127.0.0.1",
            "10.1.2.3",
            "192.168.0.1",
            "172.16.0.1",
            "169.254.169.254",
            "100.64.0.1",
            "0.0.0.0",
            "224.0.0.1",
        ),
        *("::1", "::", "fe80::1%eth0", "fd00::1", "::ffff:10.0.0.1", "64:ff9b::a00:1", "2002:a00:1::", "ff02::1", "x"),
    ],
)
def test_addresses_inside_are_not_public(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", ["93.184.216.34", "2606:4700::1111", "::ffff:93.184.216.34", "64:ff9b::5db8:d822"])
def test_addresses_outside_are(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "2130706433", "0x7f.1", "[::ffff:127.0.0.1]"])
async def test_a_host_that_is_not_trusted_is_not_reached_inside(crm: FakeCrm, make: Make, host: str) -> None:
    source = make(url=f"https://{host}:{crm.port}/{{{{ address }}}}", trusted_hosts=[])
    with pytest.raises(AddressRefused, match="trusted_hosts"):
        await source.find(NUMBER, project_id=TELECOM)
    assert crm.connections == 0


async def test_a_name_that_changes_its_mind_is_connected_to_where_it_was_checked(
    crm: FakeCrm, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The name's first answer is the one that is checked and the one that is connected to: there is no second."""
    answers = [["127.0.0.1"], ["169.254.169.254"]]
    monkeypatch.setattr(http_guard, "_resolved", lambda _host, _port: answers.pop(0))
    source = make(url=f"http://crm.example.com:{crm.port}/?phone={{{{ address }}}}", trusted_hosts=["crm.example.com"])
    assert await source.find(NUMBER, project_id=TELECOM) is not None
    assert (len(answers), crm.requests[0].headers["host"]) == (1, f"crm.example.com:{crm.port}")


async def test_one_inner_address_among_outer_ones_is_enough_to_refuse(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http_guard, "_resolved", lambda _host, _port: ["93.184.216.34", "10.0.0.1"])
    with pytest.raises(AddressRefused):
        await make(url="https://crm.example.com/", trusted_hosts=[]).find(NUMBER, project_id=TELECOM)


# -- what may be written ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"url": "http://crm.example.com/"}, "https://"),
        ({"url": "https://{{ address }}/"}, "behind the host"),
        ({"url": "https://user:word@crm.example.com/"}, "https://host/path"),
        ({"url": "ftp://crm.example.com/"}, "https://host/path"),
        ({"url": "https://crm.example.com/{{ address"}, "is no template"),
        ({"fields": {"tier": "x"}}, "'name'"),
        ({"fields": {"name": "{% for a in data %}{{ a }}{% endfor %}"}}, "for is not for use here"),
        ({"fields": {"name": "{{ data.name.__class__.mro() }}"}}, "call is not for use here"),
        ({"fields": {"name": "{{ data | center(999999999) }}"}}, "no filter"),
        ({"found": "data."}, "is no template"),
        ({"body": {"a": "b"}}, "POST"),
        (
            {"auth": {"secret": "a"}, "oauth2": {"token_url": "https://x.org", "client_id": "a", "secret": "b"}},
            "either",
        ),
    ],
)
def test_what_cannot_work_is_refused_when_the_file_is_read(changed: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=f"(?i){said}"):
        written(FakeCrm(port=1), **changed)
