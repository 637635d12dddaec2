"""Rules about what strangers could do: dial at the centre's cost, slip instructions in, start programs.

Pure. Run by `cti.dialplan.checks`. Calls from the carrier, from an agent's phone and those that a phone forwards are
strangers' alike: none of them may choose what is dialled outside.
"""

import re
from collections.abc import Iterator
from typing import Final

from cti import variables
from cti.dialplan import catalogue, model, paths, pieces, taint
from cti.dialplan.found import Found, found
from cti.dialplan.model import Dialplan, Extension, Step
from cti.dialplan.pieces import Piece
from cti.dialplan.rules_shape import where
from cti.dialplan.surroundings import Surroundings

_STRANGERS: Final = (variables.CONTEXT_TRUNK, variables.CONTEXT_AGENT, variables.CONTEXT_DEAD_END)
_INSIDE: Final = re.compile(rf"(PJSIP/{re.escape(variables.AGENT_ENDPOINT_PREFIX)}|Local/|\Z)", re.IGNORECASE)
_FUNCTION: Final = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)\(")
_QUIET: Final = frozenset({"set", "mset", "noop"})


def catch_alls(plan: Dialplan, _: Surroundings) -> Iterator[Found]:
    """`catch-all`: `_.`, `_!` and whatever begins so."""
    for extension in plan.extensions():
        if not extension.is_pattern:
            continue
        special = next((name for name in "hiTt" if model.matches(extension.name, name)), None)
        if special is not None or extension.name in ("_.", "_!"):
            yield found("catch-all", extension.line, where(extension), name=extension.name, special=special or "s")


def tolls(plan: Dialplan, _: Surroundings) -> Iterator[Found]:
    """`toll-fraud` and `forwards-outside`."""
    for entry in _STRANGERS:
        if entry not in plan.contexts:
            continue
        reached = paths.explore(plan, [(one, True) for one in plan.reach(entry)]).reached
        for extension, step in plan.steps():
            if step.name not in ("dial", "retrydial", "page", "originate"):
                continue
            if paths.node(extension, step) not in reached:
                continue
            for resource in _outside(plan, step):
                if pieces.is_fixed(resource):
                    yield found("forwards-outside", step.line, where(extension), entry=entry, number=resource)
                else:
                    yield found("toll-fraud", step.line, where(extension), entry=entry, expression=resource)
        yield from _included(plan, entry)


def _included(plan: Dialplan, entry: str) -> Iterator[Found]:
    for include in plan.contexts[entry].includes:
        if any(
            _outside(plan, step) for one in plan.reach(include.context) for step in one.steps if step.name == "dial"
        ):
            yield found("toll-fraud", include.line, entry, case="include", entry=entry, context=include.context)


def _outside(plan: Dialplan, step: Step) -> list[str]:
    """What the step dials that is no agent's phone."""
    first = pieces.split(Piece(step.data), ",")[0].text
    found_ = []
    for resource in first.split("&"):
        written = resource.strip()
        if not _INSIDE.match(written) and not _is_agent(plan, written):
            found_.append(written)
    return found_


def _is_agent(plan: Dialplan, resource: str) -> bool:
    """Whether it is a variable that is only ever set to agents' phones."""
    name = re.fullmatch(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}", resource)
    if name is None:
        return False
    values = [
        value.strip()
        for _, step in plan.steps()
        for written, value in taint.assignments(step)
        if taint.plain_name(written) == name[1]
    ]
    agent = f"PJSIP/{variables.AGENT_ENDPOINT_PREFIX}"
    return bool(values) and all(value.startswith((agent, resource)) for value in values)


def unfiltered(plan: Dialplan, _: Surroundings) -> Iterator[Found]:
    """`unfiltered`: what a stranger wrote, in an application's arguments."""
    foreign = taint.foreign_variables(plan)
    for extension, step in plan.steps():
        if step.name in _QUIET:
            continue
        expression = taint.foreign(step.data, extension, foreign)
        if expression:
            yield found("unfiltered", step.line, where(extension), expression=expression, app=step.app)


def dangers(plan: Dialplan, given: Surroundings) -> Iterator[Found]:
    """`dangerous`."""
    for extension, step in plan.steps():
        yield from _application(extension, step, given)
        for body in pieces.variables(step.data):
            name = _FUNCTION.match(body)
            if name and name[1].upper() in catalogue.RUNS_TEXT:
                yield found("dangerous", step.line, where(extension), case="function", name=name[1])
    for context in plan.contexts.values():
        for name_, line in context.switches:
            yield found("dangerous", line, context.name, case="switch", name=name_)


def _application(extension: Extension, step: Step, given: Surroundings) -> Iterator[Found]:
    name, place = step.name, where(extension)
    inner = [called[0].lower() for called in _inner(step)]
    for one in (name, *inner):
        if one in catalogue.STARTS_PROGRAMS:
            yield found("dangerous", step.line, place, case="program", name=one)
        elif one in catalogue.OPENS:
            yield found("dangerous", step.line, place, case="opens", name=one)
    if name == "agi" and not step.data.startswith(f"agi://127.0.0.1:{given.agi_port}/"):
        yield found("dangerous", step.line, place, case="agi", name=step.data.split(",")[0])
    if name == "mixmonitor":
        parts = [part.text.strip() for part in pieces.split(Piece(step.data), ",")]
        if len(parts) > 2 and parts[2]:
            yield found("dangerous", step.line, place, case="record", name=parts[2])


def _inner(step: Step) -> Iterator[tuple[str, Piece]]:
    if step.name not in ("execif", "exec", "tryexec"):
        return
    data = Piece(step.data)
    _, behind = pieces.first(data, "?")
    for command in pieces.first(behind, ":") if behind is not None else (data,):
        called = pieces.call(command) if command is not None else None
        if called is not None:
            yield called


RULES = (catch_alls, tolls, unfiltered, dangers)
