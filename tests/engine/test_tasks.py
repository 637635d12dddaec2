import asyncio

from cti.engine.tasks import Supervised
from tests.running import PATIENCE_S


async def test_a_task_that_fails_starts_again_and_its_sibling_goes_on() -> None:
    supervised = Supervised()
    thrice = asyncio.Event()
    sibling_starts = tries = 0

    async def failing() -> None:
        nonlocal tries
        tries += 1
        if tries == 3:
            thrice.set()
            return
        raise ValueError("broken")

    async def sibling() -> None:
        nonlocal sibling_starts
        sibling_starts += 1
        await asyncio.Event().wait()

    supervised.start("sibling", sibling)
    supervised.start("failing", failing)
    async with asyncio.timeout(PATIENCE_S):
        await thrice.wait()
    assert supervised.restarts == 2
    assert sibling_starts == 1
    await supervised.stop()
