"""Who called, what he typed and what was noted stand in the database only: planted, then searched for."""

import asyncio
import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from cti.demo.carrier import Carrier, Order, SipPhone
from cti.demo.desk import Desk
from cti.demo.desks import Desks
from cti.errors import OutsideError
from tests.e2e.caller import caller
from tests.e2e.floor import SUPPORT, hire
from tests.running import PATIENCE_S, RunningCentre

pytestmark = [pytest.mark.asterisk, pytest.mark.timeout(600)]

MENU = "+78005550100"
NUMBER = "+79167770135"
OTHER_NUMBER = "+79167770246"
NAME = "Zyxwin Quarq"
ACCOUNT = "918273"
PIN = "6046"
NOTE = "Quxblorp wants a blue router"
TYPED = f"{ACCOUNT}#ww{PIN}#wwww"
PLANTED = (NUMBER[1:], OTHER_NUMBER[1:], "Zyxwin", "Quarq", "Quxblorp")
SHORT = (ACCOUNT, PIN)


async def test_numbers_names_digits_and_notes_are_in_no_journal_and_in_no_log(
    centre: RunningCentre, tmp_path: Path
) -> None:
    staff = await hire(centre, ["261"])
    async with (
        Carrier(centre.home()) as carrier,
        Desks(centre.endpoints().web, staff, works=False) as desks,
    ):
        await carrier.behave("261", ring_s=0, talk_s=0)
        await carrier.register([SipPhone(extension="261", secret=staff[0].sip_password)])
        desk = desks.all[0]
        await desk.until(lambda one: one.state is not None and one.state.phones == ["sip"], limit_s=PATIENCE_S)
        await desk._post("/agent/device", {"device": "sip"})

        await desk._post("/agent/readiness", {"ready": True})
        label = carrier.label()
        await carrier.place(Order(label=label, caller=NUMBER, to=MENU, digits=f"3www{TYPED * 3}"))
        await _in_hand(desk, "active", within_s=180)
        await carrier.hang_up(label)
        story = await _finish(desk)
        assert ACCOUNT not in story
        assert PIN not in story

        await desk._post("/agent/readiness", {"ready": True})
        ports = centre.home().ports
        async with caller(
            to=SUPPORT,
            centre=centre.endpoints().sip,
            address=ports.CARRIER_ADDRESS,
            port=ports.carrier_sip + 4,
            number=OTHER_NUMBER,
            name=NAME,
            folder=tmp_path,
        ) as called:
            await _in_hand(desk, "active")
            await desk._post(f"/assignments/{next(iter(desk.assignments))}/hangup", None)
            assert await called.was_hung_up()
        await _finish(desk)
        row = (await desk._request("GET", "/history?limit=1", None)).json()[0]
        assert row["note"] == NOTE
        assert re.sub("[ -]", "", row["address"]) == OTHER_NUMBER
        await carrier.unregister(["261"])

    home = centre.path
    where = [*home.glob("journal.*"), home / "logs", home / "asterisk" / "log", home / "asterisk" / "spool"]
    searched = [file for place in where for file in _files(place)]
    assert {"journal.sqlite", "engine.log", "ivr.log", "asterisk.log"} <= {file.name for file in searched}
    assert [(file.name, word) for file in searched for word in found_in(file)] == []
    in_database = {word for file in home.glob("triune.sqlite*") for word in found_in(file)}
    assert {NUMBER[1:], "Zyxwin", "Quxblorp"} <= in_database, "the search can find"


def _files(place: Path) -> Iterator[Path]:
    return (file for file in ([place] if place.is_file() else place.rglob("*")) if file.is_file())


def found_in(file: Path) -> list[str]:
    """The planted words in it; the short digits only as a word of their own: hashes and milliseconds hold such, too."""
    text = file.read_bytes()
    words = [word for word in PLANTED if word.encode() in text]
    return words + [
        digits for digits in SHORT if re.search(rb"(?<![0-9a-f.:])" + digits.encode() + rb"(?![0-9a-f])", text)
    ]


async def _in_hand(desk: Desk, state: str, *, within_s: float = PATIENCE_S) -> None:
    await desk.until(lambda one: any(each.state == state for each in one.assignments.values()), limit_s=within_s)


async def _finish(desk: Desk) -> str:
    """Wait for the end of the talk, note, close; all that is told of the contact."""
    await _in_hand(desk, "wrap_up")
    assignment = next(iter(desk.assignments.values()))
    done = {"disposition": "resolved", "note": NOTE}
    await desk._post(f"/assignments/{assignment.assignment_id}/finish", done)
    await desk.until(lambda one: not one.assignments, limit_s=PATIENCE_S)
    path = f"/contacts/{assignment.contact.contact_id}"
    story = ""
    async with asyncio.timeout(PATIENCE_S):
        while NOTE not in story:  # the history is written a moment later
            with suppress(OutsideError):
                story = (await desk._request("GET", path, None)).text
    return story
