"""CRMs outside beside the own base: each fills the card in when it answers, and none keeps anything from the others."""

import asyncio
from dataclasses import replace

import pytest

from cti.domain.ids import ProjectId
from cti.errors import OutsideError
from cti.metrics import Metrics
from cti.ports import Card, Contract, Detail
from cti.web.cards import Cards, Lookup
from cti.web.merged import merged
from tests.running import soon
from tests.web.world import KNOWN, World

TELECOM = ProjectId("telecom")
OURS = Card(
    customer_id=7,
    name="Anna",
    tier="",
    language="ru",
    phones=("+79165550001",),
    emails=(),
    contracts=(),
    past=(),
    source="triune",
)
THEIRS = replace(
    OURS,
    customer_id=0,
    name="Anna Petrova",
    tier="gold",
    phones=("+79165550001", "+79165550002"),
    contracts=(Contract(number="9", kind="", status="", balance_minor=0, currency="", ends_on=None),),
    source="billing",
    details=(Detail(en="Orders", ru="Заказы", value="3", source="billing"),),
)


class Outside:
    """A CRM that answers when it may."""

    def __init__(self, name: str, answer: Card | OutsideError | None) -> None:
        self.name = name
        self.answer = answer
        self.may = asyncio.Event()
        self.asked = 0

    async def find(self, address: str, *, project_id: ProjectId) -> Card | None:
        self.asked += 1
        await self.may.wait()
        if isinstance(self.answer, OutsideError):
            raise self.answer
        return self.answer


class Own:
    def __init__(self, answer: Card | OutsideError | None) -> None:
        self.answer = answer

    async def find(self, address: str, *, project_id: ProjectId) -> Card | None:
        if isinstance(self.answer, OutsideError):
            raise self.answer
        return self.answer

    async def standing(self, address: str, *, project_id: ProjectId) -> None:
        return None


DOWN = OutsideError("down")


async def asked(own: Card | OutsideError | None, *outside: Outside) -> tuple[Lookup, Cards]:
    cards = Cards(customers=Own(own), metrics=Metrics(), outside={TELECOM: outside})
    lookup = cards.ask("+79165550001", project_id=TELECOM)
    await soon(lambda: lookup.states["triune"] != "loading", what="the own base")
    return lookup, cards


def test_the_own_base_goes_first_and_what_it_lacks_is_filled_in_with_its_source() -> None:
    card = merged([OURS, THEIRS])
    assert card is not None
    assert (card.customer_id, card.name, card.tier, card.source) == (7, "Anna", "gold", "triune")
    assert card.phones == ("+79165550001", "+79165550002")
    assert dict(card.origins) == {"tier": "billing", "phones.1": "billing", "contracts.0": "billing"}
    assert [(detail.en, detail.value) for detail in card.details] == [("Name", "Anna Petrova"), ("Orders", "3")]


def test_one_source_alone_is_the_card() -> None:
    assert merged([THEIRS]) == THEIRS
    assert merged([]) is None


async def test_a_card_fills_in_as_each_source_answers() -> None:
    billing = Outside("billing", THEIRS)
    lookup, cards = await asked(OURS, billing)
    told: list[str] = []
    lookup.listeners["me"] = lambda: told.append(lookup.card.tier if lookup.card else "")
    assert (lookup.state, lookup.card, lookup.states["billing"]) == ("found", OURS, "loading")
    billing.may.set()
    await soon(lambda: told, what="the second answer")
    assert told == ["gold"]
    assert lookup.listeners == {}
    assert billing.asked == 1
    await cards.close()


@pytest.mark.parametrize(
    ("own", "theirs", "before", "after"),
    [
        (OURS, DOWN, "found", "found"),
        (DOWN, THEIRS, "loading", "found"),
        (None, THEIRS, "loading", "found"),
        (None, None, "loading", "unknown"),
        (None, DOWN, "loading", "unavailable"),
        (DOWN, None, "loading", "unavailable"),
    ],
)
async def test_what_one_cannot_say_hides_nothing_that_the_other_can(
    own: Card | OutsideError | None, theirs: Card | OutsideError | None, before: str, after: str
) -> None:
    billing = Outside("billing", theirs)
    lookup, cards = await asked(own, billing)
    assert lookup.state == before
    billing.may.set()
    await soon(lambda: lookup.is_done, what="both answers")
    assert lookup.state == after
    await cards.close()


async def test_another_project_s_crm_is_not_asked() -> None:
    billing = Outside("billing", THEIRS)
    cards = Cards(customers=Own(None), metrics=Metrics(), outside={ProjectId("clinic"): (billing,)})
    lookup = cards.ask("+79165550001", project_id=TELECOM)
    await soon(lambda: lookup.is_done, what="the answer")
    assert (lookup.state, billing.asked) == ("unknown", 0)
    await cards.close()


async def test_neither_pop_nor_ring_waits_for_a_crm_that_says_nothing(world: World) -> None:
    """The own base's answer is on the page, marked as all that the ring waits for, while the CRM is silent still."""
    silent = Outside("billing", THEIRS)
    world.hub._cards._outside = {TELECOM: (silent,)}
    _, page = await world.ready("anna")
    world.engine.caller(KNOWN)
    view = (await page.next("assignment"))["assignment"]
    while view["card_state"] == "loading":
        view = (await page.next("assignment"))["assignment"]
    assert (silent.asked, silent.may.is_set()) == (1, False)
    assert view["card"]["tier"] == "gold"
    assert [(each["source"], each["state"]) for each in view["card_sources"]] == [
        ("triune", "found"),
        ("billing", "loading"),
    ]
    silent.may.set()
    view = (await page.next("assignment"))["assignment"]
    assert view["card_sources"][1]["state"] == "found"
    assert [detail["value"] for detail in view["card"]["details"]] == ["Anna Petrova", "3"]
    assert view["card"]["origins"] == {"phones.1": "billing", "phones.2": "billing", "contracts.1": "billing"}
