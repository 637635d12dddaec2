"""The parser: what Asterisk would read, what it would not, where steps lead, and which number a pattern takes."""

import pytest

from cti.dialplan import model, pieces
from cti.dialplan.model import Dialplan, Target
from cti.dialplan.parse import parse


def of(*lines: str) -> Dialplan:
    return parse("\n".join(("[one]", *lines)))


def places(app: str, data: str) -> list[tuple[str, str, str]]:
    (step,) = of(f"exten => 1,1,{app}({data})").contexts["one"].extensions[0].steps
    for target in step.targets:
        if target.span is not None:
            assert step.data[target.span[0] : target.span[1]] == target.context
    return [(target.context, target.exten, target.place) for target in step.targets]


def test_an_extension_has_its_steps_in_order_with_labels_and_lines() -> None:
    plan = of("exten => 7,1,Answer()", " same => n(here),Wait(1) ; a comment", "", " same => n+2,Hangup(16)")
    (extension,) = plan.contexts["one"].extensions
    assert [(step.priority, step.label, step.app, step.data, step.line) for step in extension.steps] == [
        (1, "", "Answer", "", 2),
        (2, "here", "Wait", "1", 3),
        (4, "", "Hangup", "16", 5),
    ]
    assert plan.problems == ()


def test_globals_includes_and_hints_are_no_steps() -> None:
    plan = parse("[globals]\nA = 1\n[one]\ninclude => two\nexten => 5,hint,PJSIP/x\nexten => 5,1,NoOp\n[two]\n")
    assert plan.variables == {"A": ("1", 2)}
    assert [include.context for include in plan.contexts["one"].includes] == ["two"]
    assert len(plan.contexts["one"].extensions[0].steps) == 1


@pytest.mark.parametrize(
    ("line", "rule"),
    [
        ("exten => 1,1,Goto(a,b", "syntax"),
        ("exten => 1,1,Set(X=${Y)", "syntax"),
        ("exten => 1,n,Answer()", "syntax"),
        ("exten => 1", "syntax"),
        ("exten => 1,1", "syntax"),
        ("exten => 1,first,Answer()", "syntax"),
        ("exten => 1,1,Answer now", "syntax"),
        (" same => n,Answer()", "syntax"),
        ("nonsense", "syntax"),
        ("[two](!)", "syntax"),
        ('#include "/etc/passwd"', "file-include"),
        ("#exec /bin/id", "file-include"),
        ("[one]", "duplicate"),
    ],
)
def test_what_asterisk_would_not_read_as_meant_is_named_by_its_line(line: str, rule: str) -> None:
    assert [(problem.rule, problem.line) for problem in of(line).problems] == [(rule, 2)]


def test_a_priority_or_a_label_that_stands_twice_is_named() -> None:
    plan = of("exten => 1,1(a),Answer()", "exten => 1,1,Hangup()", " same => n(a),Hangup()")
    assert [(problem.rule, problem.line) for problem in plan.problems] == [("duplicate", 3), ("duplicate", 4)]


def test_a_comment_ends_a_line_and_a_block_comment_many() -> None:
    plan = of(
        "exten => 1,1,Set(A=1\\;2) ; rest",
        ";-- exten => 2,1,Hangup()",
        "exten => 3,1,Hangup()",
        "--;",
        "exten => 4,1,Hangup()",
    )
    assert [one.name for one in plan.contexts["one"].extensions] == ["1", "4"]
    assert next(plan.steps())[1].data == "A=1\\;2"


@pytest.mark.parametrize(
    ("app", "data", "expected"),
    [
        ("Goto", "two,5,1", [("two", "5", "1")]),
        ("Goto", "5,1", [("", "5", "1")]),
        ("Goto", "again", [("", "", "again")]),
        ("GotoIf", '$["${A}" = "?:"]?two,5,1:three,6,2', [("two", "5", "1"), ("three", "6", "2")]),
        ("GotoIf", "$[${A} > 1]?there", [("", "", "there")]),
        ("GotoIfTime", "9:00-17:00,mon-fri,*,*?two,s,1", [("two", "s", "1")]),
        ("Gosub", "two,s,1(a,b)", [("two", "s", "1")]),
        ("GosubIf", "$[1]?two,s,1(x):three,s,1", [("two", "s", "1"), ("three", "s", "1")]),
        ("ExecIf", "$[1]?Goto(two,5,1):Hangup()", [("two", "5", "1")]),
        ("Dial", "PJSIP/x,30,G(two^5^1)", [("two", "5", "1")]),
        (
            "Dial",
            "PJSIP/x&Local/9@two/n,30,b(three^s^1(a))U(four^x)",
            [("three", "s", "1"), ("four", "s", "1"), ("two", "9", "1")],
        ),
        ("Queue", "q,,,,30,,two", [("two", "s", "1")]),
        ("Set", "CHANNEL(hangup_handler_push)=two,s,1(x)", [("two", "s", "1")]),
        ("Set", "TONE_DETECT(1150,500,rg(two,s,1)e)=", [("two", "s", "1")]),
        ("Goto", "${CTX},s,1", [("${CTX}", "s", "1")]),
        ("Playback", "two", []),
    ],
)
def test_where_an_application_may_send_a_call_is_known(
    app: str, data: str, expected: list[tuple[str, str, str]]
) -> None:
    assert sorted(places(app, data)) == sorted(expected)


def test_a_goto_never_goes_on_and_a_subroutine_comes_back() -> None:
    def target(app: str, data: str) -> Target:
        return next(of(f"exten => 1,1,{app}({data})").steps())[1].targets[0]

    assert target("Goto", "5,1").always
    assert target("GotoIf", "$[1]?5,1:6,1").always
    assert not target("GotoIf", "$[1]?5,1").always
    assert target("Gosub", "5,1").returns
    assert not target("Gosub", "5,1").always


@pytest.mark.parametrize(
    ("pattern", "number", "takes"),
    [
        ("_XXX", "123", True),
        ("_XXX", "1234", False),
        ("_X.", "1", False),
        ("_X.", "12", True),
        ("_X!", "1", True),
        ("_[+0-9*#]!", "+7", True),
        ("_[+0-9*#]!", "h", False),
        ("_NXX", "112", False),
        ("_Z", "0", False),
        ("_!", "h", True),
    ],
)
def test_a_pattern_takes_what_asterisk_would_match(pattern: str, number: str, takes: bool) -> None:
    assert model.matches(pattern, number) is takes


def test_the_literal_number_goes_before_the_narrow_pattern_and_that_before_the_wide_one() -> None:
    plan = of("exten => _X.,1,Hangup()", "exten => _12X,1,Hangup()", "exten => 123,1,Hangup()", "exten => i,1,Hangup()")
    found = [plan.matching("one", number) for number in ("123", "124", "999", "abc")]
    assert [one.name if one else None for one in found] == ["123", "_12X", "_X.", "i"]


@pytest.mark.parametrize(
    ("one", "other", "number"),
    [("_7X5", "_75X", "755"), ("_7XX", "_75X", None), ("_1X", "_2X", None), ("_1XX", "_X.", None)],
)
def test_patterns_that_share_numbers_overlap_unless_one_is_within_the_other(
    one: str, other: str, number: str | None
) -> None:
    assert model.overlap(one, other) == number


def test_commas_within_brackets_and_quotes_separate_nothing() -> None:
    parts = pieces.split(pieces.Piece('a,${IF($[1]?x,y)},"b,c",d'), ",")
    assert [part.text for part in parts] == ["a", "${IF($[1]?x,y)}", '"b,c"', "d"]
    assert [part.at for part in parts] == [0, 2, 18, 24]
