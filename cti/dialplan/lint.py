"""Linting: what an admin should know of his centre file before it comes into force.

Here: mistakes and doubts of the file, doubts that take the people of the directory to see, and how long a contact of
each queue can be kept from its turn, in words. Not here: what counts as a mistake (`cti.config.checks`), the bound
itself (`cti.domain.audit.fairness`), asking the directory and printing (`cti.conf`).
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from msgspec import Struct

from cti import rules
from cti.config import Centre, Queue, doubts, load_located
from cti.config.located import KeyPath, dotted
from cti.domain import requirement
from cti.domain.audit import fairness
from cti.domain.audit.fairness import Bound
from cti.domain.ids import Medium, SiteId
from cti.domain.requirement import Requirement
from cti.errors import ConfigError, Finding
from cti.ports import Person

WAITED_MS: Final = 300_000
"""The wait for which a bound is put into words."""
TIERS: Final = range(fairness.HIGHEST_TIER + 1)

_ONE: Final = {
    Medium.VOICE: "a call",
    Medium.CALLBACK: "a callback",
    Medium.EMAIL: "an e-mail",
    Medium.CHAT: "a chat",
    Medium.SMS: "a message",
    Medium.FAX: "a fax",
    Medium.SOCIAL: "a social post",
    Medium.TASK: "a task",
    Medium.VOICEMAIL: "a voice message",
}


class Report(Struct, frozen=True, kw_only=True):
    """What there is to say of a centre file."""

    file: str
    errors: tuple[Finding, ...]
    """Mistakes: it cannot come into force. Then nothing else is known of it."""
    warnings: tuple[Finding, ...] = ()
    bounds: tuple[Bound, ...] = ()
    """Of each queue and medium, in the order of the file."""
    sentences: tuple[str, ...] = ()
    """The bounds in words, of the media that a queue is to expect; those that have the same bound share one."""


def lint(path: Path, *, people: Sequence[Person] | None) -> Report:
    """Read the file and say all that there is to say. `people` is everyone in the directory; None: not known.

    Raises ConfigError only when there is no such file, or it cannot be read at all.
    """
    try:
        centre, source = load_located(path)
    except ConfigError as error:
        if not error.findings:
            raise
        return Report(file=str(path), errors=error.findings)
    agents = None if people is None else [one for one in people if one.active and one.extension is not None]
    found = [*doubts.doubts(centre), *(() if agents is None else _doubts_of_people(centre, agents))]
    warnings = [
        Finding(file=str(path), line=source.line(where), key=dotted(where), problem=words) for where, words in found
    ]
    bounds = fairness.bounds(
        [rules.queue_opened(queue) for queue in centre.queues.values()],
        teams=None if agents is None else {person.project_ids for person in agents},
    )
    return Report(
        file=str(path),
        errors=(),
        warnings=tuple(sorted(warnings, key=lambda finding: (finding.line, finding.key))),
        bounds=bounds,
        sentences=tuple(_sentences(centre, bounds)),
    )


# -- people ------------------------------------------------------------------------------------------------------------


def _doubts_of_people(centre: Centre, agents: Sequence[Person]) -> Iterator[tuple[KeyPath, str]]:
    for person in agents:
        if person.capacity is not None and person.capacity not in centre.capacities:
            problem = (
                f"{person.login} has the profile {person.capacity!r}, which is not here: the default counts for him"
            )
            yield ("capacities",), problem
        if person.site_id is not None and person.site_id not in centre.sites:
            yield ("sites",), f"{person.login} sits at {person.site_id!r}, which is not here: name it, or move him"
    for queue in centre.queues.values():
        team = [person for person in agents if queue.project in person.project_ids]
        if not team:
            yield ("queues", queue.key, "project"), f"no agent of the directory works for {queue.project!r}"
            continue
        yield from _unmet(queue, team)
        yield from _without_room(centre, queue, team)


def _unmet(queue: Queue, team: Sequence[Person]) -> Iterator[tuple[KeyPath, str]]:
    """A queue whose demand nobody meets, at first or ever."""
    unmet_until_s = 0
    for after_s, asked, sites in _stages(queue):
        if any(_meets(person, asked, sites) for person in team):
            if after_s > 0:
                yield _demand(queue), f"nobody meets what is asked until the step after {after_s} s"
            return
        unmet_until_s = after_s
    behind = f", not even after the step at {unmet_until_s} s" if unmet_until_s else ""
    yield _demand(queue), f"nobody in the directory meets what is asked{behind}: contacts would wait for ever"


def _demand(queue: Queue) -> KeyPath:
    for key in ("requires", "requirements", "sites"):
        if getattr(queue, key):
            return ("queues", queue.key, key)
    return ("queues", queue.key)


def _stages(queue: Queue) -> Iterator[tuple[int, Requirement, tuple[SiteId, ...]]]:
    """What is asked from the beginning, then after each step, conditions taken as met."""
    opened = rules.queue_opened(queue)
    asked, sites = requirement.asked(opened.requirements, opened.condition), opened.sites
    yield 0, asked, sites
    for step in opened.steps:
        asked = requirement.both(requirement.relaxed(asked, step.relax), requirement.parse(step.add))
        sites = (*sites, *step.sites) if sites else ()
        yield step.after_ms // 1000, asked, sites


def _meets(person: Person, asked: Requirement, sites: tuple[SiteId, ...]) -> bool:
    """Whether he meets it for customers of some tier."""
    if sites and person.site_id not in sites:
        return False
    levels = {skill.skill_id: skill.level for skill in person.skills}
    return any(
        asked.fit(levels, site_id=person.site_id, project_ids=person.project_ids, tier=tier) is not None
        for tier in (TIERS if asked.uses_tier else (0,))
    )


def _without_room(centre: Centre, queue: Queue, team: Sequence[Person]) -> Iterator[tuple[KeyPath, str]]:
    """Media of the queue that no capacity profile of the team has a share of."""
    enrolled = rules.enrolment(centre)
    profiles = [enrolled(person).capacity for person in team]
    if None in profiles:  # one contact at a time, of whatever medium
        return
    served = {share.medium for profile in profiles if profile is not None for share in profile.shares}
    for medium in doubts.media(centre, queue):
        if medium not in served:
            problem = f"{medium.value} cannot be served: no capacity profile of its agents has a share of it"
            yield ("queues", queue.key), problem


# -- bounds ------------------------------------------------------------------------------------------------------------


def _sentences(centre: Centre, bounds: Sequence[Bound]) -> Iterator[str]:
    expected = {key: doubts.media(centre, queue) or tuple(Medium) for key, queue in centre.queues.items()}
    alike: dict[tuple[object, ...], list[Bound]] = {}
    for bound in bounds:
        if bound.medium not in expected[bound.queue_id]:
            continue
        key = (bound.queue_id, bound.fixed_ms, bound.share_percent, bound.starved_by)
        alike.setdefault(key, []).append(bound)
    for same in alike.values():
        yield sentence(centre, same)


def sentence(centre: Centre, same: Sequence[Bound]) -> str:
    """The one bound of these media of a queue, in words."""
    bound = same[0]
    name = centre.queues[bound.queue_id].name.en
    whole = len(same) == len(Medium)
    what = "a contact" if whole else _listed([_ONE[each.medium] for each in same])
    if bound.fixed_ms is None:
        before = _listed([centre.queues[queue_id].name.en for queue_id in bound.starved_by], word="and")
        itself = bound.starved_by == (bound.queue_id,)
        why = "its own later ones of more priority can pass it for ever" if itself else f"{before} can pass it for ever"
        return f"{what} in {name} can starve: {why}"
    ahead_ms = bound.fixed_ms + WAITED_MS * bound.share_percent // 100
    return (
        f"{what} in {name} that has waited {span(WAITED_MS)} is never behind one that came more than {span(ahead_ms)} "
        "after it"
    )


def _listed(words: Sequence[str], *, word: str = "or") -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} {word} {words[-1]}"


def span(ms: int) -> str:
    """A span of time as people say it: `12 min 30 s`, rounded up to whole seconds."""
    seconds = -(-ms // 1000)
    hours, minutes, seconds = seconds // 3600, seconds // 60 % 60, seconds % 60
    parts = [f"{number} {unit}" for number, unit in ((hours, "h"), (minutes, "min"), (seconds, "s")) if number]
    return " ".join(parts) or "0 s"
