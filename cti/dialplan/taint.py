"""What callers and carriers write themselves, and where it gets to: from `${CALLERID(name)}` to a Dial.

Pure. A text is foreign when it holds what a stranger chose (a name, a number, a dialled extension of an open pattern, a
SIP header) and no function on the way let only harmless characters through. A variable set from a foreign text is
foreign everywhere. Asked by `cti.dialplan.rules_trust`.
"""

import re
from collections.abc import Iterator
from typing import Final

from cti.dialplan import pieces
from cti.dialplan.model import Dialplan, Extension, Step
from cti.dialplan.pieces import Piece

SOURCES: Final = frozenset(
    {
        "CALLERID", "CONNECTEDLINE", "REDIRECTING", "PJSIP_HEADER", "PJSIP_HEADERS", "SIP_HEADER", "MESSAGE",
        "MESSAGE_DATA", "DIALEDPEERNAME", "CALLINGPRES", "BLACKLIST", "HTTP_HEADER",
    }
)  # fmt: skip
CLEANERS: Final = frozenset(
    {
        "FILTER", "LEN", "MD5", "SHA1", "URIENCODE", "BASE64_ENCODE", "ISNULL", "EXISTS", "REGEX", "GROUP_COUNT",
        "FIELDQTY", "KEYPADHASH", "DEVICE_STATE", "DB_EXISTS", "STRFTIME", "CHECKSIPDOMAIN",
    }
)  # fmt: skip
_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def assignments(step: Step) -> Iterator[tuple[str, str]]:
    """What Set and MSet set: name (as written) and value."""
    if step.name not in ("set", "mset"):
        return
    parts = [Piece(step.data)] if step.name == "set" else pieces.split(Piece(step.data), ",")
    for part in parts:
        name, value = pieces.first(part, "=")
        if value is not None:
            yield name.text.strip(), value.text


def plain_name(written: str) -> str:
    """The variable behind `__NAME` or `LOCAL(NAME)`; "" for any other function."""
    inner = re.fullmatch(r"(?:LOCAL|GLOBAL|SHARED)\(([^),]+).*\)", written, re.IGNORECASE)
    text = inner[1] if inner else written
    return text.lstrip("_") if "(" not in text else ""


def foreign_variables(plan: Dialplan) -> frozenset[str]:
    """The variables that are set from a foreign text somewhere, by whatever detour."""
    found: set[str] = set()
    while True:
        more = {
            plain_name(name)
            for extension, step in plan.steps()
            for name, value in assignments(step)
            if foreign(value, extension, found)
        } - {""}
        if more <= found:
            return frozenset(found)
        found |= more


def foreign(text: str, extension: Extension, variables: frozenset[str] | set[str]) -> str:
    """The first foreign expression in a text; "" when there is none."""
    for body in _outermost(text):
        name = _NAME.match(body)
        word = name[0] if name else ""
        if body[len(word) : len(word) + 1] == "(":
            function = word.upper()
            if function in CLEANERS:
                continue
            if function in SOURCES:
                return f"${{{body}}}"
        elif (word == "EXTEN" and extension.is_open) or word in variables:
            return f"${{{body}}}"
        inner = foreign(body, extension, variables)
        if inner:
            return inner
    return ""


def _outermost(text: str) -> Iterator[str]:
    """What stands in each `${…}` that stands in no other."""
    index = text.find("${")
    while index >= 0:
        depth, end = 1, index + 2
        while end < len(text) and depth:
            depth += {"{": 1, "}": -1}.get(text[end], 0)
            end += 1
        yield text[index + 2 : end - 1 if depth == 0 else end]
        index = text.find("${", end)
