"""What an admin has written and nobody is served by yet: the templates and the centre file beside those in force.

Read, changed, checked, and compared with the version in force; bringing them into force is `cti.dialplan.releases`',
which hands on to here what of `ports.templates.Templates` is about drafts. Files are read and written in threads.
"""

import asyncio
from collections.abc import Sequence

from cti.config import parse as parse_centre
from cti.dialplan import checks, differences, material, render
from cti.dialplan.checks import Result
from cti.dialplan.history import History
from cti.dialplan.material import CENTRE, Material
from cti.dialplan.render import Files
from cti.errors import ConfigError
from cti.home import Home
from cti.ports.templates import Checked, Draft, Pending, Stale
from cti.setup.asterisk import AsteriskInstall


class Drafts:
    """Those of one home."""

    def __init__(self, home: Home, install: AsteriskInstall, history: History) -> None:
        self._home = home
        self._install = install
        self._history = history

    async def all(self) -> Sequence[Draft]:
        """See `ports.Templates`."""
        return await asyncio.to_thread(self._all)

    def _all(self) -> list[Draft]:
        now, before = material.of_home(self._home), self.material_in_force()
        names = [CENTRE, *(name for name in sorted(now.templates) if material.is_editable(name))]
        texts, old = {CENTRE: now.centre, **now.templates}, {CENTRE: before.centre, **before.templates}
        return [
            Draft(name=name, text=texts[name], own=name in now.own, changed=texts[name] != old.get(name))
            for name in names
        ]

    async def save(self, name: str, text: str, *, base: str) -> None:
        """See `ports.Templates`."""
        await asyncio.to_thread(self._save, name, text, base)

    def _save(self, name: str, text: str, base: str) -> None:
        if not material.is_editable(name):
            raise ConfigError(f"{name} cannot be edited here: only the dialplan's templates and the centre file can.")
        now = material.of_home(self._home)
        current = now.centre if name == CENTRE else now.templates.get(name, "")
        if current != base:
            raise Stale(f"{name} was changed by somebody else meanwhile: read it again.")
        if text != current:
            material.write(self._home, name, text)

    async def reset(self, name: str) -> None:
        """See `ports.Templates`."""
        if not material.is_editable(name):
            raise ConfigError(f"{name} cannot be edited here.")
        await asyncio.to_thread(self._reset, name)

    def _reset(self, name: str) -> None:
        if name == CENTRE:
            material.write(self._home, name, self.material_in_force().centre)
        else:
            material.remove(self._home, name)

    async def check(self, language: str) -> Checked:
        """See `ports.Templates`."""
        now, result = await asyncio.to_thread(self.checked, language)
        return Checked(digest=now.digest, flaws=result.flaws)

    async def pending(self) -> Pending:
        """See `ports.Templates`."""
        return await asyncio.to_thread(self._pending)

    def _pending(self) -> Pending:
        now, number = material.of_home(self._home), self.in_force()
        before = self.material_in_force()
        old, new = self.texts(before, number), self.texts(now, number)
        return Pending(
            in_force=number,
            digest=now.digest,
            differences=(
                *differences.between({CENTRE: before.centre}, {CENTRE: now.centre}, self._home),
                *differences.between(old, new, self._home),
            ),
            later=differences.later(old, new, centre_before=before.centre, centre_after=now.centre),
        )

    # -- as `releases` asks, in a thread of its own -------------------------------------------------------------------

    def checked(self, language: str, version: int | None = None) -> tuple[Material, Result]:
        """The drafts as they stand, and what is to be said of them as that version; None: as the one in force."""
        now = material.of_home(self._home)
        number = version if version is not None else self.in_force()
        return now, checks.check(now, self._home, self._install, version=number, language=language)

    def texts(self, given: Material, number: int) -> Files:
        """What a material is rendered to as that version. Raises ConfigError."""
        return texts_of(given, self._home, self._install, version=number)

    def in_force(self) -> int:
        """The version. Raises ConfigError before there is one."""
        number = self._history.in_force
        if number is None:
            raise ConfigError("Nothing is in force yet: start the centre with `cti up` first.")
        return number

    def material_in_force(self) -> Material:
        """What it was made of. Raises ConfigError."""
        return self._history.material(self.in_force())


def texts_of(given: Material, home: Home, install: AsteriskInstall, *, version: int) -> Files:
    """Every file that a material becomes, contexts by their plain names. Raises ConfigError. Blocks."""
    return render.rendered(
        parse_centre(given.centre, file=CENTRE),
        home,
        install,
        texts=given.templates,
        own=given.own,
        version=version,
    ).texts
