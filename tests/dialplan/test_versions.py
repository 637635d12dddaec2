"""Versions side by side: every context and every way into one carries its version; the names outside stay."""

import re

from cti.dialplan import versions
from cti.dialplan.parse import parse

ONE = """[general]
static = yes
[globals]
FORWARD_CONTEXT = dead-end

[from-trunk]
exten => +7800,1,Goto(ivr,${EXTEN},1)
 same => n,GotoIf($["${A}" = "ivr"]?full,s,1:ivr,1,2)
exten => _[+0-9]!,1,Goto(full,s,1)
include => more

[ivr]
exten => _X!,1,Set(NAME=ivr)
 same => n,Dial(Local/5@more/n,30,G(full^s^1))

[full]
exten => s,1,Hangup()

[more]
exten => 5,1,Hangup()
"""


def test_every_name_of_a_context_gets_the_version_and_no_other_word_does() -> None:
    made = versions.versioned(ONE, 7)
    assert "[from-trunk-v7]" in made
    assert "Goto(ivr-v7,${EXTEN},1)" in made
    assert '$["${A}" = "ivr"]?full-v7,s,1:ivr-v7,1,2)' in made
    assert "include => more-v7" in made
    assert "Set(NAME=ivr)" in made
    assert "Dial(Local/5@more-v7/n,30,G(full-v7^s^1))" in made
    assert "FORWARD_CONTEXT = dead-end" in made
    assert made.count("\n") == ONE.count("\n"), "lines stay where they are"


def test_the_names_that_carriers_know_lead_into_the_newest_version_only() -> None:
    made = versions.compose(7, {6: ONE, 7: ONE})
    plan = parse(made)
    assert plan.problems == ()
    doors = plan.contexts["from-trunk"].extensions
    assert {one.name for one in doors} == {"+7800", "_[+0-9]!", "5"}
    assert {step.targets[0].context for one in doors for step in one.steps} == {"from-trunk-v7"}
    assert {"from-trunk-v6", "ivr-v6", "full-v6", "more-v6"} <= set(plan.contexts)
    assert versions.versions_in(made) == {6, 7}


def test_nothing_of_an_older_version_leads_into_another() -> None:
    plan = parse(versions.compose(7, {6: ONE, 7: ONE}))
    for extension, step in plan.steps():
        for target in step.targets:
            if versions.version_of(extension.context) == 6 and target.context:
                assert versions.version_of(target.context) == 6


def test_what_a_caller_dialled_passes_the_door_without_a_character_that_means_something() -> None:
    plan = parse(versions.compose(7, {7: ONE}))
    door = next(one for one in plan.contexts["from-trunk"].extensions if one.name.startswith("_"))
    allowed = re.search(r"FILTER\(([^,]*),\$\{EXTEN\}\)", door.steps[0].data)
    assert allowed is not None
    assert not set(",()^&|@/${}") & set(allowed[1])


def test_a_version_is_read_from_a_contexts_name() -> None:
    assert versions.version_of("to-queue-v12") == 12
    assert versions.version_of("to-queue") is None
    assert versions.version_of("my-v2-context") is None


def test_every_context_that_the_code_knows_by_name_is_a_door() -> None:
    assert {"from-trunk", "from-agent", "to-queue", "dead-end", "probe", "promised", "destinations"} <= set(
        versions.ENTRIES
    )
