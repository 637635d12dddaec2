"""Agents at rest, as their pages say."""

from cti.demo.agents import Agents


def is_idle(agents: Agents) -> bool:
    """Is everybody ready, with nothing in hand?"""
    return all(not desk.assignments and desk.state and desk.state.readiness == "ready" for desk in agents.desks.all)


def unlike_idle(agents: Agents) -> str:
    """Who is not, and how he stands."""
    return "; ".join(
        f"{desk.login} {desk.state and desk.state.readiness} {list(desk.assignments.values())} {desk.trouble}"
        for desk in agents.desks.all
        if desk.assignments or desk.state is None or desk.state.readiness != "ready"
    )
