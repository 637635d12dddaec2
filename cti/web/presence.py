"""Who is here: the open pages and softphone lines of each person, and what the engine is told of them.

An agent's desktop is connected while at least one page of his is; it is lost `LOST_AFTER_S` after the last went, so
that a refresh is no loss. Whether a silent page is still there is the server's ping to tell (`cti.web.server`). A page
or line lives no longer than the session that opened it. Not here: what is pushed to pages (`cti.web.hub`).
"""

import asyncio
import logging
from collections.abc import Collection, Iterable
from typing import Final, TypeVar

from cti.domain.events import DesktopConnected, DesktopLost, Event
from cti.domain.ids import AgentId
from cti.errors import OutsideError, RuleError
from cti.ports import Engine
from cti.web.page import CHANGED, SIGNED_OUT, Line, Page
from cti.web.roster import Roster

log = logging.getLogger(__name__)

Opened = TypeVar("Opened", Page, Line)

LOST_AFTER_S: Final = 3.0
OPEN_LIMIT: Final = 20
"""Most pages, and most lines, of one person at once; one more is turned away until another closes."""


class Presence:
    """Everything that is open. Made before the engine; nothing can open until `start`."""

    def __init__(self) -> None:
        self._pages: dict[AgentId, set[Page]] = {}
        self._lines: dict[AgentId, set[Line]] = {}
        self._losing: dict[AgentId, asyncio.TimerHandle] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._started: tuple[Engine, Roster] | None = None

    def start(self, *, engine: Engine, roster: Roster) -> None:
        """Let pages in; on the engine's loop."""
        self._started = (engine, roster)

    async def stop(self) -> None:
        """Close everything and end every task."""
        self._started = None
        for handle in self._losing.values():
            handle.cancel()
        for opened in self._everything():
            opened.close(1001, "going away")
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    @property
    def is_open(self) -> bool:
        """Whether pages are let in: while the engine is just starting they are not."""
        return self._started is not None

    @property
    def engine(self) -> Engine:
        """Raises OutsideError while it is just starting."""
        return self._running()[0]

    # -- who is here -------------------------------------------------------------------------------------------------

    @property
    def page_count(self) -> int:
        """How many pages are connected."""
        return sum(map(len, self._pages.values()))

    def of(self, agent_id: AgentId) -> Collection[Page]:
        """His open pages."""
        return self._pages.get(agent_id, ())

    def pages(self) -> Iterable[Page]:
        """All open pages."""
        return [page for pages in self._pages.values() for page in pages]

    def is_connected(self, agent_id: AgentId) -> bool:
        """Whether a page of his is open, or was until a moment ago; see `cti.ports.Desktops`."""
        return agent_id in self._pages or agent_id in self._losing

    def join(self, page: Page) -> None:
        """The page is open. Raises OutsideError while the engine starts, or when the person has too many pages."""
        engine, agent_id = self.engine, page.person.agent_id
        first = agent_id not in self._pages
        _admit(self._pages, agent_id, page)
        if (handle := self._losing.pop(agent_id, None)) is not None:
            handle.cancel()
        agent = engine.state.agents.get(agent_id)
        if first and agent is not None and not agent.desktop:
            self.submit(DesktopConnected(agent_id=agent_id))

    def leave(self, page: Page) -> None:
        """The page is gone; twice is once."""
        agent_id = page.person.agent_id
        if _dismiss(self._pages, agent_id, page):
            self._lose_later(agent_id)

    def insist(self, agent_id: AgentId) -> None:
        """The engine has just changed its mind of him: an open page says that his desktop is connected.

        So a loss that was on its way when the page came back does not stand, nor does it matter whether a page or the
        enrolment came first.
        """
        agent = self.engine.state.agents.get(agent_id)
        if agent_id in self._pages and agent is not None and not agent.desktop:
            self.submit(DesktopConnected(agent_id=agent_id))

    def carry(self, line: Line) -> None:
        """The softphone's line is open. Raises OutsideError as `join`."""
        self._running()
        _admit(self._lines, line.person.agent_id, line)

    def drop(self, line: Line) -> None:
        """The line is gone; twice is once."""
        _dismiss(self._lines, line.person.agent_id, line)

    # -- who has to go -----------------------------------------------------------------------------------------------

    def close_session(self, session_id: str) -> None:
        """Close everything of a session that has ended."""
        for opened in self._everything():
            if opened.session.id == session_id:
                opened.close(SIGNED_OUT, "signed out")

    def close_person(self, agent_id: AgentId) -> None:
        """The person is not who he was: his pages connect again with his new rights; without any they are closed.

        A line whose session goes on stays: a talk may hang on it.
        """
        _, roster = self._running()
        code = CHANGED if roster.person(agent_id) is not None else SIGNED_OUT
        for page in list(self.of(agent_id)):
            page.close(code, "changed")
        for line in list(self._lines.get(agent_id, ())):
            if roster.holder(line.session) is None:
                line.close(code, "changed")

    def sweep(self) -> None:
        """Close what has outlived its session; one that only grew too old may finish the contact in hand."""
        engine, roster = self._running()
        for opened in self._everything():
            agent = engine.state.agents.get(opened.person.agent_id)
            busy = agent is not None and bool(agent.assignment_ids)
            if roster.holder(opened.session) is None or (opened.session.is_over and not busy):
                opened.close(SIGNED_OUT, "signed out")

    def _everything(self) -> list[Page | Line]:
        lines = [line for lines in self._lines.values() for line in lines]
        return [*self.pages(), *lines]

    # -- what the engine is told -------------------------------------------------------------------------------------

    def submit(self, event: Event) -> asyncio.Task[None]:
        """Have an event decided for which no one waits; a refusal is logged."""
        task = asyncio.create_task(self._handled(event))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def _handled(self, event: Event) -> None:
        try:
            await self.engine.handle(event)
        except (RuleError, OutsideError) as error:
            log.info("%s was refused: %s", type(event).__name__, error, extra={"action": "page_event_refused"})

    def _lose_later(self, agent_id: AgentId) -> None:
        def lost() -> None:
            self._losing.pop(agent_id, None)
            if self._started and agent_id not in self._pages and agent_id in self._started[0].state.agents:
                self.submit(DesktopLost(agent_id=agent_id))

        if (former := self._losing.pop(agent_id, None)) is not None:
            former.cancel()
        self._losing[agent_id] = asyncio.get_running_loop().call_later(LOST_AFTER_S, lost)

    def _running(self) -> tuple[Engine, Roster]:
        if self._started is None:
            raise OutsideError("The engine is just starting. Try again in a second.")
        return self._started


def _admit(everyone: dict[AgentId, set[Opened]], agent_id: AgentId, opened: Opened) -> None:
    if len(everyone.get(agent_id, ())) >= OPEN_LIMIT:
        raise OutsideError("Too many pages are open.")
    everyone.setdefault(agent_id, set()).add(opened)


def _dismiss(everyone: dict[AgentId, set[Opened]], agent_id: AgentId, opened: Opened) -> bool:
    """Whether it was his last."""
    his = everyone.get(agent_id, set())
    his.discard(opened)
    return not his and everyone.pop(agent_id, None) is not None
