"""The dry run: every way that a call may take through a dialplan, followed without a call.

Theory of operation. A state is a step and whether the call's absolute time limit is set there. From each state the run
follows every branch: both of a condition, the next step unless the application never returns, the special extensions of
the context (`T` when the time is up, `h`, `i`, `t`, …). What is known only during a call is followed everywhere it may
lead: an extension in a variable may be any of its context. So nothing that can happen is missed; some that cannot is
followed. A context in a variable is not followed: that is a finding of its own.

Pure, and linear in the steps: a state is visited once.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from msgspec import Struct

from cti.dialplan import catalogue, model, pieces
from cti.dialplan.model import Dialplan, Extension, Step, Target

Node = tuple[str, str, int]
"""Context, extension, priority."""

_ENTERED_BY_ASTERISK: Final = ("T", "t", "i", "e", "o", "a", "h")
_LIMIT: Final = re.compile(r"TIMEOUT\(absolute\)\s*=\s*([^,)]*)", re.IGNORECASE)


class Walk(Struct, frozen=True, kw_only=True):
    """What a dry run came by."""

    reached: Mapping[Node, frozenset[bool]]
    """Each step, and whether the time limit is set there: on all ways, on none, or on some."""

    def without_limit(self, node: Node) -> bool:
        """Whether some way comes here with no time limit."""
        return False in self.reached.get(node, frozenset())


def node(extension: Extension, step: Step) -> Node:
    """Where it stands."""
    return extension.context, extension.name, step.priority


def explore(plan: Dialplan, starts: Iterable[tuple[Extension, bool]]) -> Walk:
    """Follow every way from the first steps of these extensions; with each, whether the time limit is set already."""
    found: dict[Node, set[bool]] = {}
    waiting: list[tuple[Extension, int, bool]] = [(one, 0, limited) for one, limited in starts if one.steps]
    while waiting:
        extension, index, limited = waiting.pop()
        step = extension.steps[index]
        here = node(extension, step)
        if limited in found.setdefault(here, set()):
            continue
        found[here].add(limited)
        behind = limited or sets_limit(step)
        for next_extension, next_index, fresh in after(plan, extension, index):
            waiting.append((next_extension, next_index, False if fresh == "T" else fresh == "h" or behind))
    return Walk(reached={here: frozenset(flags) for here, flags in found.items()})


def after(plan: Dialplan, extension: Extension, index: int) -> Iterator[tuple[Extension, int, str]]:
    """Where a channel may be next; the third says by which special extension, "" for none."""
    step = extension.steps[index]
    for target in step.targets:
        for found in resolve(plan, extension, target):
            yield found[0], found[1], ""
    if goes_on(step) and index + 1 < len(extension.steps):
        yield extension, index + 1, ""
    if step.name in catalogue.TAKES_TIME and extension.name not in _ENTERED_BY_ASTERISK:
        for one in plan.reach(extension.context):
            if one.name in _ENTERED_BY_ASTERISK and one.steps:
                yield one, 0, one.name


def goes_on(step: Step) -> bool:
    """Whether the next step may follow."""
    return step.name not in catalogue.ENDS and not any(target.always for target in step.targets)


def resolve(plan: Dialplan, extension: Extension, target: Target) -> list[tuple[Extension, int]]:
    """The steps that a target may mean; none when it is nowhere, or its context is known only during a call."""
    context = target.context or extension.context
    if not pieces.is_fixed(context):
        return []
    found = []
    for one in candidates(plan, extension, context, target.exten):
        if not pieces.is_fixed(target.place):
            found += [(one, index) for index in range(len(one.steps))]
            continue
        step = one.find(target.place)
        if step is not None:
            found.append((one, one.steps.index(step)))
    return found


def candidates(plan: Dialplan, extension: Extension, context: str, exten: str) -> list[Extension]:
    """The extensions of a context that may take `exten`."""
    if not exten and context == extension.context:
        return [extension]
    name = exten or extension.name
    if name == "${EXTEN}" and not extension.is_pattern:
        name = extension.name
    if name in ("${EXTEN}", extension.name) and extension.is_pattern:
        return [one for one in plan.reach(context) if _may_take(one, extension.name)]
    if not pieces.is_fixed(name):
        return [one for one in plan.reach(context) if one.name not in model.SPECIAL or one.name in "is"]
    if name.startswith("_"):
        return [one for one in plan.reach(context) if one.name == name]
    exact = plan.matching(context, name)
    return [exact] if exact is not None else []


def _may_take(one: Extension, pattern: str) -> bool:
    if one.is_pattern:
        return True
    return one.name not in model.SPECIAL and model.matches(pattern, one.name)


def sets_limit(step: Step) -> bool:
    """Whether the step sets the call's absolute time limit."""
    if step.name not in ("set", "mset"):
        return False
    return any(value.strip() not in ("", "0") for value in _LIMIT.findall(step.data))


def circles(plan: Dialplan) -> list[list[tuple[Extension, Step]]]:
    """Sets of steps that lead into each other and nowhere else: who is in one stays there."""
    graph: dict[Node, list[Node]] = {}
    by_node: dict[Node, tuple[Extension, Step]] = {}
    for extension in plan.extensions():
        for index, step in enumerate(extension.steps):
            here = node(extension, step)
            by_node[here] = (extension, step)
            graph[here] = [
                node(one, one.steps[to]) for one, to, special in after(plan, extension, index) if not special
            ]
    found = []
    for group in _strongly_connected(graph):
        inside = set(group)
        returns = any(len(group) > 1 or here in graph[here] for here in group)
        if returns and all(set(graph[here]) <= inside for here in group):
            found.append([by_node[here] for here in sorted(group)])
    return found


def _strongly_connected(graph: Mapping[Node, list[Node]]) -> Iterator[list[Node]]:
    """Tarjan's algorithm (1972), without recursion."""
    order: dict[Node, int] = {}
    low: dict[Node, int] = {}
    stack: list[Node] = []
    on_stack: set[Node] = set()
    for root in graph:
        if root in order:
            continue
        work: list[tuple[Node, int]] = [(root, 0)]
        while work:
            here, index = work.pop()
            if index == 0:
                order[here] = low[here] = len(order)
                stack.append(here)
                on_stack.add(here)
            for position in range(index, len(graph[here])):
                other = graph[here][position]
                if other not in order:
                    work += [(here, position + 1), (other, 0)]
                    break
                if other in on_stack:
                    low[here] = min(low[here], order[other])
            else:
                if work:
                    parent = work[-1][0]
                    low[parent] = min(low[parent], low[here])
                if low[here] == order[here]:
                    group = []
                    while True:
                        one = stack.pop()
                        on_stack.discard(one)
                        group.append(one)
                        if one == here:
                            break
                    yield group
