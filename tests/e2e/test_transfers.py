"""Handing talks over with real phones: who hears whom at every stage, by tones."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from cti import variables
from cti.demo.carrier import Call, Seen, Step, Who
from cti.demo.desk import Desk
from cti.demo.desks import Desks
from cti.demo.reading import Party
from cti.domain.facts import ContactClosed, HandedOver, PartyEnded
from cti.domain.ids import SYSTEM_TRANSFERRED, PartyEnd
from cti.home import DemoAgent
from tests.browser.desktop import AGENT_HZ, CALLER_HZ
from tests.browser.sipp import AnsweringPhone
from tests.browser.telephony import Lines
from tests.e2e.floor import SUPPORT, hire
from tests.running import PATIENCE_S, RunningCentre, soon

pytestmark = [pytest.mark.asterisk, pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(300)]

OUTSIDE, NOBODY = "+79165559101", "+79165559105"
"""One who answers at once, and one who never does (the last digit says it)."""


@dataclass
class Person:
    """An agent with a desk and a phone that answers at once and sounds a tone."""

    desk: Desk
    phone: AnsweringPhone
    http: httpx.AsyncClient

    @property
    def agent_id(self) -> str:
        assert self.desk.me is not None
        return self.desk.me.agent_id

    @property
    def talk(self) -> str:
        """What he is at; if nothing else, his wrap-up."""
        held = self.desk.assignments.values()
        return min(held, key=lambda one: one.state == "wrap_up").assignment_id

    async def asks(self, path: str, to: dict[str, str] | None = None) -> httpx.Response:
        body = {"to": to} if to is not None else None
        return await self.http.post(f"/assignments/{self.talk}/{path}", json=body)

    async def does(self, path: str, to: dict[str, str] | None = None) -> None:
        answer = await self.asks(path, to)
        assert answer.status_code == 200, answer.text

    async def has(self, state: str) -> None:
        await self.desk.until(
            lambda desk: bool(desk.assignments) and desk.assignments[self.talk].state == state, limit_s=PATIENCE_S
        )

    async def party(self, state: str) -> Party:
        """The one whom he asked, once his page is told that he is there."""

        def there(desk: Desk) -> bool:
            return [one.state for one in desk.assignments[self.talk].parties] == [state]

        await self.desk.until(there, limit_s=PATIENCE_S)
        return self.desk.assignments[self.talk].parties[0]


@asynccontextmanager
async def people(
    centre: RunningCentre,
    extensions: Sequence[str],
    folder: Path,
    *,
    wrap_s: float = 60,
    hz: int = AGENT_HZ,
    skill: str = "technical",
) -> AsyncIterator[list[Person]]:
    """Agents of support, if nothing is said, ready in this order; each sounds this tone."""
    hired = await hire(centre, extensions, skill=skill)
    web = centre.endpoints().web
    await soon(lambda: all(is_known(centre, agent) for agent in hired), what="the switch has their phones")
    async with AsyncExitStack() as stack:
        phones = [await stack.enter_async_context(_phone(centre, agent, folder, hz=hz)) for agent in hired]
        desks = await stack.enter_async_context(Desks(web, hired, wrap_s=wrap_s))
        await desks.connected(limit_s=PATIENCE_S)
        found = []
        for agent, desk, phone in zip(hired, desks.all, phones, strict=True):
            await desk.until(lambda one: one.state is not None and one.state.readiness == "ready", limit_s=PATIENCE_S)
            client = httpx.AsyncClient(base_url=f"{web}/api/v1", timeout=PATIENCE_S, trust_env=False)
            given = {"login": agent.login, "password": agent.password}
            token = (await client.post("/tokens", json=given)).json()["token"]
            client.headers["Authorization"] = f"Bearer {token}"
            stack.push_async_callback(client.aclose)
            found.append(Person(desk=desk, phone=phone, http=client))
        yield found


def is_known(centre: RunningCentre, agent: DemoAgent) -> bool:
    """Whether the switch has his line."""
    endpoint = variables.agent_endpoint(agent.extension)
    return "Unable to find" not in centre.console(f"pjsip show endpoint {endpoint}")


def _phone(centre: RunningCentre, agent: DemoAgent, folder: Path, *, hz: int) -> AnsweringPhone:
    place = folder / agent.extension
    place.mkdir()
    return AnsweringPhone(agent, centre.endpoints().sip, folder=place, hz=hz, steady=True)


async def talking(
    lines: Lines, everybody: Sequence[Person], number: str, *, to: str = SUPPORT
) -> tuple[Call, Person, Person]:
    """A caller, the agent whom he got, and another."""
    call = await lines.call(number, to)
    await soon(lambda: any(_is_at_it(person) for person in everybody), what="an agent has him")
    ann = next(person for person in everybody if _is_at_it(person))
    await ann.has("active")
    await lines.hears_agent(call)
    await ann.phone.hears(CALLER_HZ)
    return call, ann, next(person for person in everybody if person is not ann)


def _is_at_it(person: Person) -> bool:
    return any(one.state != "wrap_up" for one in person.desk.assignments.values())


def legs(centre: RunningCentre) -> list[str]:
    """All channels of the centre that we made."""
    rows = [line.split("!") for line in centre.console("core show channels concise").splitlines() if "!" in line]
    return [row[-1] for row in rows if row[-1].startswith(("leg-", "party-", "customer-"))]


def facts_since(centre: RunningCentre, before: int, kind: type) -> list[Any]:
    return [fact for number, fact in centre.facts() if number > before and isinstance(fact, kind)]


def last_number(centre: RunningCentre) -> int:
    return max((number for number, _ in centre.facts()), default=0)


async def test_ask_change_sides_all_together_and_hand_over(centre: RunningCentre, lines: Lines, tmp_path: Path) -> None:
    before = last_number(centre)
    async with people(centre, ["271", "272"], tmp_path) as everybody:
        call, ann, bob = await talking(lines, everybody, "+79165559001")

        await ann.does("invite", {"kind": "agent", "agent_id": bob.agent_id})
        await bob.phone.hears(AGENT_HZ)
        await ann.phone.hears(AGENT_HZ)
        await lines.hears_something(call)

        await ann.does("swap")
        await ann.phone.hears(CALLER_HZ)
        await lines.hears_agent(call)
        await ann.does("swap")
        await bob.phone.hears(AGENT_HZ)

        await ann.does("conference")
        await ann.phone.hears_together(AGENT_HZ, CALLER_HZ)
        await bob.phone.hears_together(AGENT_HZ, CALLER_HZ)
        await lines.hears_agent(call)

        await ann.does("hand-over")
        await ann.has("wrap_up")
        await bob.has("active")
        await bob.phone.hears(CALLER_HZ)
        await lines.hears_agent(call)
        await ann.phone.hung_up()
        assert bob.desk.assignments[bob.talk].contact.contact_id == ann.desk.assignments[ann.talk].contact.contact_id

        await lines.hang_up(call)
        await bob.has("wrap_up")
        await soon(lambda: not legs(centre), what="no phantom stays")
        assert len(facts_since(centre, before, HandedOver)) == 1


async def test_to_a_colleague_unseen_and_the_caller_hears_music_until_he_answers(
    centre: RunningCentre, lines: Lines, tmp_path: Path
) -> None:
    async with people(centre, ["273", "274"], tmp_path) as everybody:
        call, ann, bob = await talking(lines, everybody, "+79165559002")
        await ann.does("transfer", {"kind": "agent", "agent_id": bob.agent_id})
        await bob.has("active")
        await bob.phone.hears(CALLER_HZ)
        await lines.hears_agent(call)
        await ann.phone.hung_up()
        refused = await ann.asks("transfer", {"kind": "number", "number": OUTSIDE})
        assert refused.json()["code"] == "not_in_talk"
        await lines.hang_up(call)


@pytest.mark.lesson(4)
async def test_to_a_number_outside_that_answers_and_to_one_that_does_not(
    centre: RunningCentre, lines: Lines, tmp_path: Path
) -> None:
    before = last_number(centre)
    seen: list[Seen] = []
    async with people(centre, ["275", "276"], tmp_path, wrap_s=0.2) as everybody:
        lines.carrier.listen(seen.append)
        await lines.carrier.watch_called()
        call, ann, _ = await talking(lines, everybody, "+79165559003")
        forbidden = await ann.asks("transfer", {"kind": "number", "number": "+78091234567"})
        assert forbidden.status_code == 403, "costly numbers are no way out"
        await ann.does("transfer", {"kind": "number", "number": OUTSIDE})
        await ann.phone.hung_up()
        await soon(lambda: _seen(seen, OUTSIDE, Step.SPEAKS), what="he who was called hears the caller")
        await lines.hears_something(call)
        await lines.hang_up(call)
        await soon(
            lambda: [fact.disposition for fact in facts_since(centre, before, ContactClosed)] == [SYSTEM_TRANSFERRED],
            what="the contact is closed as transferred",
        )

        await asyncio.gather(*(_ready(person) for person in everybody))
        call, ann, _ = await talking(lines, everybody, "+79165559004")
        await ann.does("invite", {"kind": "number", "number": NOBODY})
        await lines.hears_something(call)
        party = await ann.party("ringing")
        assert party.name == "+7 916 555-91-05"
        parted = await ann.http.delete(f"/assignments/{ann.talk}/parties/{party.leg_id}")
        assert parted.status_code == 200
        await ann.does("resume")
        await ann.phone.hears(CALLER_HZ)
        await lines.hang_up(call)
        await soon(lambda: not legs(centre), what="no phantom stays")
        assert [fact.how for fact in facts_since(centre, before, PartyEnded)] == [PartyEnd.OVER, PartyEnd.DROPPED]


@pytest.mark.lesson(4)
async def test_the_engine_dies_in_the_middle_and_everybody_is_where_he_was(
    centre: RunningCentre, lines: Lines, tmp_path: Path
) -> None:
    async with people(centre, ["277", "278"], tmp_path) as everybody:
        call, ann, bob = await talking(lines, everybody, "+79165559005")
        await ann.does("invite", {"kind": "agent", "agent_id": bob.agent_id})
        await bob.phone.hears(AGENT_HZ)
        killed = centre.kill("engine")
        await soon(lambda: centre.is_back("engine", after=killed), what="a new engine")
        await ann.desk.until(lambda desk: desk.connected and bool(desk.assignments), limit_s=PATIENCE_S)
        await bob.phone.hears(AGENT_HZ)
        await ann.does("hand-over")
        await bob.has("active")
        await bob.phone.hears(CALLER_HZ)
        await lines.hears_agent(call)
        await lines.hang_up(call)
        await soon(lambda: not legs(centre), what="no phantom stays")


def _seen(seen: Sequence[Seen], number: str, step: Step) -> bool:
    return any((one.who, one.label, one.step) == (Who.CALLED, number, step) for one in seen)


async def _ready(person: Person) -> None:
    is_free: Callable[[Desk], bool] = lambda desk: (  # noqa: E731 - said once
        not desk.assignments and desk.state is not None and desk.state.readiness == "ready"
    )
    await person.desk.until(is_free, limit_s=PATIENCE_S)
