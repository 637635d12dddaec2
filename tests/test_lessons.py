"""What broke other systems, and that a test keeps each of these failures from coming back.

A test that would fail if one did carries `@pytest.mark.lesson(number)`; `pytest -m lesson` runs them all.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parent

LESSONS = {
    1: "One call has one agent, and one who answers and is gone at once costs nobody else his ring.",
    2: "Wrap-up outlasts a change of the queues and a transfer.",
    3: "An agent stays reserved for longer than his phone rings.",
    4: "In a transfer no side is let go before the other stands, and one who is left alone is served first.",
    5: "A leg that ended without a word is missed soon, and nobody is rung for a caller who has left.",
    6: "Contacts are spread over the agents, and one at the head who cannot be served blocks nobody.",
    7: "Who is rung, talks or writes is not free; an extension has one owner, and he needs a registered phone.",
    8: "Several phones of one agent do not confuse his state, and callers of an empty queue are not forgotten.",
    9: "After each login to the manager interface all is asked for anew, so what happened meanwhile is known.",
    10: "After a lost connection new calls are told of, and a broken switch is not hammered.",
    11: "Could not ask is not the same as nothing there.",
    12: "Every wait has a deadline, and a row that is refused holds up no other.",
    13: "After a restart neither a dial under way nor a lock is held for ever.",
    23: "A caller who hangs up ends his menu quietly.",
}


def marks(source: str) -> Iterator[tuple[int, str]]:
    """The lessons of a module, each with the name of a test that carries it."""
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) or not node.name.startswith("test_"):
            continue
        for mark in node.decorator_list:
            if isinstance(mark, ast.Call) and ast.unparse(mark.func) == "pytest.mark.lesson":
                yield ast.literal_eval(mark.args[0]), node.name


@pytest.fixture(scope="module")
def marked() -> dict[int, list[str]]:
    """The tests of each lesson."""
    found: dict[int, list[str]] = {}
    for path in sorted(TESTS.rglob("test_*.py")):
        source = path.read_text(encoding="utf-8")
        if "mark.lesson(" in source:
            for number, name in marks(source):
                found.setdefault(number, []).append(name)
    return found


@pytest.mark.parametrize("number", LESSONS)
def test_every_lesson_has_a_test(marked: dict[int, list[str]], number: int) -> None:
    assert marked.get(number), f"no test carries lesson({number}): {LESSONS[number]}"


def test_no_test_carries_a_lesson_that_is_not_in_the_table(marked: dict[int, list[str]]) -> None:
    assert marked.keys() <= LESSONS.keys()


def test_a_mark_counts_on_a_test_and_nowhere_else() -> None:
    source = "@pytest.mark.lesson(3)\n{} test_a(): ...\n@pytest.mark.lesson(4)\ndef b(): ...\n# @pytest.mark.lesson(5)"
    assert list(marks(source.format("async def"))) == [(3, "test_a")]
    assert list(marks(source.format("def"))) == [(3, "test_a")]
