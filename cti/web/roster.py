"""Everyone and every code, in memory: so that a page can be served and a contact handled while the database is away.

Read from the directory at start, after each change made here, and every few seconds for changes made elsewhere (the
command line). Not here: passwords, and what anyone is doing.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Final
from urllib.parse import urlsplit

from cti import variables
from cti.config import Centre, Language
from cti.domain.ids import AgentId, ProjectId
from cti.errors import OutsideError
from cti.ports import Code, CodeKind, People, Person, Phone, Role
from cti.web import words
from cti.web.messages import Choice, Me, Softphone
from cti.web.sessions import Session

log = logging.getLogger(__name__)

REFRESH_S: Final = 10.0
SIP_DOMAIN: Final = "triune.invalid"
"""Stands in a softphone's address when it has no host of the switch to name; the switch looks at the user only."""


class Roster:
    """What the directory said last."""

    def __init__(self, *, people: People, centre: Centre, softphone_ws_url: str) -> None:
        self._people = people
        self._centre = centre
        self._softphone_ws_url = softphone_ws_url
        self._phones: Mapping[AgentId, Phone] = {}
        self._ended: frozenset[str] = frozenset()
        self._turn = asyncio.Lock()
        self.changed: Callable[[AgentId], None] = lambda _: None
        """Called for everyone whose pages must be made anew, whoever had his record read anew."""
        self.persons: Mapping[AgentId, Person] = {}
        self.codes: tuple[Code, ...] = ()

    async def refresh(self) -> None:
        """Ask the directory anew. Raises DatabaseDown; then what was known stays."""
        # One after the other: an older answer must not come after a newer one.
        async with self._turn:
            persons, codes = await self._people.everyone(), await self._people.codes()
            phones, ended = await self._people.phones(), await self._people.ended_sessions()
            before, self.persons = self.persons, {person.agent_id: person for person in persons}
            self.codes = tuple(codes)
            self._phones = {phone.agent_id: phone for phone in phones}
            self._ended |= ended
        for agent_id, person in before.items():
            now = self.persons.get(agent_id)
            if now is None or _on_page(now) != _on_page(person):
                self.changed(agent_id)

    async def keep_fresh(self, refreshed: Callable[[], None], *, every_s: float = REFRESH_S) -> None:
        """Refresh for ever; `refreshed` is called each time, also when the directory does not answer."""
        while True:
            await asyncio.sleep(every_s)
            try:
                await self.refresh()
            except OutsideError:
                log.warning("the directory does not answer", extra={"action": "roster_stale"})
            refreshed()

    async def end(self, session: Session) -> None:
        """It counts no more. While the directory is away, that holds only as long as this process."""
        self._ended |= {session.id}
        try:
            await self._people.end_session(session.id, until_ms=session.until_ms)
        except OutsideError:
            log.warning("a sign-out could not be written down", extra={"action": "sign_out_not_kept"})

    def holder(self, session: Session) -> Person | None:
        """The person whose session it is; None when it was ended, or he may not sign in any more."""
        person = self.person(session.agent_id)
        if person is None or session.began_ms < person.sessions_from_ms or session.id in self._ended:
            return None
        return person

    def person(self, agent_id: AgentId) -> Person | None:
        """The person, if he may sign in now."""
        found = self.persons.get(agent_id)
        return found if found is not None and found.active else None

    def name(self, agent_id: AgentId | None) -> str | None:
        """The name to show, also of one who has left."""
        found = self.persons.get(agent_id) if agent_id is not None else None
        return found.name if found else agent_id

    def projects(self, person: Person) -> frozenset[ProjectId]:
        """The projects whose data he may see; an admin sees all."""
        if person.role is Role.ADMIN:
            return frozenset(ProjectId(key) for key in self._centre.projects)
        return frozenset(person.project_ids)

    def me(self, person: Person) -> Me:
        """What his page must know of himself."""
        projects = self.projects(person)
        reasons = {
            choice.id: choice
            for project in sorted(projects)
            for choice in self._choices(project, CodeKind.REASON, person)
        }
        return Me(
            agent_id=person.agent_id,
            login=person.login,
            name=person.name,
            role=person.role,
            language=person.language,
            project_ids=sorted(projects),
            extension=person.extension,
            softphone=self._softphone(person),
            reasons=list(reasons.values()),
            dispositions={
                project: self._choices(project, CodeKind.DISPOSITION, person) for project in sorted(projects)
            },
        )

    def has_code(self, kind: CodeKind, code_id: str, projects: frozenset[ProjectId]) -> bool:
        """Whether one of the projects has this code in use."""
        return any(
            code.kind is kind and code.id == code_id and code.active and code.project_id in projects
            for code in self.codes
        )

    def title(self, kind: CodeKind, code_id: str | None, project_id: ProjectId, language: str) -> str | None:
        """A code's words: the project's, the system's, else the code itself."""
        if code_id is None:
            return None
        for code in self.codes:
            if code.kind is kind and code.id == code_id and code.project_id == project_id:
                return _title(code, language)
        return words.system(code_id, language) or code_id

    def _choices(self, project: ProjectId, kind: CodeKind, person: Person) -> list[Choice]:
        return [
            Choice(id=code.id, title=_title(code, person.language))
            for code in self.codes
            if code.project_id == project and code.kind is kind and code.active
        ]

    def _softphone(self, person: Person) -> Softphone | None:
        phone = self._phones.get(person.agent_id)
        if phone is None:
            return None
        endpoint = variables.web_endpoint(phone.extension)
        host = urlsplit(self._softphone_ws_url).hostname or SIP_DOMAIN
        return Softphone(
            ws_url=self._softphone_ws_url, uri=f"sip:{endpoint}@{host}", auth_user=endpoint, password=phone.secret
        )


def spoken(language: str) -> Language:
    """The centre file's language for a person's."""
    return Language.RU if words.language_of(language) == "ru" else Language.EN


def _on_page(person: Person) -> Person:
    """What his page depends on. What the engine alone heeds may change in the midst of his work."""
    return replace(person, skills=(), site_id=None, capacity=None)


def _title(code: Code, language: str) -> str:
    return code.title_ru if words.language_of(language) == "ru" else code.title_en
