"""A finding as the rules make it: where in the rendered dialplan, which rule, and what fills its sentence.

Pure. `cti.dialplan.words` says it in a language, `cti.dialplan.checks` finds its line in the template.
"""

from msgspec import Struct


class Found(Struct, frozen=True, kw_only=True, gc=False):
    """One finding."""

    rule: str
    """Key of `words.RULES`."""
    line: int
    """Of the rendered file."""
    where: str
    values: tuple[tuple[str, str], ...] = ()
    case: str = ""
    """Which of the rule's sentences; "" is its first."""
    file: str = "extensions.conf"


def found(rule: str, line: int, where: str, *, case: str = "", **values: object) -> Found:
    """A finding in the dialplan."""
    texts = tuple((name, str(value)[:160]) for name, value in values.items())
    return Found(rule=rule, line=line, where=where, case=case, values=texts)
