"""Where a step of the dialplan may send a channel, application by application.

Pure. Here: which arguments of which application name a context, an extension and a priority. Not here: whether the
place is there (`cti.dialplan.rules`). Only `cti.dialplan.parse` calls it.
"""

import re
from collections.abc import Iterator

from msgspec import structs

from cti.dialplan import pieces
from cti.dialplan.model import Target
from cti.dialplan.pieces import Piece

_LOCAL = re.compile(r"Local/([^@&,/]*)@([^/&,)^]+)", re.IGNORECASE)
_HANDLER = re.compile(r"hangup_handler_(?:push|wipe)\)\s*=", re.IGNORECASE)
_DIAL_JUMPS = {"G": False, "F": False, "U": True, "b": True, "B": True}
"""Options of Dial that name a place, and whether the channel comes back from there."""


def of(app: str, data: str) -> tuple[Target, ...]:
    """Every place to which the application may send a channel, in the order written."""
    return tuple(_of(app.lower(), Piece(data)))


def _of(app: str, data: Piece) -> Iterator[Target]:
    match app:
        case "goto":
            yield from _always(_place(data))
        case "gosub":
            yield from _subroutine(data)
        case "gotoif" | "gosubif" | "gotoiftime":
            yield from _branches(app, data)
        case "execif":
            yield from _commands(data)
        case "exec" | "tryexec" | "execiftime":
            called = pieces.call(pieces.first(data, "?")[1] or data if app == "execiftime" else data)
            yield from _sometimes(_of(called[0].lower(), called[1])) if called else ()
        case "dial" | "queue" | "page":
            yield from _calling(app, data)
        case "background" | "waitexten" | "disa" | "channelredirect" | "originate":
            yield from _naming(app, data)
        case "set" | "mset":
            yield from _set(data)
        case _:
            yield from _locals(data)


def _place(piece: Piece | None, *, cut: str = ",") -> Target | None:
    """`[[context,]extension,]priority`."""
    if piece is None or not piece.text.strip():
        return None
    parts = [part.strip() for part in pieces.split(piece, cut, most=2)]
    place = parts[-1].text
    exten = parts[-2].text if len(parts) > 1 else ""
    if len(parts) < 3:
        return Target(context="", exten=exten, place=place)
    return Target(context=parts[0].text, exten=exten, place=place, span=parts[0].span)


def _always(target: Target | None) -> Iterator[Target]:
    if target is not None:
        yield structs.replace(target, always=True)


def _sometimes(targets: Iterator[Target]) -> Iterator[Target]:
    for target in targets:
        yield structs.replace(target, always=False)


def _subroutine(piece: Piece, *, cut: str = ",") -> Iterator[Target]:
    """A place, with arguments in brackets behind it."""
    head = piece.text
    opened = next((index for index, char in enumerate(head) if char == "(" and _depth(head[:index]) == 0), len(head))
    target = _place(piece.cut(0, opened), cut=cut)
    if target is not None:
        yield structs.replace(target, returns=True)


def _depth(text: str) -> int:
    return sum({"{": 1, "[": 1, "}": -1, "]": -1}.get(char, 0) for char in text)


def _branches(app: str, data: Piece) -> Iterator[Target]:
    _, behind = pieces.first(data, "?")
    if behind is None:
        return
    yes, no = pieces.first(behind, ":")
    branches = [branch for branch in (yes, no) if branch is not None and branch.text.strip()]
    for branch in branches:
        if app == "gosubif":
            yield from _subroutine(branch)
        else:
            target = _place(branch)
            if target is not None:
                yield structs.replace(target, always=len(branches) == 2)


def _commands(data: Piece) -> Iterator[Target]:
    _, behind = pieces.first(data, "?")
    for command in pieces.first(behind, ":") if behind is not None else ():
        called = pieces.call(command) if command is not None else None
        if called is not None:
            yield from _sometimes(_of(called[0].lower(), called[1]))


def _calling(app: str, data: Piece) -> Iterator[Target]:
    """Dial, Queue and Page: places in their options, and Local channels."""
    arguments = pieces.split(data, ",")
    options = arguments[2 if app == "dial" else 1] if len(arguments) > (2 if app == "dial" else 1) else None
    if app != "page" and options is not None:
        yield from _options(options)
    if app == "queue" and len(arguments) > 6 and arguments[6].text.strip():
        yield from _named_subroutine(arguments[6].strip())
    yield from _locals(data)


def _options(options: Piece) -> Iterator[Target]:
    for letter, inner in _lettered(options):
        if letter == "U":
            yield from _named_subroutine(inner)
        elif letter in _DIAL_JUMPS:
            for target in _subroutine(inner, cut="^"):
                yield structs.replace(target, returns=_DIAL_JUMPS[letter])


def _lettered(options: Piece) -> Iterator[tuple[str, Piece]]:
    """Options that have something in brackets: their letter, and that."""
    index = 0
    while index < len(options.text):
        letter = options.text[index]
        end = index + 1
        if options.text[end : end + 1] == "(":
            depth = 1
            end += 1
            while end < len(options.text) and depth:
                depth += {"(": 1, ")": -1}.get(options.text[end], 0)
                end += 1
            yield letter, options.cut(index + 2, end - 1)
        index = end


def _named_subroutine(piece: Piece) -> Iterator[Target]:
    """`context[^arguments]`, or a whole place: entered at `s`, priority 1."""
    parts = pieces.split(piece, "^")
    name = parts[0].strip()
    yield Target(context=name.text, exten="s", place="1", span=name.span, returns=True)


def _naming(app: str, data: Piece) -> Iterator[Target]:
    """Applications that have the context as one of their arguments."""
    arguments = [part.strip() for part in pieces.split(data, ",")]
    if app == "channelredirect" and len(arguments) == 4:
        context, exten, place = arguments[1:]
        yield Target(context=context.text, exten=exten.text, place=place.text, span=context.span)
    if app == "originate" and len(arguments) >= 5 and arguments[1].text.lower() == "exten":
        context, exten, place = arguments[2:5]
        yield Target(context=context.text, exten=exten.text, place=place.text, span=context.span)
    yield from _locals(data)


def _set(data: Piece) -> Iterator[Target]:
    """Places hidden in what is set: hang-up handlers, and tone detection that jumps."""
    for found in _HANDLER.finditer(data.text):
        yield from _subroutine(data.cut(found.end()))
    for inner in pieces.calls_of(data.text, "TONE_DETECT"):
        for letter, place in _lettered(pieces.split(inner, ",")[-1]):
            target = _place(place) if letter == "g" else None
            if target is not None:
                yield target
    yield from _locals(data)


def _locals(data: Piece) -> Iterator[Target]:
    for found in _LOCAL.finditer(data.text):
        yield Target(
            context=found[2], exten=found[1], place="1", span=(data.at + found.start(2), data.at + found.end(2))
        )
