"""The engine as one that takes up versions of the configuration while it runs.

Here: which parts of the engine hear of another centre file, and in which order. Not here: how a version comes into
force (`cti.dialplan.releases`), the ACD's rules (`cti.rules`). Made by `cti.app`.
"""

import asyncio
from collections.abc import Callable

from cti import config, rules
from cti.config import Centre, standing
from cti.engine.engine import Engine
from cti.home import Home
from cti.store.directory import Directory


class EngineUptake:
    """See `ports.templates.Loader`."""

    name = "engine"

    def __init__(
        self, home: Home, *, centre: Centre, engine: Engine, directory: Directory, renewed: Callable[[], None]
    ) -> None:
        """`centre` is the standing record that all parts hold; `renewed` is called once it says something else."""
        self._home = home
        self._centre = centre
        self._engine = engine
        self._directory = directory
        self._renewed = renewed

    async def load(self, version: int) -> None:
        """Go by this version's centre file from the next decision on. Raises ConfigError, DatabaseDown."""
        fresh = await asyncio.to_thread(config.load, self._home.version_folder(version) / "centre.yaml")
        await self._directory.adopt(fresh)
        standing.become(self._centre, fresh)
        self._engine.change_rules(
            (*rules.events(fresh), *rules.campaigns(fresh)),
            enrolled=rules.enrolment(fresh),
            regards=rules.regards(fresh),
        )
        self._renewed()

    def drained(self) -> None:
        """No call is left that came by an older version."""
        self._engine.close_missing_queues()
