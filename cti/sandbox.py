"""Templates that an admin writes over data from outside: rendered in a box that they cannot leave, nor fill.

Theory of operation. Jinja2's immutable sandbox keeps them from Python. What is left could still hold the process up, so
that goes too: no loops, no calls, no includes, no names of its own, a short list of filters, and arithmetic on numbers
only. So a template costs what its text and its data cost. Data is what JSON can hold; a key of a mapping goes before
anything else of that name (`data.items` is the key). Used by `cti.config` to check, by `cti.crm` to render.
"""

import json
from collections.abc import Callable, Mapping
from typing import Any, Final
from urllib.parse import quote

from jinja2 import ChainableUndefined, StrictUndefined, TemplateError, Undefined, nodes
from jinja2.exceptions import SecurityError
from jinja2.filters import do_round
from jinja2.runtime import Context
from jinja2.sandbox import ImmutableSandboxedEnvironment

from cti.errors import RuleError

_FILTERS: Final = frozenset(
    [
        "abs",
        "capitalize",
        "default",
        "first",
        "float",
        "int",
        "join",
        "last",
        "length",
        "list",
        "lower",
        "map",
        "max",
        "min",
        "reject",
        "rejectattr",
        "replace",
        "reverse",
        "round",
        "select",
        "selectattr",
        "sort",
        "string",
        "sum",
        "title",
        "tojson",
        "trim",
        "truncate",
        "unique",
        "upper",
        "urlencode",
    ]
)
_REFUSED: Final = (
    *(nodes.For, nodes.Macro, nodes.CallBlock, nodes.FilterBlock, nodes.Import, nodes.FromImport, nodes.Include),
    *(nodes.Extends, nodes.Block, nodes.Call),
    # A name given twice doubles what it stands for each time: a short text would fill any memory.
    *(nodes.Assign, nodes.AssignBlock, nodes.With),
)
_MISFITS: Final = (TemplateError, TypeError, ValueError, ArithmeticError, LookupError, AttributeError)
TEMPLATE_LIMIT: Final = 2000
"""Characters of a template."""
TEXT_LIMIT: Final = 20_000
"""Characters of what it may become."""
_MOST_DIGITS: Final = 300


class _Box(ImmutableSandboxedEnvironment):
    """No globals, few filters, no calls."""

    intercepted_binops = frozenset({"*", "**", "%", "+"})

    def __init__(self, undefined: type[Undefined], finalize: Callable[[Any], Any] | None = None) -> None:
        super().__init__(undefined=undefined, finalize=finalize, cache_size=0)
        self.globals.clear()
        self.filters = {name: done for name, done in self.filters.items() if name in _FILTERS}
        self.filters |= {"join": _joined, "replace": _replaced, "round": _rounded, "tojson": _json}

    def getattr(self, obj: Any, attribute: str) -> Any:
        """Data is read by its keys alone."""
        return self.getitem(obj, attribute)

    def getitem(self, obj: Any, argument: Any) -> Any:
        if isinstance(obj, Undefined):
            return obj if isinstance(obj, ChainableUndefined) else super().getitem(obj, argument)
        try:
            return obj[argument] if isinstance(obj, Mapping | list | tuple | str) else self.undefined(name=argument)
        except (LookupError, TypeError):
            return self.undefined(obj=None, name=str(argument))

    def is_safe_callable(self, _obj: Any) -> bool:
        return False

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        numbers = isinstance(left, int | float) and isinstance(right, int | float)
        if operator == "**" or not (numbers or (operator == "+" and isinstance(left, str | list))):
            raise SecurityError("numbers only")
        return super().call_binop(context, operator, left, right)


def _joined(values: Any, between: str = "", attribute: str | None = None) -> str:
    """As Jinja's own, within `TEXT_LIMIT`; `attribute` is a key of each."""
    parts = [str(value if attribute is None else value.get(attribute, "")) for value in values]
    if sum(map(len, parts)) + len(parts) * len(str(between)) > TEXT_LIMIT:
        raise SecurityError(f"more than {TEXT_LIMIT} characters")
    return str(between).join(parts)


def _replaced(text: Any, old: Any, new: Any) -> str:
    """As Jinja's own, within `TEXT_LIMIT`."""
    whole, part, by = str(text), str(old), str(new)
    if len(whole) + whole.count(part) * len(by) > TEXT_LIMIT:
        raise SecurityError(f"more than {TEXT_LIMIT} characters")
    return whole.replace(part, by)


def _json(value: Any) -> str:
    """On one line: an indent of one's own may be of any length."""
    return json.dumps(value, ensure_ascii=False)


def _rounded(value: Any, precision: int = 0, method: Any = "common") -> Any:
    """As Jinja's own, to as many digits as a number has."""
    if abs(precision) > _MOST_DIGITS:
        raise SecurityError(f"more than {_MOST_DIGITS} digits")
    return do_round(value, precision, method)


def _encoded(value: Any) -> Any:
    return value if isinstance(value, Undefined) else quote(str(value), safe="")


_STRICT: Final = _Box(StrictUndefined)
_LENIENT: Final = _Box(ChainableUndefined)
_URL: Final = _Box(StrictUndefined, finalize=_encoded)


class Template:
    """One template, compiled. `lenient`: what the data lacks is empty text; else it is a mistake."""

    def __init__(self, text: str, *, lenient: bool = False, url: bool = False) -> None:
        """`url`: each value is percent-encoded, so that none can change the address's shape. Raises RuleError."""
        box = _URL if url else _LENIENT if lenient else _STRICT
        _check(text, box)
        self._template = box.from_string(text)

    def render(self, **data: object) -> str:
        """The text, trimmed. Raises RuleError when the data does not fit the template or the text is too long."""
        try:
            text = self._template.render(data)
        except _MISFITS as error:
            raise RuleError(f"The template does not fit the data: {_said(error)}.") from error
        if len(text) > TEXT_LIMIT:
            raise RuleError(f"The template makes more than {TEXT_LIMIT} characters.")
        return text.strip()


class Expression:
    """What stands inside `{{ }}`, alone: its value, not its text. What the data lacks is None."""

    def __init__(self, text: str) -> None:
        """Raises RuleError."""
        _check("{{" + text + "}}", _LENIENT)
        self._expression = _LENIENT.compile_expression(text)

    def value(self, **data: object) -> object:
        """The value. Raises RuleError when the data does not fit the expression."""
        try:
            found: object = self._expression(**data)
        except _MISFITS as error:
            raise RuleError(f"The expression does not fit the data: {_said(error)}.") from error
        return found


def _check(text: str, box: _Box) -> None:
    if len(text) > TEMPLATE_LIMIT:
        raise RuleError(f"A template has at most {TEMPLATE_LIMIT} characters.")
    try:
        tree = box.parse(text)
        box.compile(text)
    except (TemplateError, RecursionError) as error:
        raise RuleError(f"{text!r} is no template: {_said(error)}.") from error
    for node in tree.find_all(_REFUSED):
        raise RuleError(f"{text!r}: {type(node).__name__.lower()} is not for use here, only values, filters and if.")


def _said(error: Exception) -> str:
    return str(error).rstrip(".") or type(error).__name__
