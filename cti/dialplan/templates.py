"""How templates are read: the Jinja environment, what a template may touch, and how a value may enter one.

Templates are untrusted: an admin may write his own. They see nothing but the values they are given, call nothing but
what is listed here, load nothing but their own kind, and an undefined name is an error, never an empty text. Time and
size are bounded by `cti.dialplan.bounded`. Not here: which values there are (`cti.dialplan.render`), where the texts
come from (`cti.dialplan.material`).
"""

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

import jinja2
from jinja2.exceptions import SecurityError
from jinja2.ext import Extension
from jinja2.lexer import Token, TokenStream
from jinja2.runtime import Macro
from jinja2.sandbox import ImmutableSandboxedEnvironment

from cti.dialplan import lines
from cti.errors import ConfigError

_FORBIDDEN: Final = re.compile(r'[\x00-\x1f\x7f;"\\,|`]|\$[{\[]|=>')
FOLDER: Final = "templates"
"""Under which templates name each other: `{% import "templates/_asterisk.j2" as shared %}`."""
_OWN_MODULES: Final = ("cti.config", "cti.variables", "cti.home", "cti.dialplan")
"""Functions of these may be called; they touch neither files nor the network (`Path` and pydantic's may not)."""


class TemplateError(ConfigError):
    """A template cannot be rendered; nothing has changed. Names the template and its line."""

    def __init__(self, words: str, *, file: str, line: int) -> None:
        super().__init__(f"{file}:{line}: {words}")
        self.file = file
        self.line = line
        self.words = words


def value(given: object) -> str:
    """A value as it may stand in a configuration line.

    Raises ConfigError for what could end the value and begin something else: control characters, `;`, quotes, commas,
    backslashes, `${`, `$[` and `=>`; and for leading or trailing space, which Asterisk would drop.
    """
    text = str(given)
    if not text or text != text.strip() or _FORBIDDEN.search(text):
        raise ConfigError(f"The value {text!r} cannot stand in Asterisk's configuration: use plain characters.")
    return text


class _Sandbox(ImmutableSandboxedEnvironment):
    """Nothing is called but macros, methods of plain values, and our own pure functions."""

    def is_safe_callable(self, obj: Any) -> bool:
        if isinstance(obj, Macro) or obj in self.globals.values():
            return super().is_safe_callable(obj)
        if isinstance(getattr(obj, "__self__", None), str | int | float | tuple | list | dict | frozenset | Mapping):
            return super().is_safe_callable(obj)
        home = getattr(getattr(obj, "__func__", obj), "__module__", None) or ""
        ours = home in _OWN_MODULES or home.startswith(tuple(f"{name}." for name in _OWN_MODULES))
        return (ours and not isinstance(obj, type)) or home == "jinja2.runtime"


class _Marks(Extension):
    """Writes after every line break of a template where the next line comes from."""

    def filter_stream(self, stream: TokenStream) -> Any:
        file = stream.name or "?"
        for token in stream:
            if token.type == "data":
                yield Token(token.lineno, token.type, lines.marked(token.value, file=file, line=token.lineno))
            else:
                yield token


def environment(source: Path | Mapping[str, str], *, marked: bool = False) -> jinja2.Environment:
    """The environment in which templates are rendered, from a folder, or from texts by name.

    `marked`: what is rendered says where it comes from, for `lines.origins` to read.
    """
    found = _Sandbox(
        loader=jinja2.FileSystemLoader(source) if isinstance(source, Path) else jinja2.FunctionLoader(_from(source)),
        undefined=jinja2.StrictUndefined,
        keep_trailing_newline=True,
        trim_blocks=False,
        autoescape=False,  # not HTML; `value` guards what comes from outside
        extensions=[_Marks] if marked else [],
    )
    found.globals.pop("lipsum", None)
    found.filters["value"] = value
    return found


def _from(texts: Mapping[str, str]) -> Callable[[str], tuple[str, str, Callable[[], bool]] | None]:
    def load(name: str) -> tuple[str, str, Callable[[], bool]] | None:
        own = name.removeprefix(f"{FOLDER}/")
        return (texts[own], own, lambda: True) if own in texts else None

    return load


def rendered(found: jinja2.Environment, name: str, values: Mapping[str, object]) -> str:
    """One template's text. Raises TemplateError."""
    try:
        return found.get_template(name).render(values)
    except jinja2.TemplateSyntaxError as error:
        raise TemplateError(
            f"{error.message or 'is no template'}.",
            file=_short(error.filename or error.name or name),
            line=error.lineno,
        ) from error
    except jinja2.TemplateNotFound as error:
        file, line = _place(error, name)
        raise TemplateError(f"There is no template {error.name!r}.", file=file, line=line) from error
    except SecurityError as error:
        file, line = _place(error, name)
        words = "A template may not do this: it is unsafe to call or read what is none of its own values."
        raise TemplateError(words, file=file, line=line) from error
    except (jinja2.TemplateError, ConfigError) as error:
        file, line = _place(error, name)
        words = str(error) if isinstance(error, ConfigError) else f"{error.message or type(error).__name__}."
        raise TemplateError(words, file=file, line=line) from error
    except RecursionError as error:
        raise TemplateError("It calls itself without end.", file=_short(name), line=1) from error
    except (ArithmeticError, TypeError, ValueError, LookupError, AttributeError, OverflowError) as error:
        file, line = _place(error, name)
        raise TemplateError(f"{str(error)[:200] or type(error).__name__}.", file=file, line=line) from error


def _place(error: BaseException, name: str) -> tuple[str, int]:
    """The innermost line of a template in the error's way."""
    found = (_short(name), 1)
    trace = error.__traceback__
    while trace is not None:
        file = trace.tb_frame.f_code.co_filename
        if file.endswith(".j2"):
            found = (_short(file), trace.tb_lineno)
        trace = trace.tb_next
    return found


def _short(file: str) -> str:
    return Path(file).name
