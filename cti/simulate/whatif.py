"""What-if: a scenario with more or fewer agents, other rules or other numbers. Pure.

Called by `cti.simulate.commands`.
"""

from typing import Any

from cti.errors import ConfigError
from cti.simulate.scenario import Agents, Arrivals, Changed, Overrides, QueueRules, Scenario, problems


def with_agents(scenario: Scenario, more: int) -> Scenario:
    """So many agents more, or fewer, of the group that is the most on duty. Raises ConfigError when none would be left.

    Agents that a journal remembers are groups of one: those who were there longest are doubled first, and those who
    were there shortest left out first.
    """
    groups = sorted(scenario.agents, key=lambda group: -_on_duty(group, scenario.lasts) * group.count)
    if sum(group.count for group in groups) + more < 1:
        raise ConfigError(f"--agents {more} leaves nobody: there are {sum(group.count for group in groups)}.")
    if more >= 0:
        changed = {groups[place].name: 0 for place in range(len(groups))}
        for number in range(more):
            changed[groups[number % len(groups) if _are_single(groups) else 0].name] += 1
        return scenario.model_copy(update={"agents": tuple(_added(scenario.agents, changed))})
    left, kept = -more, list(groups)
    while left:
        last = kept.pop()
        gone = min(left, last.count)
        left -= gone
        if gone < last.count:
            kept.append(last.model_copy(update={"count": last.count - gone}))
    by_name = {group.name: group for group in kept}
    agents = tuple(by_name[group.name] for group in scenario.agents if group.name in by_name)
    return scenario.model_copy(update={"agents": agents})


def _on_duty(group: Agents, lasts: float) -> float:
    return sum(end - start for start, end in group.shifts) if group.shifts else lasts


def _are_single(groups: list[Agents]) -> bool:
    return all(group.count == 1 for group in groups)


def _added(agents: tuple[Agents, ...], more: dict[str, int]) -> list[Agents]:
    if not _are_single(list(agents)):
        return [group.model_copy(update={"count": group.count + more[group.name]}) for group in agents]
    added = [
        group.model_copy(update={"name": f"{group.name}-more-{number + 1}"})
        for group in agents
        for number in range(more[group.name])
    ]
    return [*agents, *added]


def with_overrides(scenario: Scenario, overrides: Overrides) -> Scenario:
    """The scenario with what the overrides change. Raises ConfigError when that does not fit together."""
    queues = dict(scenario.queues)
    for key, rules in overrides.queues.items():
        before: dict[str, Any] = dict(queues[key].further) if key in queues else {}
        queues[key] = QueueRules(**(before | dict(rules.further)))
    names = {group.name for group in overrides.agents}
    changed = scenario.model_copy(
        update={
            "queues": queues,
            "agents": (*(group for group in scenario.agents if group.name not in names), *overrides.agents),
            "arrivals": tuple(_changed(arrivals, overrides.arrivals) for arrivals in scenario.arrivals),
            "events": (*scenario.events, *overrides.events),
        }
    )
    found = problems(changed)
    for one in overrides.arrivals:
        if not any(_is_meant(one, arrivals) for arrivals in scenario.arrivals):
            found.append((("arrivals",), f"nothing came to {one.queue!r} on the medium {one.medium or 'any'}"))
    if found:
        sentences = "; ".join(f"{'.'.join(map(str, path))}: {problem}" for path, problem in found)
        raise ConfigError(f"The overrides do not fit the day: {sentences}.")
    return changed


def _is_meant(change: Changed, arrivals: Arrivals) -> bool:
    return change.queue == arrivals.queue and change.medium in (None, arrivals.medium)


def _changed(arrivals: Arrivals, changes: tuple[Changed, ...]) -> Arrivals:
    for change in changes:
        if _is_meant(change, arrivals):
            given = {name: getattr(change, name) for name in ("scale", "patience", "service", "wrap_up")}
            arrivals = arrivals.model_copy(update={name: value for name, value in given.items() if value is not None})
    return arrivals
