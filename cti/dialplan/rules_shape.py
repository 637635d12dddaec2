"""Rules about the shape of a dialplan: what is written, what leads where, what never ends.

Pure. Each rule is a generator of findings; `cti.dialplan.checks` runs them all. What callers could do with it is
`rules_trust`, the names that stand elsewhere `rules_names`.
"""

from collections.abc import Iterator

from cti import variables
from cti.dialplan import catalogue, model, paths, pieces
from cti.dialplan.found import Found, found
from cti.dialplan.model import Dialplan, Extension, Step, Target
from cti.dialplan.paths import Walk
from cti.dialplan.surroundings import Surroundings
from cti.dialplan.versions import ENTRIES, version_of

NEEDED = (
    variables.CONTEXT_TRUNK,
    variables.CONTEXT_AGENT,
    variables.CONTEXT_QUEUE,
    variables.CONTEXT_FALLBACK,
    variables.CONTEXT_DEAD_END,
    variables.CONTEXT_DESTINATION,
    variables.CONTEXT_PROMISED,
    variables.CONTEXT_PROBE,
)


def where(extension: Extension) -> str:
    """As findings name a place."""
    return f"{extension.context} {extension.name}"


def written(plan: Dialplan, _: Surroundings) -> Iterator[Found]:
    """`syntax`, `file-include` and `duplicate`: what the parser could not take."""
    for problem in plan.problems:
        yield found(problem.rule, problem.line, "", words=problem.words)
    for context in plan.contexts.values():
        if version_of(context.name) is not None:
            words = f"the name {context.name!r} ends as a version does: the version is put in by Triune"
            yield found("syntax", context.line, context.name, words=words)


def twice(plan: Dialplan, _: Surroundings) -> Iterator[Found]:
    """`duplicate`: one number written as two patterns that say the same."""
    for context in plan.contexts.values():
        seen: dict[object, str] = {}
        for one in context.extensions:
            same = model.positions(one.name) if one.is_pattern else one.name
            key = (tuple(same[0]), same[1]) if isinstance(same, tuple) else same
            if key in seen:
                yield found("duplicate", one.line, where(one), case="number", exten=one.name, context=context.name)
            seen[key] = one.name


def overlapping(plan: Dialplan, _: Surroundings) -> Iterator[Found]:
    """`overlap`: two patterns that share numbers, neither within the other."""
    for context in plan.contexts.values():
        patterns = [one for one in context.extensions if one.is_pattern]
        for index, one in enumerate(patterns):
            for other in patterns[:index]:
                number = model.overlap(one.name, other.name)
                if number is not None:
                    yield found("overlap", one.line, where(one), number=number, one=other.name, other=one.name)


def targets(plan: Dialplan, _: Surroundings) -> Iterator[Found]:
    """`missing-target` and `dynamic-target`."""
    for extension, step in plan.steps():
        for target in step.targets:
            yield from _target(plan, extension, step, target)
    for context in plan.contexts.values():
        for include in context.includes:
            if include.context not in plan.contexts:
                yield found("missing-target", include.line, context.name, case="include", context=include.context)


def _target(plan: Dialplan, extension: Extension, step: Step, target: Target) -> Iterator[Found]:
    context = target.context or extension.context
    if not pieces.is_fixed(context):
        yield found("dynamic-target", step.line, where(extension), context=context)
    elif context not in plan.contexts:
        yield found("missing-target", step.line, where(extension), context=context)
    elif not (candidates := paths.candidates(plan, extension, context, target.exten)):
        exten = target.exten or extension.name
        yield found("missing-target", step.line, where(extension), case="exten", context=context, exten=exten)
    elif pieces.is_fixed(target.place) and all(one.find(target.place) is None for one in candidates):
        exten = candidates[0].name
        yield found(
            "missing-target",
            step.line,
            where(extension),
            case="place",
            context=context,
            exten=exten,
            place=target.place,
        )


def entries(plan: Dialplan, given: Surroundings) -> Iterator[Found]:
    """`missing-entry`: what others count on."""
    for name in NEEDED:
        if name not in plan.contexts:
            yield found("missing-entry", 1, name, context=name)
    wanted = {
        variables.CONTEXT_QUEUE: list(given.centre.queues),
        variables.CONTEXT_FALLBACK: list(given.centre.queues),
        variables.CONTEXT_DESTINATION: list(given.centre.destinations),
        variables.CONTEXT_PROMISED: ["s"],
        variables.CONTEXT_DEAD_END: ["s"],
    }
    for context, names in wanted.items():
        for name in names if context in plan.contexts else ():
            if all(one.name != name for one in plan.reach(context)):
                line = plan.contexts[context].line
                yield found("missing-entry", line, context, case="exten", context=context, exten=name)
    yield from _probe(plan, given)


def _probe(plan: Dialplan, given: Surroundings) -> Iterator[Found]:
    if variables.CONTEXT_PROBE not in plan.contexts:
        return
    start = next((one for one in plan.reach(variables.CONTEXT_PROBE) if one.name == "s"), None)
    walk = paths.explore(plan, [(start, True)]) if start is not None else None
    argument = f"{variables.APPLICATION},{variables.STASIS_PROBE},{given.version}"
    reached = walk.reached if walk is not None else {}
    if not any(
        step.name == "stasis" and step.data.replace(" ", "").startswith(argument) and paths.node(one, step) in reached
        for one, step in plan.steps()
    ):
        yield found(
            "missing-entry",
            plan.contexts[variables.CONTEXT_PROBE].line,
            variables.CONTEXT_PROBE,
            case="probe",
            application=variables.APPLICATION,
            argument=variables.STASIS_PROBE,
            version="{{ version }}",
        )


def numbers(plan: Dialplan, given: Surroundings) -> Iterator[Found]:
    """`number-lost`: a dry run from each number of the centre file."""
    if variables.CONTEXT_TRUNK not in plan.contexts:
        return
    for number in given.centre.numbers:
        start = next((one for one in plan.reach(variables.CONTEXT_TRUNK) if one.name == number), None)
        walk = paths.explore(plan, [(start, False)]) if start is not None else None
        arrives = walk is not None and any(
            step.name in catalogue.TAKES_TIME for one, step in plan.steps() if paths.node(one, step) in walk.reached
        )
        if not arrives:
            line = start.line if start is not None else plan.contexts[variables.CONTEXT_TRUNK].line
            yield found("number-lost", line, variables.CONTEXT_TRUNK, number=number)


def everywhere(plan: Dialplan) -> Walk:
    """A dry run from every name that is known outside."""
    return paths.explore(plan, [(one, True) for name in ENTRIES if name in plan.contexts for one in plan.reach(name)])


def unreachable(plan: Dialplan, _: Surroundings) -> Iterator[Found]:
    """`unreachable`: contexts, extensions and steps."""
    reached = everywhere(plan).reached
    live = {(context, exten) for context, exten, _ in reached}
    specials = set("hTtieoa")
    for context in plan.contexts.values():
        if any(one.name not in specials for one in context.extensions) and all(
            (context.name, one.name) not in live for one in context.extensions
        ):
            yield found("unreachable", context.line, context.name, context=context.name)
            continue
        for one in context.extensions:
            if (context.name, one.name) not in live:
                if one.name not in specials:
                    yield found("unreachable", one.line, where(one), case="exten", exten=one.name, context=context.name)
                continue
            dead = [step for step in one.steps if paths.node(one, step) not in reached]
            if dead:
                yield found("unreachable", dead[0].line, where(one), case="step")


def circles(plan: Dialplan, _: Surroundings) -> Iterator[Found]:
    """`endless-loop`."""
    for circle in paths.circles(plan):
        if all(step.name not in catalogue.TAKES_TIME for _, step in circle):
            extension, step = circle[0]
            yield found("endless-loop", step.line, where(extension))


def limits(plan: Dialplan, _: Surroundings) -> Iterator[Found]:
    """`no-time-limit`: on a way from the carrier or from a phone."""
    starts = [
        (one, False)
        for name in (variables.CONTEXT_TRUNK, variables.CONTEXT_AGENT)
        if name in plan.contexts
        for one in plan.reach(name)
    ]
    walk = paths.explore(plan, starts)
    for extension, step in plan.steps():
        if step.name in catalogue.LASTS and walk.without_limit(paths.node(extension, step)):
            yield found("no-time-limit", step.line, where(extension), app=step.app)
    for circle in paths.circles(plan):
        extension, step = circle[0]
        waits = any(one.name in catalogue.TAKES_TIME for _, one in circle)
        if waits and any(walk.without_limit(paths.node(within, one)) for within, one in circle):
            yield found("no-time-limit", step.line, where(extension), case="circle")


_STATUS = {"stasis": ("STASISSTATUS",), "agi": ("AGISTATUS", variables.QUEUE)}


def failures(plan: Dialplan, _: Surroundings) -> Iterator[Found]:
    """`no-failure-path`: behind Stasis and AGI somebody asks how it went."""
    for extension, step in plan.steps():
        asked = _STATUS.get(step.name)
        if asked is None or variables.STASIS_PROBE in step.data.split(","):
            continue
        behind = [one for one in extension.steps if one.priority > step.priority]
        case = "" if behind else "last"
        for one in behind:
            if any(name in one.data for name in asked):
                break
            if not paths.goes_on(one):
                behind = []
                break
        else:
            behind = []
        if not behind:
            yield found("no-failure-path", step.line, where(extension), case=case, app=step.app, variable=asked[0])


def ends(plan: Dialplan, _: Surroundings) -> Iterator[Found]:
    """`falls-off`."""
    reached = everywhere(plan).reached
    for extension in plan.extensions():
        last = extension.steps[-1] if extension.steps else None
        if last is None or extension.name == "h" or paths.node(extension, last) not in reached:
            continue
        if paths.goes_on(last) and last.name not in ("congestion", "busy"):
            yield found("falls-off", last.line, where(extension), exten=extension.name, context=extension.context)


RULES = (
    written, twice, overlapping, targets, entries, numbers, unreachable, circles, limits, failures, ends,
)  # fmt: skip
