"""Rendering in a process of its own, for templates that somebody else wrote: so much time, so much memory, no more.

Jinja's sandbox keeps a template from files and from Python; it does not keep it from counting for ever. The child gets
the values by its standard input (from us: pickled), answers with JSON, and is killed at its limit. Called by
`cti.dialplan.render`.
"""

import json
import pickle
import resource
import subprocess
import sys
from collections.abc import Mapping, Sequence
from typing import Any, Final

from cti import variables
from cti.dialplan import templates
from cti.dialplan.templates import TemplateError

LIMIT_S: Final = 20.0
"""Wall-clock; a busy machine starts a process slowly."""
CPU_S: Final = 5
MEMORY_BYTES: Final = 1_500_000_000
MOST_BYTES: Final = 4_000_000
"""Of everything rendered."""


def render(
    texts: Mapping[str, str], values: Mapping[str, object], *, names: Sequence[str], marked: Sequence[str] = ()
) -> tuple[dict[str, str], dict[str, str]]:
    """The named templates rendered, and those of `marked` again with marks. Raises TemplateError. Blocks."""
    given = pickle.dumps((dict(texts), dict(values), list(names), list(marked)))
    try:
        done = subprocess.run(
            [sys.executable, "-m", "cti.dialplan.bounded"],
            input=given,
            capture_output=True,
            timeout=LIMIT_S,
            check=False,
        )
        answer: Any = json.loads(done.stdout)
    except (subprocess.TimeoutExpired, ValueError):
        raise TemplateError(
            f"The templates take more than {CPU_S} s or too much memory: is there a loop that is too long?",
            file=names[0],
            line=1,
        ) from None
    if "problem" in answer:
        raise TemplateError(str(answer["problem"]), file=str(answer["file"]), line=int(answer["line"]))
    return answer["texts"], answer["marked"]


def _all(
    texts: Mapping[str, str], values: Mapping[str, object], names: Sequence[str], *, marked: bool
) -> dict[str, str]:
    environment = templates.environment(texts, marked=marked)
    found = {}
    for name in names:
        found[name] = templates.rendered(environment, name, values)
        if sum(map(len, found.values())) > MOST_BYTES:
            raise TemplateError(f"More than {MOST_BYTES} characters come of it.", file=name, line=1)
    return found


def in_process(
    texts: Mapping[str, str], values: Mapping[str, object], *, names: Sequence[str], marked: Sequence[str] = ()
) -> tuple[dict[str, str], dict[str, str]]:
    """As `render`, without bounds: for the templates that ship."""
    return _all(texts, values, names, marked=False), _all(texts, values, marked, marked=True)


def main() -> None:
    """The child."""
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_S, CPU_S))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    texts, values, names, marked = pickle.loads(sys.stdin.buffer.read())  # noqa: S301 - our parent wrote it
    values["v"] = variables
    try:
        plain, with_marks = in_process(texts, values, names=names, marked=marked)
        answer: dict[str, object] = {"texts": plain, "marked": with_marks}
    except TemplateError as error:
        answer = {"problem": error.words, "file": error.file, "line": error.line}
    except MemoryError:
        answer = {"problem": "The template takes too much memory.", "file": names[0], "line": 1}
    sys.stdout.write(json.dumps(answer))


if __name__ == "__main__":
    main()
