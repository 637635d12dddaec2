"""Explaining and auditing beside a running engine, off its loop.

`Storyteller` explains one contact in a process of its own (`cti why`): folding a day's journal in a thread would take
the interpreter from the loop for seconds. `Watch` audits every offer as it is flushed, in a thread, a batch at a time;
what it finds without explanation is an alarm in the log and a metric. Both are wired by `cti.app`.
"""

import asyncio
import logging
import sys
from collections import Counter, deque
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

import msgspec

from cti.domain.acd import Snapshot, restore
from cti.domain.audit.auditor import Auditor, Fault, Finding, Reason
from cti.domain.audit.why import Story
from cti.domain.ids import ContactId
from cti.errors import OutsideError
from cti.metrics import Metrics
from cti.ports import Entry
from cti.store.appending import DurableJournal

log = logging.getLogger(__name__)

DEADLINE_S: Final = 15.0
AT_ONCE: Final = 2
"""Stories told at the same time; the next waits for its turn within its own deadline."""
_NOT_FOUND: Final = 2
"""The exit code of a command that was asked for what there is not."""
_GATHER_S: Final = 0.5
_MOST_WAITING: Final = 20_000
"""Entries that wait to be audited; beyond that they are let go, and the audit begins anew from the present state."""


class Storyteller:
    """`ports.Reasons` on one journal's file."""

    def __init__(self, journal: Path, *, deadline_s: float = DEADLINE_S) -> None:
        self._journal = journal
        self._deadline_s = deadline_s
        self._turns = asyncio.Semaphore(AT_ONCE)

    async def story(self, contact_id: ContactId) -> Story | None:
        """See `ports.Reasons`."""
        try:
            async with asyncio.timeout(self._deadline_s), self._turns:
                return await self._ask(contact_id)
        except TimeoutError as error:
            raise OutsideError(
                f"The journal is long: {contact_id} could not be explained within {self._deadline_s:g} s. "
                "Try again, or use `cti why` on the server."
            ) from error

    async def _ask(self, contact_id: ContactId) -> Story | None:
        asked = ("-m", "cti", "why", contact_id, "--journal", str(self._journal), "--json", "--live")
        child = await asyncio.create_subprocess_exec(
            sys.executable, *asked, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
        )
        try:
            told, complaint = await child.communicate()
        finally:
            if child.returncode is None:
                child.kill()
                await child.wait()
        if child.returncode == _NOT_FOUND:
            return None
        if child.returncode != 0:
            told_why = complaint.decode(errors="replace").strip()[-2_000:]
            log.error("no story of %s: %s", contact_id, told_why, extra={"action": "story_failed"})
            raise OutsideError("The journal could not be read now: the engine's log says why.")
        return msgspec.json.decode(told, type=Story)


class Watch:
    """Audits what the engine decides; `run` is to be a supervised task, started when the engine's state stands."""

    def __init__(self, journal: DurableJournal, *, snapshot: Callable[[], Snapshot], metrics: Metrics) -> None:
        self._snapshot = snapshot
        self._overtakings = metrics.counter(
            "triune_overtakings_total", "Older contacts that were passed by an offer, by what explains it"
        )
        self._unexplained = metrics.counter(
            "triune_unexplained_overtakings_total", "Offers that the policy does not explain"
        )
        self._flushed: deque[Entry] = deque()
        self._overflown = False
        self._came = asyncio.Event()
        journal.on_flushed(self._take)

    def _take(self, batch: Sequence[Entry]) -> None:
        if not batch or len(self._flushed) + len(batch) > _MOST_WAITING:  # empty: more has settled than is told
            self._flushed.clear()
            self._overflown = True
        else:
            self._flushed.extend(batch)
        self._came.set()

    async def run(self) -> None:
        """Audit for ever, anew from the present state whenever what is known no longer fits."""
        while True:
            self._flushed.clear()
            self._overflown = False
            snapshot = self._snapshot()
            auditor = await asyncio.to_thread(_auditor, snapshot)
            while not auditor.findings_of(Fault.BROKEN):
                await self._came.wait()
                await asyncio.sleep(_GATHER_S)
                self._came.clear()
                if self._overflown:
                    break
                batch = [entry for entry in self._flushed if entry.number > snapshot.number]
                self._flushed.clear()
                self._note(*await asyncio.to_thread(_audit, auditor, batch))

    def _note(self, passed: Counter[Reason], findings: Sequence[Finding], unexplained: int) -> None:
        for reason, count in passed.items():
            self._overtakings.add(count, reason=reason.value)
        if unexplained:
            self._unexplained.add(unexplained)
        for finding in findings:
            log.error(
                "offer %s of %s is not explained by the policy: %s",
                finding.assignment_id,
                finding.contact_id,
                finding.detail or f"{finding.passed} stood before it",
                extra={"action": "unexplained_offer", "number": finding.number, "contact": finding.contact_id},
            )


def _auditor(snapshot: Snapshot) -> Auditor:
    return Auditor(restore(snapshot))


def _audit(auditor: Auditor, batch: Sequence[Entry]) -> tuple[Counter[Reason], Sequence[Finding], int]:
    """What the batch adds to the audit."""
    passed, found, unexplained = Counter(auditor.overtakings), len(auditor.findings), auditor.unexplained
    for entry in batch:
        auditor.take(entry.number, entry.at_ms, entry.facts)
    return auditor.overtakings - passed, auditor.findings[found:], auditor.unexplained - unexplained
