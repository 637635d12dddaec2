"""How a version of the configuration comes into force, or does not: all of it, or nothing.

Theory of operation. Drafts are rendered and linted (an error refuses), written down as a version, loaded by IVR and
engine beside the old one, put in Asterisk's folder in one step, and read by `dialplan reload` alone. Then a call of our
own goes through the new version's contexts into the application. Only when it has arrived does `in-force` name the new
version; whatever fails before, the old files are put back and read, and the old version is loaded again. A channel
keeps the version it came by (`cti.dialplan.versions`): older contexts stay in the file until nobody is in them, and are
dropped by `keep_house`, which also decides what a death in the midst of an apply has left.

`Releases` implements `ports.templates.Templates`; the switch, the IVR and the engine stand behind its ports. What `cti
up` does before Asterisk runs is `cti.dialplan.starting`.
"""

import asyncio
import contextlib
import logging
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

from msgspec import structs

from cti.dialplan import checks, differences, material, render, versions
from cti.dialplan.drafts import Drafts
from cti.dialplan.history import Applying, History, digest_of, own_texts
from cti.dialplan.parse import parse
from cti.dialplan.render import DIALPLAN, Files
from cti.errors import ConfigError, NotFound, OutsideError, TriuneError
from cti.home import Home
from cti.ports.templates import (
    Busy,
    Checked,
    DialplanHost,
    Draft,
    Entry,
    Flaw,
    Later,
    Loader,
    Outcome,
    Pending,
    Stage,
    StageDone,
)
from cti.setup.asterisk import AsteriskInstall

log = logging.getLogger(__name__)

PROBE_LIMIT_S: Final = 10.0
HOUSE_EVERY_S: Final = 30.0

Told = Callable[[StageDone], None]


class Releases:
    """See `ports.templates.Templates`. Belongs to the engine's process: its loop, one apply at a time."""

    def __init__(
        self,
        home: Home,
        install: AsteriskInstall,
        *,
        host: DialplanHost,
        loaders: Sequence[Loader],
        drained: Callable[[], None] = lambda: None,
    ) -> None:
        """`loaders` take a version up in this order; `drained` is called when no call of an older version is left."""
        self._home = home
        self._install = install
        self._host = host
        self._loaders = loaders
        self._drained = drained
        self._history = History(home)
        self._drafts = Drafts(home, install, self._history)
        self._house = asyncio.Lock()
        """Held while the dialplan is tidied or changed; who wants to change it waits for the tidying, never for another
        who changes it.
        """
        self._changing = False

    # -- drafts --------------------------------------------------------------------------------------------------------

    async def drafts(self) -> Sequence[Draft]:
        """See `ports.Templates`."""
        return await self._drafts.all()

    async def save(self, name: str, text: str, *, base: str) -> None:
        """See `ports.Templates`."""
        await self._drafts.save(name, text, base=base)

    async def reset(self, name: str) -> None:
        """See `ports.Templates`."""
        await self._drafts.reset(name)

    async def check(self, language: str) -> Checked:
        """See `ports.Templates`."""
        return await self._drafts.check(language)

    async def pending(self) -> Pending:
        """See `ports.Templates`."""
        return await self._drafts.pending()

    # -- looking -------------------------------------------------------------------------------------------------------

    async def in_force(self) -> int:
        """See `ports.Templates`."""
        return self._drafts.in_force()

    async def history(self) -> Sequence[Entry]:
        """See `ports.Templates`."""
        return (await asyncio.to_thread(self._history.entries))[::-1]

    async def texts(self, version: int) -> Mapping[str, str]:
        """See `ports.Templates`."""
        return own_texts(await asyncio.to_thread(self._history.material, version))

    # -- changing ------------------------------------------------------------------------------------------------------

    async def apply(
        self,
        *,
        author: str,
        reason: str,
        later: bool = False,
        language: str = "en",
        told: Told = lambda _: None,
    ) -> Outcome:
        """See `ports.Templates`."""
        async with self._alone():
            stages = _Stages(told)
            number = await asyncio.to_thread(self._history.next_number)
            now, result = await asyncio.to_thread(self._drafts.checked, language, number)
            if result.rendered is None or result.centre is None:
                return self._refused(stages, "mistakes", "The drafts cannot be rendered.", flaws=result.flaws)
            stages.done(Stage.RENDERED)
            wrong = checks.errors(result.flaws)
            if wrong:
                words = "one mistake" if len(wrong) == 1 else f"{len(wrong)} mistakes"
                return self._refused(stages, "mistakes", f"The drafts have {words}.", flaws=result.flaws)
            stages.done(Stage.LINTED)
            before = await asyncio.to_thread(self._drafts.material_in_force)
            if now.digest == before.digest:
                words = "Nothing has changed since the version in force."
                return self._refused(stages, "unchanged", words, flaws=result.flaws)
            old = await asyncio.to_thread(self._drafts.texts, before, number)
            waits = differences.later(old, result.rendered.texts, centre_before=before.centre, centre_after=now.centre)
            if waits and not later:
                return self._refused(stages, "restart", _what_waits(waits), flaws=result.flaws, later=waits)
            await asyncio.to_thread(
                self._history.add,
                number,
                now,
                plain=result.rendered.texts[DIALPLAN],
                author=author,
                reason=reason,
                at_ms=_now_ms(),
            )
            wanted = _Wanted(
                number=number,
                texts=result.rendered.texts,
                queues=differences.changed_queues(old, result.rendered.texts),
                action="apply",
                author=author,
                reason=reason,
            )
            outcome = await self._bring(wanted, stages)
        return structs.replace(outcome, flaws=result.flaws, later=waits)

    async def rollback(
        self, version: int, *, author: str, reason: str, language: str = "en", told: Told = lambda _: None
    ) -> Outcome:
        """See `ports.Templates`."""
        async with self._alone():
            stages = _Stages(told)
            earlier = await asyncio.to_thread(self._history.material, version)
            if version == self._drafts.in_force():
                return self._refused(stages, "unchanged", f"Version {version} is in force already.")
            before = await asyncio.to_thread(self._drafts.material_in_force)
            texts = dict(await asyncio.to_thread(self._drafts.texts, earlier, version))
            # The dialplan is the very one of then, whatever ships now.
            texts[DIALPLAN] = await asyncio.to_thread(self._history.plain, version)
            stages.done(Stage.RENDERED)
            flaws = await asyncio.to_thread(
                checks.of_dialplan, earlier, texts, self._home, self._install, version=version, language=language
            )
            if checks.errors(flaws):
                reason = f"Version {version} does not fit any more: {flaws[0].problem}."
                return self._refused(stages, "misfit", reason, flaws=flaws)
            stages.done(Stage.LINTED)
            old = await asyncio.to_thread(self._drafts.texts, before, version)
            waits = differences.later(old, texts, centre_before=before.centre, centre_after=earlier.centre)
            wanted = _Wanted(
                number=version,
                texts=texts,
                queues=differences.changed_queues(old, texts),
                action="rollback",
                author=author,
                reason=reason,
            )
            outcome = await self._bring(wanted, stages)
            if outcome.kept:
                await asyncio.to_thread(material.restore, self._home, earlier)
        return structs.replace(outcome, later=waits)

    @contextlib.asynccontextmanager
    async def _alone(self) -> AsyncIterator[None]:
        """Hold the configuration to change it. Raises Busy."""
        if self._changing:
            raise Busy("Another version is just being brought into force. Wait for it, then try again.")
        self._changing = True
        try:
            async with self._house:
                with self._history.alone():
                    yield
        finally:
            self._changing = False

    def _refused(
        self, stages: "_Stages", code: str, reason: str, *, flaws: tuple[Flaw, ...] = (), later: tuple[Later, ...] = ()
    ) -> Outcome:
        stages.done(Stage.REFUSED, reason)
        return Outcome(
            kept=False,
            version=self._drafts.in_force(),
            stages=stages.all,
            reason=reason,
            code=code,
            flaws=flaws,
            later=later,
        )

    async def _bring(self, wanted: "_Wanted", stages: "_Stages") -> Outcome:
        """From a version on the disk to one in force, or back."""
        before = self._drafts.in_force()
        applying = Applying(
            before=before,
            version=wanted.number,
            action=wanted.action,
            author=wanted.author,
            reason=wanted.reason,
        )
        await asyncio.to_thread(self._history.begin, applying)
        try:
            for loader in self._loaders:
                await loader.load(wanted.number)
            stages.done(Stage.LOADED, ", ".join(loader.name for loader in self._loaders))
            await self._put(wanted, beside=[before])
            stages.done(Stage.RELOADED)
            took_s = await self._host.probe(wanted.number, within_s=PROBE_LIMIT_S)
            stages.done(Stage.PROBED, f"{took_s * 1000:.0f} ms")
        except (TriuneError, OSError, TimeoutError) as error:
            return await self._back(wanted, before, str(error) or type(error).__name__, stages)
        await asyncio.to_thread(self._decide, wanted)
        stages.done(Stage.KEPT)
        log.info("version %d is in force", wanted.number, extra={"action": "version_applied", "author": wanted.author})
        return Outcome(kept=True, version=wanted.number, stages=stages.all, reason="")

    def _decide(self, wanted: "_Wanted") -> None:
        self._history.put_in_force(wanted.number)
        self._note(wanted, action=wanted.action)
        self._history.finish()

    async def _put(self, wanted: "_Wanted", *, beside: Sequence[int]) -> None:
        """Write Asterisk's files and have them read: this version, and those whose calls last."""
        used = await self._used()
        older = {number for number in (*beside, *used) if number != wanted.number}
        composed = {wanted.number: wanted.texts[DIALPLAN]}
        for number in sorted(older):
            try:
                composed[number] = await asyncio.to_thread(self._history.plain, number)
            except NotFound:
                log.error("calls are in version %d, which is there no more", number, extra={"action": "version_lost"})
        contexts = await asyncio.to_thread(self._write, wanted, composed)
        await self._host.reload(queues=wanted.queues)
        missing = sorted(set(contexts) - await self._host.contexts(contexts))
        if missing:
            raise OutsideError(
                f"Asterisk has read the dialplan, but knows no {', '.join(missing[:5])}.", transient=False
            )
        await asyncio.to_thread(self._history.prune, {wanted.number, *older})

    def _write(self, wanted: "_Wanted", composed: Mapping[int, str]) -> list[str]:
        """Put the files in Asterisk's folder; the contexts that it must know then."""
        text = versions.compose(wanted.number, composed)
        render.put({**wanted.texts, DIALPLAN: text}, self._home.asterisk)
        return sorted(name for name, context in parse(text).contexts.items() if context.extensions)

    async def _used(self) -> frozenset[int]:
        """The versions that channels are in."""
        found = (versions.version_of(context) for context in await self._host.busy_contexts())
        return frozenset(number for number in found if number is not None)

    async def _back(self, wanted: "_Wanted", before: int, why: str, stages: "_Stages") -> Outcome:
        """Nothing has happened: the old files, the old version loaded."""
        log.error("version %d is taken back: %s", wanted.number, why, extra={"action": "version_failed"})
        try:
            await self._restore(before)
        except (TriuneError, OSError, TimeoutError) as error:
            why = f"{why} And the old dialplan could not be read again yet ({error}); it is tried until it is."
            log.error("%s", why, extra={"action": "version_stuck"})
        else:
            await asyncio.to_thread(self._history.finish)
        await asyncio.to_thread(partial(self._note, wanted, action="failed", words=why))
        stages.done(Stage.ROLLED_BACK, why)
        return Outcome(kept=False, version=before, stages=stages.all, reason=why, code="failed")

    async def _restore(self, number: int) -> None:
        """The files and the loaders of the version in force. The files first: they count even when nobody answers."""
        files = dict(await asyncio.to_thread(self._files, number))
        wanted = _Wanted(number=number, texts=files, queues=(), action="", author="", reason="")
        await asyncio.to_thread(self._write, wanted, {number: files[DIALPLAN]})
        await self._put(wanted, beside=[])
        for loader in self._loaders:
            await loader.load(number)

    def _files(self, number: int) -> Files:
        given = self._history.material(number)
        return {**self._drafts.texts(given, number), DIALPLAN: self._history.plain(number)}

    def _note(self, wanted: "_Wanted", *, action: str, words: str = "") -> None:
        self._history.note(
            Entry(
                number=0,
                at_ms=_now_ms(),
                action=action,
                version=wanted.number,
                author=wanted.author,
                reason=wanted.reason,
                words=words,
                digest=digest_of(wanted.texts[DIALPLAN]),
                kept=True,
            )
        )

    # -- housekeeping --------------------------------------------------------------------------------------------------

    async def keep_house(self) -> None:
        """For ever: finish what a death cut short, and drop old versions whose last call has ended."""
        while True:
            try:
                await self.tidy()
            except Busy:
                pass
            except (OutsideError, ConfigError) as error:
                log.warning("the dialplan was not tidied: %s", error, extra={"action": "house_not_kept"})
            await asyncio.sleep(HOUSE_EVERY_S)

    async def tidy(self) -> None:
        """Once. Raises OutsideError, ConfigError."""
        if self._changing:
            return
        async with self._house:
            with self._history.alone():
                await self._tidied()

    async def _tidied(self) -> None:
        number = self._history.in_force
        if number is None:
            return
        if await self._recovered(number):
            return
        present = versions.versions_in((self._home.asterisk.etc / DIALPLAN).read_text(encoding="utf-8"))
        older = present - {number}
        idle = older - await self._used() if older else frozenset()
        if idle:
            files = await asyncio.to_thread(self._files, number)
            wanted = _Wanted(number=number, texts=files, queues=(), action="", author="", reason="")
            await self._put(wanted, beside=[])
            log.info("versions dropped", extra={"action": "versions_dropped", "versions": sorted(idle)})
        if older == idle:
            self._drained()

    async def _recovered(self, number: int) -> bool:
        """Whether something had been cut short, and is decided now."""
        cut = self._history.unfinished()
        if cut is None:
            return False
        wanted = _Wanted(
            number=cut.version,
            texts={DIALPLAN: await asyncio.to_thread(self._history.plain, cut.version)},
            queues=(),
            action=cut.action,
            author=cut.author,
            reason=cut.reason,
        )
        await self._restore(number)
        words = f"It was cut short; version {number} is in force."
        await asyncio.to_thread(partial(self._note, wanted, action="recovered", words=words))
        await asyncio.to_thread(self._history.finish)
        log.warning("%s", words, extra={"action": "version_recovered", "version": cut.version})
        return True


@dataclass(frozen=True, slots=True, kw_only=True)
class _Wanted:
    """A version on its way."""

    number: int
    texts: Files
    queues: Sequence[str]
    action: str
    author: str
    reason: str


class _Stages:
    """The steps done so far."""

    def __init__(self, told: Told) -> None:
        self._told = told
        self._done: list[StageDone] = []

    @property
    def all(self) -> tuple[StageDone, ...]:
        return tuple(self._done)

    def done(self, stage: Stage, words: str = "") -> None:
        one = StageDone(stage=stage, at_ms=_now_ms(), words=words)
        self._done.append(one)
        self._told(one)


def _what_waits(waits: Sequence[Later]) -> str:
    named = ", ".join(f"{one.name} (a restart of {one.needs.value})" for one in waits)
    return (
        f"This cannot be taken up while all runs: {named}. Apply the rest now and this with the restart, or leave it."
    )


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
