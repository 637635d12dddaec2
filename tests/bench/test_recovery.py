"""What the benchmark of recovery makes of its rounds, and that its standby really takes over."""

from dataclasses import replace

import pytest

from cti.bench import recovery, standby
from cti.bench.recovery import Restarts, Round
from cti.bench.standby import Takeovers
from tests.running import free_port_base

SOON = Round(answers_s=0.2, routes_s=0.3, gap_s=0.05)
RESTARTS = Restarts(
    rounds=[SOON, replace(SOON, routes_s=0.5)], cold=[replace(SOON, routes_s=9.0)], lost=0, quiet_s=0.04
)


def test_the_standby_stands_beside_the_restart_with_a_goal_of_its_own() -> None:
    found = recovery.result(RESTARTS, Takeovers(routes_s=(0.6, 0.7, 2.5)))
    figures = found.figures
    assert (figures["standby_p50_s"], figures["standby_p99_s"], figures["standby_rounds"]) == (0.7, 2.5, 3)
    assert figures["restart_p99_s"] == 0.5
    assert "standby_p99_s" in found.goals
    assert not found.met
    assert recovery.result(RESTARTS, Takeovers(routes_s=(0.6, 0.7))).met


def test_a_standby_that_was_skipped_has_no_figures_but_the_reason() -> None:
    found = recovery.result(RESTARTS, Takeovers(routes_s=(), skipped="There is no initdb."))
    assert found.met
    assert not [key for key in (*found.figures, *found.goals) if key.startswith("standby")]
    assert "The standby was skipped: There is no initdb." in found.notes


def test_a_call_that_was_lost_at_a_takeover_misses_the_goal() -> None:
    assert not recovery.result(RESTARTS, Takeovers(routes_s=(0.6,), lost=1)).met


@pytest.mark.bench
@pytest.mark.asterisk
@pytest.mark.postgres
@pytest.mark.timeout(900)
async def test_each_of_two_engines_takes_over_and_no_call_is_lost() -> None:
    said: list[str] = []
    found = await standby.measure(said.append, rounds=2, talking=2, waiting=4, port_base=free_port_base())
    assert not found.skipped
    assert len(found.routes_s) == 2, said
    assert all(0 < one < 60 for one in found.routes_s)
    assert found.lost == 0
