"""Everything that there is to say of a configuration: its texts rendered, parsed, run dry and held against the rules.

Here: the order of that, and the way from a line of Asterisk's file back to the line of a template. Not here: the rules
(`rules_shape`, `rules_names`, `rules_trust`), mistakes and doubts of the centre file (`cti.config`). Blocks; called by
`cti.dialplan.releases` and the command line.
"""

from collections import Counter
from collections.abc import Iterator, Sequence

from msgspec import Struct

from cti.config import Centre, doubts, parse_located
from cti.config.located import dotted
from cti.dialplan import render, rules_names, rules_shape, rules_trust, surroundings, words
from cti.dialplan.found import Found, found
from cti.dialplan.lines import Origin
from cti.dialplan.material import CENTRE, Material
from cti.dialplan.model import Dialplan
from cti.dialplan.parse import parse
from cti.dialplan.render import DIALPLAN, Files, Rendered
from cti.dialplan.surroundings import Surroundings
from cti.dialplan.templates import TemplateError
from cti.errors import ConfigError, Finding
from cti.home import Home
from cti.ports.templates import Flaw
from cti.setup.asterisk import AsteriskInstall

_OF_EVERY = ("unreachable",)
"""Of these a line of a template is guilty only when each line rendered from it is."""
RULES = (*rules_shape.RULES, *rules_names.RULES, *rules_trust.RULES)


class Result(Struct, frozen=True, kw_only=True):
    """What came of a material: what it was rendered to, when it could be, and what is wrong with it."""

    centre: Centre | None
    rendered: Rendered | None
    flaws: tuple[Flaw, ...]


def check(material: Material, home: Home, install: AsteriskInstall, *, version: int, language: str = "en") -> Result:
    """Render and lint; never raises for what an admin wrote."""
    try:
        centre, source = parse_located(material.centre, file=CENTRE)
    except ConfigError as error:
        return Result(centre=None, rendered=None, flaws=tuple(_of_file("centre-file", error, language)))
    doubted = [
        Finding(file=CENTRE, line=source.line(where), key=dotted(where), problem=problem)
        for where, problem in doubts.doubts(centre)
    ]
    flaws = [_of_finding("doubt", finding, language) for finding in doubted]
    try:
        made = render.rendered(
            centre,
            home,
            install,
            texts=material.templates,
            own=material.own,
            version=version,
            located=(DIALPLAN,),
        )
    except TemplateError as error:
        one = found("template", error.line, "", words=error.words)
        return Result(centre=centre, rendered=None, flaws=(*flaws, _flaw(one, error.file, error.line, language)))
    given = surroundings.gather(centre, install, made.texts, agi_port=home.ports.agi, version=version)
    flaws += _told(findings(parse(made.texts[DIALPLAN]), given), made.origins[DIALPLAN], language)
    return Result(centre=centre, rendered=made, flaws=tuple(flaws))


def of_dialplan(
    material: Material, texts: Files, home: Home, install: AsteriskInstall, *, version: int, language: str
) -> tuple[Flaw, ...]:
    """What is wrong with a dialplan that was rendered before; lines are its own. Raises ConfigError."""
    centre = parse_located(material.centre, file=CENTRE)[0]
    given = surroundings.gather(centre, install, texts, agi_port=home.ports.agi, version=version)
    every = findings(parse(texts[DIALPLAN]), given)
    flaws = [_flaw(one, DIALPLAN, one.line, language) for one in every]
    return tuple(sorted(flaws, key=lambda flaw: (flaw.severity, flaw.line)))


def findings(plan: Dialplan, given: Surroundings) -> Iterator[Found]:
    """All that the rules find in a dialplan."""
    for rule in RULES:
        yield from rule(plan, given)


def _told(every: Iterator[Found], origins: Sequence[Origin], language: str) -> list[Flaw]:
    """Each finding once a line of the template, whatever the times that line was rendered."""
    kept: dict[tuple[str, str, int, str], Flaw] = {}
    each = list(every)
    dead = Counter(_origin(origins, one) for one in each if one.rule in _OF_EVERY)
    rendered_from = Counter(origins)
    for one in each:
        origin = _origin(origins, one)
        if one.rule in _OF_EVERY and dead[origin] < rendered_from[origin]:
            continue
        flaw = _flaw(one, origin.file, origin.line, language)
        kept.setdefault((one.rule, flaw.file, flaw.line, one.case), flaw)
    return sorted(kept.values(), key=lambda flaw: (flaw.severity, flaw.file, flaw.line, flaw.rule))


def _origin(origins: Sequence[Origin], one: Found) -> Origin:
    return origins[min(one.line, len(origins)) - 1]


def _flaw(one: Found, file: str, line: int, language: str) -> Flaw:
    problem, why, mend = words.sentences(one, language)
    return Flaw(
        rule=one.rule,
        severity=words.RULES[one.rule].severity,
        file=file,
        line=line,
        where=one.where,
        problem=problem,
        why=why,
        mend=mend,
    )


def _of_file(rule: str, error: ConfigError, language: str) -> Iterator[Flaw]:
    if not error.findings:
        yield _flaw(found(rule, 1, "", words=str(error)), CENTRE, 1, language)
    for finding in error.findings:
        yield _of_finding(rule, finding, language)


def _of_finding(rule: str, finding: Finding, language: str) -> Flaw:
    # Without a key the file could not be read at all: no page tells of a key that is wrong.
    if not finding.key:
        return _flaw(found("not-yaml", finding.line, "", words=finding.problem), CENTRE, finding.line, language)
    one = found(rule, finding.line, finding.key, words=f"{finding.key}: {finding.problem}")
    return _flaw(one, CENTRE, finding.line, language)


def errors(flaws: Sequence[Flaw]) -> tuple[Flaw, ...]:
    """Those that keep it from coming into force."""
    return tuple(flaw for flaw in flaws if flaw.severity == "error")
