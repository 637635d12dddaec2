"""Who works here, told to the engine: at once by the pages, and every few seconds for what the command line changed."""

import asyncio
import contextlib
from typing import Final

from cti.engine.engine import Engine
from cti.errors import DatabaseDown
from cti.ports import Person
from cti.store.directory import Directory

READ_EVERY_S: Final = 5.0
"""How soon a change made from the command line reaches a running engine."""


class DirectoryEnrolment:
    """`ports.Enrolment`: what the directory says reaches the engine whole, so nothing is forgotten."""

    def __init__(self, engine: Engine, directory: Directory) -> None:
        self._engine = engine
        self._directory = directory
        self._turn = asyncio.Lock()

    async def changed(self, person: Person) -> None:
        """See `ports.Enrolment`. He first, since reading everyone takes the longer the more there are."""
        self._engine.change_person(person)
        await self.read()

    async def read(self) -> None:
        """Tell the engine who is who now. Raises DatabaseDown."""
        async with self._turn:
            persons = await self._directory.everyone()
            await self._engine.change_people(persons, await self._directory.phones())

    async def keep_reading(self) -> None:
        """Follow the directory, for ever."""
        while True:
            await asyncio.sleep(READ_EVERY_S)
            with contextlib.suppress(DatabaseDown):
                await self.read()
