"""Names for ids, from a home's directory and centre file. What cannot be read leaves the ids as they are."""

import asyncio
from pathlib import Path

from cti import config
from cti.config.words import Language
from cti.database import open_database
from cti.domain.audit.telling import Names
from cti.domain.ids import AgentId, QueueId, SiteId, SkillId
from cti.errors import TriuneError
from cti.home import Home
from cti.store.directory import Directory


def names(home: Path, language: str) -> Names:
    """What the home calls its people, queues, skills and sites. Never raises: a name is not worth failing for."""
    try:
        found = Home.open(home)
        centre = config.load(found.centre_in_force)
    except TriuneError:
        return Names()
    return in_centre(centre, language, agents=_people(found))


def in_centre(centre: config.Centre, language: str, *, agents: dict[AgentId, str]) -> Names:
    """The centre file's words, and the given names of people."""
    spoken = Language.RU if language == "ru" else Language.EN
    return Names(
        agents=agents,
        queues={QueueId(key): queue.name.in_language(spoken) for key, queue in centre.queues.items()},
        skills={SkillId(key): words.in_language(spoken) for key, words in centre.skills.items()},
        sites={SiteId(key): site.name.in_language(spoken) for key, site in centre.sites.items()},
    )


def _people(home: Home) -> dict[AgentId, str]:
    async def read() -> dict[AgentId, str]:
        database = open_database(home.database_url)
        try:
            return {person.agent_id: person.name for person in await Directory(database).everyone()}
        finally:
            await database.close()

    try:
        return asyncio.run(read())
    except TriuneError:
        return {}
