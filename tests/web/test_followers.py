"""Whoever follows the decisions beside the pages: one that fails neither stops the others nor the engine."""

from cti.domain.acd import Decision
from cti.domain.ids import Milliseconds
from tests.web.world import World


async def test_a_follower_that_fails_stops_nobody(world: World) -> None:
    heard: list[int] = []

    def fails(_decision: Decision, _now: Milliseconds) -> None:
        raise ValueError

    world.hub.followers[:] = [fails, lambda decision, _: heard.append(decision.number)]
    world.hub.decided(Decision(number=7, facts=(), commands=()), 0)
    assert heard == [7]
