"""Hot desks: somebody logs in at a desk phone by dialling or on his page, is rung there, and moves."""

import subprocess
import sys
from typing import Any

import httpx
import pytest

from cti import variables
from cti.demo.carrier import Carrier, Order, SipPhone, Step, Who
from cti.home import DemoAgent
from tests.e2e.floor import Floor, floor, hire
from tests.running import PATIENCE_S, RunningCentre, soon

pytestmark = [pytest.mark.asterisk, pytest.mark.timeout(600)]

FIRST, SECOND = "812", "814"
"""What the carrier calls the phones of desks d12 and d14."""
DESKS = {FIRST: "d12", SECOND: "d14"}
PIN = "86420975"
NEW_PIN = "97531"
EXTENSION = "314"
ANOTHER = "315"


def give_pin(centre: RunningCentre, agent: DemoAgent) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "cti", "desk", "pin", agent.login, "--home", str(centre.path)],
        input=f"{PIN}\n",
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert PIN not in done.stdout


async def place_phones(centre: RunningCentre, carrier: Carrier) -> None:
    """Both desk phones register with their own passwords and answer at once."""
    home = centre.home()
    phones = [
        SipPhone(extension=number, secret=home.desk_secret(key), user=variables.desk_endpoint(key))
        for number, key in DESKS.items()
    ]
    for phone in phones:
        await carrier.behave(phone.extension, ring_s=0, talk_s=0)
    await carrier.register(phones)
    demo = centre.endpoints().demo
    assert demo is not None
    async with page(centre, demo.supervisor.login, demo.supervisor.password) as http:
        await until_desks(http, lambda desks: all(one["reached"] for one in desks.values()), "both are switched on")


def page(centre: RunningCentre, login: str, password: str) -> httpx.AsyncClient:
    """Somebody's page, as far as requests go."""
    http = httpx.AsyncClient(base_url=f"{centre.endpoints().web}/api/v1", timeout=PATIENCE_S, trust_env=False)
    with httpx.Client(base_url=http.base_url, timeout=PATIENCE_S, trust_env=False) as client:
        token = client.post("/tokens", json={"login": login, "password": password}).json()["token"]
    http.headers["Authorization"] = f"Bearer {token}"
    return http


async def until_desks(http: httpx.AsyncClient, holds: Any, what: str) -> None:
    found: dict[str, Any] = {}

    def look() -> bool:
        answer = httpx.get(f"{http.base_url}desks", headers=http.headers, timeout=PATIENCE_S, trust_env=False)
        found.update({one["desk"]: one for one in answer.json()})
        return bool(holds(found))

    await soon(look, what=what)


async def dial(made: Floor, phone: str, code: str, digits: str = "") -> None:
    """The phone calls the centre; returns when it has been let go."""
    order = Order(label=made.carrier.label(), caller="+79160000000", to=code, digits=digits, phone=phone, stay_s=60)
    call = await made.carrier.place(order)
    await soon(call.ended.done, what="the phone is let go")
    assert call.answered.is_set()


def heard(made: Floor, phone: str) -> int:
    """How many talks with audio both ways the phone has had."""
    seen = [one for one in made.seen if one.who is Who.PHONE and one.label == phone]
    return sum(one.step is Step.HEARD for one in seen)


async def test_calls_ring_at_the_desk_where_he_logged_in_and_after_he_moved_at_the_other(centre: RunningCentre) -> None:
    (agent,) = await hire(centre, [EXTENSION])
    give_pin(centre, agent)
    async with page(centre, agent.login, agent.password) as his:
        await his.delete("/agent/desk")
    async with floor(centre, [agent]) as made, page(centre, agent.login, agent.password) as his:
        await place_phones(centre, made.carrier)
        await dial(made, FIRST, variables.DESK_LOGIN, f"{EXTENSION}#wwww{PIN}#")
        await until_desks(his, lambda desks: desks["d12"]["person"] == f"Hired {EXTENSION}", "he sits at 12")
        await made.agents.desks.all[0].until(
            lambda one: one.state is not None and "desk" in one.state.phones, limit_s=PATIENCE_S
        )
        first = await made.call("+79166660001")
        await soon(lambda: heard(made, FIRST) == 1, what="he talks at 12")
        answer = await his.post("/agent/desk", json={"desk": "d14"})
        assert answer.status_code == 200, answer.text
        await until_desks(his, lambda desks: desks["d14"]["person"] is not None, "he sits at 14")
        assert not first.ended.done(), "the talk stays where it is"
        await made.hang_up([first])
        await made.agents.desks.ready(limit_s=PATIENCE_S)
        second = await made.call("+79166660002")
        await soon(lambda: heard(made, SECOND) == 1, what="he talks at 14")
        lamp = centre.console(f"dialplan eval function DEVICE_STATE(PJSIP/{variables.seat_endpoint(EXTENSION)})")
        assert "BUSY" in lamp, "the lamp follows him"
        await made.hang_up([second])
        await made.agents.desks.ready(limit_s=PATIENCE_S)
        await dial(made, SECOND, variables.DESK_LOGOUT)
        await until_desks(his, lambda desks: desks["d14"]["person"] is None, "nobody sits at 14")
        third = await made.call("+79166660003")
        await soon(lambda: EXTENSION in made.phones(Step.HEARD), what="his own phone rings again")
        await made.hang_up([third])
        assert (heard(made, FIRST), heard(made, SECOND)) == (1, 1)
        assert (await his.post("/agent/desk", json={"desk": "d12"})).status_code == 200
    async with page(centre, agent.login, agent.password) as his:
        await until_desks(his, lambda desks: desks["d12"]["person"] is None, "who signs out leaves his desk")
    for part in ("asterisk", "ivr", "engine"):
        assert PIN not in centre.log(part)


async def test_three_wrong_pins_lock_it_for_the_right_one_too(centre: RunningCentre) -> None:
    (agent,) = await hire(centre, [ANOTHER])
    demo = centre.endpoints().demo
    assert demo is not None
    async with page(centre, demo.admin.login, demo.admin.password) as admins:
        found = {one["login"]: one["agent_id"] for one in (await admins.get("/people")).json()}
        given = await admins.put(f"/people/{found[agent.login]}/pin", json={"pin": PIN})
        assert given.status_code == 200, given.text
        told = (await admins.get("/audit")).json()[0]
        assert (told["action"], told["subject"]) == ("pin_set", found[agent.login])
    async with floor(centre, []) as made, page(centre, agent.login, agent.password) as his:
        await place_phones(centre, made.carrier)
        await dial(made, FIRST, variables.DESK_LOGIN, f"{ANOTHER}#wwww1111#wwwwwwww" * 3)
        await soon(lambda: "why=locked" in centre.log("engine"), what="locked")
        await dial(made, FIRST, variables.DESK_LOGIN, f"{ANOTHER}#wwww{PIN}#")
        await until_desks(his, lambda desks: desks["d12"]["person"] is None, "he was not let in")
        assert (await his.put("/agent/pin", json={"pin": NEW_PIN})).status_code == 200
        await dial(made, FIRST, variables.DESK_LOGIN, f"{ANOTHER}#wwww{NEW_PIN}#")
        await until_desks(his, lambda desks: desks["d12"]["person"] == f"Hired {ANOTHER}", "a new PIN opens it")
        assert (await his.delete("/agent/desk")).status_code == 200
