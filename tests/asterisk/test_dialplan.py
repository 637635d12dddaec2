"""Which probe call has arrived, and by which version; the rest is shown on a real Asterisk (tests/e2e)."""

import asyncio
from typing import Any

import pytest

from cti import variables
from cti.asterisk.dialplan import Dialplan
from cti.errors import OutsideError


class Channels:
    """Takes the probe's originate, and has it arrive as told."""

    def __init__(self) -> None:
        self.arrives: list[str] | None = None
        self.dialplan: Dialplan

    async def originate(self, **given: Any) -> None:
        word = given["variables"][f"__{variables.PROBE}"]
        if self.arrives is not None:
            arguments = [word if one == "WORD" else one for one in self.arrives]
            asyncio.get_running_loop().call_soon(self.dialplan.probed, arguments)


@pytest.fixture
def channels() -> Channels:
    made = Channels()
    made.dialplan = Dialplan(None, made)  # type: ignore[arg-type]  # no AMI is asked here
    return made


async def test_a_probe_that_came_by_the_version_asked_for_says_how_long_it_took(channels: Channels) -> None:
    channels.arrives = ["probe", "7", "WORD"]
    assert 0 <= await channels.dialplan.probe(7, within_s=5) < 5


@pytest.mark.parametrize(
    ("arrives", "words"),
    [
        (["probe", "6", "WORD"], "came by version 6, not 7"),
        (["probe", "7", "another"], "did not reach the engine"),
        (["probe"], "did not reach the engine"),
        (None, "did not reach the engine"),
    ],
)
async def test_a_probe_that_did_not_arrive_or_by_another_version_fails(
    channels: Channels, arrives: list[str] | None, words: str
) -> None:
    channels.arrives = arrives
    with pytest.raises(OutsideError, match=words):
        await channels.dialplan.probe(7, within_s=0.2)
