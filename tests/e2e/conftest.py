"""One demo centre for all end-to-end tests: started once by `cti up`, stopped at the end."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.running import RunningCentre, free_port_base


@pytest.fixture(scope="session")
def centre() -> Iterator[RunningCentre]:
    """The running centre. Tests that kill parts of it leave it whole."""
    with tempfile.TemporaryDirectory(prefix="triune-") as folder:
        running = RunningCentre(Path(folder) / "home", port_base=free_port_base())
        try:
            yield running.start()
        finally:
            running.stop()
