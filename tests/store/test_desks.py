"""Who sits where outlives the engine; a PIN is hashed, and three wrong tries lock it."""

import pytest
import sqlalchemy as sa

from cti.database import Database
from cti.domain.ids import AgentId, Device
from cti.errors import RuleError
from cti.ports.desks import PinAnswer, Seat
from cti.store import models
from cti.store.desks import LOCK_MS, StoredDesks

pytestmark = pytest.mark.server

ANN, BOB = AgentId("u1"), AgentId("u2")
PIN = "246810"


def seat(agent_id: AgentId, desk: str) -> Seat:
    return Seat(desk=desk, agent_id=agent_id, before=Device.WEB, since_ms=5)


async def test_nobody_sits_at_two_desks_and_no_desk_has_two_people(database: Database) -> None:
    desks = StoredDesks(database)
    await desks.take(seat(ANN, "d12"))
    await desks.take(seat(BOB, "d14"))
    await desks.take(seat(ANN, "d14"))
    assert await desks.seats() == [seat(ANN, "d14")]
    await desks.leave(ANN)
    await desks.leave(ANN)
    assert await desks.seats() == []


async def test_three_wrong_pins_lock_it_for_a_while_for_the_right_one_too(database: Database) -> None:
    now = [1_000_000]
    desks = StoredDesks(database, now_ms=lambda: now[0])
    assert await desks.check(ANN, PIN) is PinAnswer.UNKNOWN
    await desks.set_pin(ANN, PIN)
    assert [await desks.check(ANN, "1111") for _ in range(2)] == [PinAnswer.WRONG, PinAnswer.WRONG]
    assert await desks.check(ANN, PIN) is PinAnswer.OK, "the count begins anew"
    answers = [await desks.check(ANN, "1111") for _ in range(3)]
    assert answers == [PinAnswer.WRONG, PinAnswer.WRONG, PinAnswer.LOCKED]
    assert await desks.check(ANN, PIN) is PinAnswer.LOCKED
    now[0] += LOCK_MS
    assert await desks.check(ANN, PIN) is PinAnswer.OK


async def test_a_pin_is_kept_hashed_and_must_be_digits(database: Database) -> None:
    desks = StoredDesks(database)
    await desks.set_pin(ANN, PIN)
    kept = await database.read(
        lambda connection: connection.execute(sa.select(models.table(models.DeskPin).c.pin_hash)).scalar_one()
    )
    assert PIN not in kept
    for wrong in ("123", "12a4", "1" * 13, "١٢٣٤"):
        with pytest.raises(RuleError):
            await desks.set_pin(ANN, wrong)
