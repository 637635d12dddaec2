"""Rules about names that stand elsewhere: applications, functions, variables, sounds, queues, menus, music.

Pure but for looking whether a sound's file is there. Run by `cti.dialplan.checks`.
"""

import re
from collections.abc import Iterator
from typing import Final

from cti.dialplan import catalogue, pieces, taint
from cti.dialplan.found import Found, found
from cti.dialplan.model import Dialplan, Step
from cti.dialplan.pieces import Piece
from cti.dialplan.rules_shape import where
from cti.dialplan.surroundings import Surroundings

_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_FUNCTION: Final = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)\(")
_AGI: Final = re.compile(r"agi://[^/]+/(?:v[0-9]+/)?(menu|hours)/([^/?,)]+)")
_ARGUMENT: Final = re.compile(r"ARG[0-9]+|ARGC")
_CHANNEL_MUSIC: Final = re.compile(r"CHANNEL\(musicclass\)", re.IGNORECASE)


def applications(plan: Dialplan, given: Surroundings) -> Iterator[Found]:
    """`unknown-application`."""
    for extension, step in plan.steps():
        for name in _applications(step):
            module = given.offer.lacks("application", name)
            if module is not None:
                case = "module" if module else ""
                yield found("unknown-application", step.line, where(extension), case=case, name=name, module=module)


def _applications(step: Step) -> Iterator[str]:
    yield step.app
    if step.name in ("execif", "exec", "tryexec"):
        data = Piece(step.data)
        _, behind = pieces.first(data, "?")
        for command in pieces.first(behind, ":") if behind is not None else (data,):
            called = pieces.call(command) if command is not None else None
            if called is not None:
                yield called[0]


def functions(plan: Dialplan, given: Surroundings) -> Iterator[Found]:
    """`unknown-function`: in `${…}`, and what Set sets."""
    for extension, step in plan.steps():
        names = [found_[1] for body in pieces.variables(step.data) if (found_ := _FUNCTION.match(body))]
        names += [found_[1] for name, _ in taint.assignments(step) if (found_ := _FUNCTION.match(name))]
        for name in names:
            module = given.offer.lacks("function", name)
            if module is not None:
                case = "module" if module else ""
                yield found("unknown-function", step.line, where(extension), case=case, name=name, module=module)


def variables(plan: Dialplan, given: Surroundings) -> Iterator[Found]:
    """`undefined-variable`."""
    known = set(catalogue.BUILT_IN) | set(given.variables) | set(plan.variables)
    for _, step in plan.steps():
        known |= {taint.plain_name(name) for name, _ in taint.assignments(step)}
        known |= set(_set_by(step))
    reported: set[tuple[int, str]] = set()
    for extension, step in plan.steps():
        for body in pieces.variables(step.data):
            name = _NAME.match(body)
            rest = body[len(name[0]) :] if name else ""
            if name is None or rest[:1] in ("(", "$", "_") or _ARGUMENT.fullmatch(name[0]):
                continue
            if name[0] not in known and (step.line, name[0]) not in reported:
                reported.add((step.line, name[0]))
                yield found("undefined-variable", step.line, where(extension), name=f"${{{name[0]}}}")


def _set_by(step: Step) -> Iterator[str]:
    """Variables that other applications and functions set."""
    if step.name in ("read", "sendurl", "controlplayback"):
        yield step.data.split(",")[0].strip()
    for inner in pieces.calls_of(step.data, "ARRAY"):
        yield from (name.strip() for name in inner.text.split(","))


def sounds(plan: Dialplan, given: Surroundings) -> Iterator[Found]:
    """`undefined-prompt`."""
    for extension, step in plan.steps():
        argument = catalogue.SAYS.get(step.name)
        parts = pieces.split(Piece(step.data), ",")
        if argument is None or argument >= len(parts):
            continue
        for name in (part.strip() for part in parts[argument].text.split("&")):
            if name and pieces.is_fixed(name) and not catalogue.is_sound(given.install, name, ("en", "ru")):
                yield found("undefined-prompt", step.line, where(extension), name=name)


def queues(plan: Dialplan, given: Surroundings) -> Iterator[Found]:
    """`undefined-queue`."""
    for extension, step in plan.steps():
        name = step.data.split(",")[0].strip()
        if step.name == "queue" and pieces.is_fixed(name) and name not in given.queues:
            yield found("undefined-queue", step.line, where(extension), name=name)


def menus(plan: Dialplan, given: Surroundings) -> Iterator[Found]:
    """`undefined-menu`: what the IVR is asked for."""
    known = {"menu": given.centre.menus, "hours": given.centre.hours}
    for extension, step in plan.steps():
        for asked in _AGI.finditer(step.data) if step.name == "agi" else ():
            kind, name = asked[1], asked[2]
            if pieces.is_fixed(name) and name not in known[kind]:
                yield found("undefined-menu", step.line, where(extension), kind=kind, name=name)


def music(plan: Dialplan, given: Surroundings) -> Iterator[Found]:
    """`missing-music`."""
    for extension, step in plan.steps():
        for name in _music(step):
            if name and pieces.is_fixed(name) and name not in given.music:
                yield found("missing-music", step.line, where(extension), name=name)


def _music(step: Step) -> Iterator[str]:
    if step.name in ("musiconhold", "startmusiconhold"):
        yield step.data.split(",")[0].strip()
    for name, value in taint.assignments(step):
        if _CHANNEL_MUSIC.match(name):
            yield value.strip()
    if step.name == "dial":
        options = pieces.split(Piece(step.data), ",")[2:3]
        for option in options:
            yield from (inner.text for inner in pieces.calls_of(option.text, "m"))


RULES = (applications, functions, variables, sounds, queues, menus, music)
