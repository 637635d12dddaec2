"""What whole-centre tests share: one demo centre and one Chromium, each started once, by whoever asks first.

`TRIUNE_TEST_HOME` names the home of a demo centre that runs already: it is used and left running, so that one test can
be tried in seconds.
"""

import os
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import hypothesis
import pytest
import pytest_asyncio

if TYPE_CHECKING:
    from tests.browser.desktop import Chromium
    from tests.browser.telephony import Lines
    from tests.running import RunningCentre

# No example has a deadline: machines are busy. `HYPOTHESIS_PROFILE=quick` (make check) tries fewer of them.
hypothesis.settings.register_profile("default", deadline=None)
hypothesis.settings.register_profile("quick", deadline=None, max_examples=30)
hypothesis.settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "default"))


@pytest.fixture(autouse=True)
def patient_database(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """A starved machine is no database that is away. Tests with a server freeze and kill it, and see what that does."""
    if request.node.get_closest_marker("postgres") is None:
        monkeypatch.setattr("cti.database.PATIENCE", 20.0)


@pytest.fixture
def impatient_database(patient_database: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """The deadlines as they are in service, for tests of them."""
    monkeypatch.setattr("cti.database.PATIENCE", 1.0)


# What these need is imported by who uses it: tests that need no centre start without a browser's library.


@pytest.fixture(scope="session")
def running_centre() -> "Iterator[RunningCentre]":
    """The one demo centre of all tests."""
    from tests.running import RunningCentre, free_port_base

    given = os.environ.get("TRIUNE_TEST_HOME")
    if given:
        yield RunningCentre(Path(given), port_base=0)
        return
    with tempfile.TemporaryDirectory(prefix="triune-") as folder:
        running = RunningCentre(Path(folder) / "home", port_base=free_port_base())
        try:
            yield running.start()
        finally:
            running.stop()


@pytest.fixture
def centre(running_centre: "RunningCentre") -> "RunningCentre":
    """The running centre, whole whatever the test before has left of it."""
    running_centre.make_whole()
    return running_centre


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def chromium(tmp_path_factory: pytest.TempPathFactory) -> "AsyncIterator[Chromium]":
    """A browser whose microphone sounds a tone. For tests on the session's loop."""
    from tests.browser.desktop import start_chromium

    async with start_chromium(tmp_path_factory.mktemp("microphone")) as running:
        yield running


@pytest_asyncio.fixture(loop_scope="session")
async def lines(centre: "RunningCentre") -> "AsyncIterator[Lines]":
    """Callers on the emulated carrier."""
    from tests.browser import telephony

    async with telephony.lines(centre) as made:
        yield made
