"""Who has which skill, site and project, who is ready and who has room for what: sets of agents, a bit each.

An expression becomes a handful of look-ups and bit operations here, whatever the number of agents. Built from agents'
records and fed by `cti.domain.routing` alone.
"""

from collections import defaultdict
from collections.abc import Iterator

from cti.domain.agent import Agent
from cti.domain.ids import AgentId, Medium, ProjectId, SiteId, SkillId

MEDIA = tuple(Medium)


class Roster:
    """Bits by attribute; `cti.domain.requirement.Masks`."""

    __slots__ = ("_everyone", "_places", "_projects", "_sites", "_skills", "ids", "open", "ready")

    def __init__(self) -> None:
        self.ids: list[AgentId] = []
        """Whose bit is the n-th."""
        self._places: dict[AgentId, int] = {}
        self._everyone = 0
        self._skills: defaultdict[SkillId, list[int]] = defaultdict(lambda: [0] * 11)
        """Of each skill, at each level 1–10, those who have it at that level or more."""
        self._sites: defaultdict[SiteId, int] = defaultdict(int)
        self._projects: defaultdict[ProjectId, int] = defaultdict(int)
        self.ready = 0
        self.open: list[int] = [0] * len(MEDIA)
        """By place of the medium: those who can be offered one of it now."""

    def place(self, agent_id: AgentId) -> int:
        """The place of his bit, given at first sight and kept."""
        found = self._places.get(agent_id)
        if found is None:
            found = self._places[agent_id] = len(self.ids)
            self.ids.append(agent_id)
        return found

    def enter(self, agent: Agent) -> None:
        """Set the bits of what he is."""
        bit = 1 << self.place(agent.id)
        self._everyone |= bit
        for skill in agent.skills:
            levels = self._skills[skill.skill_id]
            for level in range(1, min(skill.level, 10) + 1):
                levels[level] |= bit
        if agent.site_id is not None:
            self._sites[agent.site_id] |= bit
        for project_id in agent.project_ids:
            self._projects[project_id] |= bit

    def strike(self, agent: Agent) -> None:
        """Clear the bits of what he was; not those of readiness and room."""
        others = ~(1 << self.place(agent.id))
        self._everyone &= others
        for skill in agent.skills:
            levels = self._skills[skill.skill_id]
            for level in range(1, 11):
                levels[level] &= others
        if agent.site_id is not None:
            self._sites[agent.site_id] &= others
        for project_id in agent.project_ids:
            self._projects[project_id] &= others

    # what a requirement asks

    def everyone(self) -> int:
        """All who are enrolled."""
        return self._everyone

    def skilled(self, skill_id: SkillId, level: int) -> int:
        """Those with the skill at this level or more."""
        levels = self._skills.get(skill_id)
        return 0 if levels is None else levels[level]

    def at_site(self, site_id: SiteId) -> int:
        """Those of the site."""
        return self._sites.get(site_id, 0)

    def in_project(self, project_id: ProjectId) -> int:
        """Those of the project."""
        return self._projects.get(project_id, 0)

    def members(self, mask: int) -> Iterator[AgentId]:
        """Whose bits these are."""
        return (self.ids[place] for place in places(mask))


def places(mask: int) -> Iterator[int]:
    """Where the set bits are, in no particular order that anything may rest on."""
    if mask.bit_count() <= _FEW:
        while mask:
            place = mask.bit_length() - 1
            mask ^= 1 << place
            yield place
        return
    text = bin(mask)[:1:-1]
    at = text.find("1")
    while at >= 0:
        yield at
        at = text.find("1", at + 1)


_FEW = 24
"""Up to so many bits, taking one off at a time is quicker than spelling the number out."""
