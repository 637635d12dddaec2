"""The rules: each finds its fault by the template's own line; the demo has none; templates stay in their box."""

from pathlib import Path

import pytest

from cti.dialplan import checks, material, words
from cti.dialplan.checks import Result
from cti.errors import ConfigError
from cti.home import Home
from cti.setup import asterisk
from cti.setup.asterisk import AsteriskInstall
from tests.dialplan.homes import DIALPLAN, add, change, demo_home

pytestmark = pytest.mark.server  # own templates are rendered in a process of their own


@pytest.fixture(scope="module")
def install() -> AsteriskInstall:
    return asterisk.find()


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return demo_home(tmp_path / "h")


def look(home: Home, install: AsteriskInstall, language: str = "en") -> Result:
    return checks.check(material.of_home(home), home, install, version=3, language=language)


def test_the_demo_as_it_ships_has_nothing_to_find(home: Home, install: AsteriskInstall) -> None:
    assert look(home, install).flaws == ()


def test_a_centre_without_menus_and_one_with_destinations_have_nothing_to_find_either(
    home: Home, install: AsteriskInstall
) -> None:
    text = home.centre_file.read_text(encoding="utf-8")
    queues = text.replace("to: hours clinic", "to: queue reception").replace("to: hours telecom", "to: queue support")
    queues = queues.replace("    to: menu main\n    project", "    to: queue support\n    project")
    box = "box: {name: {en: B, ru: Б}, voicemail: {prompt: goodbye, limit_s: 60}}"
    places = f'\ndestinations:\n  duty: {{name: {{en: D, ru: Д}}, number: "+79165550001"}}\n  {box}\n'
    for centre in (queues, text + places):
        home.centre_file.write_text(centre, encoding="utf-8")
        assert look(home, install).flaws == ()


ECHO = " same => n,Answer()\n same => n,Echo()"
NUMBER = "exten => s,1,Log(NOTICE,the carrier sent a call to no number)"

FAULTS = [
    ("missing-target", ECHO, " same => n,Goto(nowhere,s,1)", 0),
    ("missing-target", ECHO, " same => n,Goto(unknown,77,1)", 0),
    ("missing-target", ECHO, " same => n,Goto(unknown,s,nolabel)", 0),
    ("dynamic-target", ECHO, " same => n,Set(WHERE=unknown)\n same => n,Goto(${WHERE},s,1)", 1),
    ("endless-loop", ECHO, " same => n(a),Set(B=1)\n same => n,Goto(a)", 0),
    ("no-time-limit", "TIMEOUT(absolute)={{ centre.limits.max_call_s }})\n{%- endmacro -%}", "A=1)\n{%- endmacro -%}", None),
    ("no-time-limit", "[unknown]\nexten => s,1,Answer(,i)", "[unknown]\nexten => s,1(a),Playback(ss-noservice)\n same => n,Goto(a)\nexten => x,1,Answer(,i)", 1),
    ("no-failure-path", " same => n,GotoIf($[\"${STASISSTATUS}\" = \"FAILED\"]?{{ v.CONTEXT_QUEUE }},{{ number.queue }},away)\n", "", None),
    ("undefined-prompt", ECHO, f" same => n,Playback(no-such-sound)\n{ECHO}", 0),
    ("undefined-queue", ECHO, f" same => n,Queue(nobodys)\n{ECHO}", 0),
    ("undefined-menu", "{{ number.agi }}", "v1/menu/nobodys", 0),
    ("missing-music", ECHO, f" same => n,StartMusicOnHold(polka)\n{ECHO}", 0),
    ("undefined-variable", ECHO, f" same => n,GotoIf($[\"${{NOBODYS}}\" = \"\"]?unknown,s,1)\n{ECHO}", 0),
    ("unknown-application", ECHO, f" same => n,Playbak(hello)\n{ECHO}", 0),
    ("unknown-application", ECHO, f" same => n,MeetMe(1)\n{ECHO}", 0),
    ("unknown-function", ECHO, f" same => n,Set(A=${{NOTTHERE(1)}})\n{ECHO}", 0),
    ("syntax", ECHO, f" same => n,Set(A=${{B)\n{ECHO}", 0),
    ("duplicate", NUMBER, f"exten => s,1,Hangup()\n{NUMBER}", 1),
    ("overlap", NUMBER, f"exten => _7X5,1,Goto(unknown,s,1)\nexten => _75X,1,Goto(unknown,s,1)\n{NUMBER}", 1),
    ("catch-all", NUMBER, f"exten => _.,1,Goto(unknown,s,1)\n{NUMBER}", 0),
    ("unreachable", "[unknown]", "[forgotten]\nexten => s,1,Hangup()\n\n[unknown]", 0),
    ("falls-off", " same => n,Playback(ss-noservice)\n same => n,Hangup(1)", " same => n,Playback(ss-noservice)", 0),
    ("toll-fraud", "exten => {{ any }},1,Goto({{ v.CONTEXT_DEAD_END }},s,1)\nexten => s", "exten => _[+0-9]!,1,Dial(PJSIP/${FILTER(+0-9,${EXTEN})}@trunk,60)\n same => n,Hangup()\nexten => s", 0),
    ("forwards-outside", ECHO, f" same => n,Dial(PJSIP/+79990000000@trunk,60)\n{ECHO}", 0),
    ("unfiltered", ECHO, f" same => n,Log(NOTICE,${{CALLERID(name)}} calls)\n{ECHO}", 0),
    ("unfiltered", ECHO, f" same => n,Set(WHO=${{CALLERID(num)}})\n same => n,Playback(/srv/${{WHO}})\n{ECHO}", 1),
    ("dangerous", ECHO, f" same => n,System(id)\n{ECHO}", 0),
    ("dangerous", ECHO, f" same => n,AGI(agi://192.0.2.1/x)\n same => n,GotoIf($[\"${{AGISTATUS}}\" = \"SUCCESS\"]?unknown,s,1)\n{ECHO}", 0),
    ("dangerous", ECHO, f" same => n,Set(A=${{SHELL(id)}})\n{ECHO}", 0),
    ("missing-entry", "[{{ v.CONTEXT_PROMISED }}]", "[promises]", None),
    ("number-lost", "exten => {{ number.key }},1,{{ arrival(number) }}", "exten => {{ number.key }}9,1,{{ arrival(number) }}", None),
    ("syntax", "[unknown]", "[old-v3]\nexten => s,1,Hangup()\n\n[unknown]", 0),
    ("file-include", "[unknown]", '#include "/etc/passwd"\n[unknown]', 0),
]  # fmt: skip
# ruff: noqa: E501 - a fault stands on one line


@pytest.mark.usefixtures("unbounded")
@pytest.mark.parametrize(
    ("rule", "old", "new", "offset"), FAULTS, ids=[f"{one[0]}-{index}" for index, one in enumerate(FAULTS)]
)
def test_a_fault_is_found_by_its_rule_and_its_line_in_the_template(
    home: Home, install: AsteriskInstall, rule: str, old: str, new: str, offset: int | None
) -> None:
    line = change(home, old, new)
    found = [flaw for flaw in look(home, install).flaws if flaw.rule == rule]
    assert found, [flaw.rule for flaw in look(home, install).flaws]
    assert {flaw.file for flaw in found} == {DIALPLAN}
    assert found[0].why
    assert found[0].mend
    if offset is not None:
        assert line + offset in {flaw.line for flaw in found}


def test_every_rule_has_a_fault_that_shows_it() -> None:
    shown = {rule for rule, *_ in FAULTS} | {"template", "centre-file", "not-yaml", "doubt"}
    assert shown == set(words.RULES)


@pytest.mark.usefixtures("unbounded")
def test_a_finding_is_told_in_russian_to_who_reads_russian(home: Home, install: AsteriskInstall) -> None:
    change(home, ECHO, f" same => n,Playback(no-such-sound)\n{ECHO}")
    (flaw,) = look(home, install, "ru").flaws
    assert "звука" in flaw.problem
    assert "ничего не услышит" in flaw.why


@pytest.mark.usefixtures("unbounded")
def test_a_mistake_of_the_centre_file_is_a_finding_with_its_line(home: Home, install: AsteriskInstall) -> None:
    line = change(home, "    operator: support", "    operator: nobody", name=material.CENTRE)
    (flaw,) = look(home, install).flaws
    assert (flaw.rule, flaw.file, flaw.line) == ("centre-file", material.CENTRE, line)


@pytest.mark.usefixtures("unbounded")
def test_a_centre_file_that_is_no_yaml_is_told_so_without_a_key(home: Home, install: AsteriskInstall) -> None:
    line = change(home, "    operator: support", "    operator support", name=material.CENTRE)
    (flaw,) = look(home, install).flaws
    assert (flaw.rule, flaw.file) == ("not-yaml", material.CENTRE)
    assert flaw.problem.startswith("This is not valid YAML: ")
    assert flaw.problem.endswith(f"line {flaw.line}")
    assert abs(flaw.line - line) <= 1
    assert "centre-file.md" not in flaw.mend


@pytest.mark.usefixtures("unbounded")
@pytest.mark.parametrize(
    ("text", "words_"),
    [
        ("{% if %}", "Expected an expression"),
        ("{{ nothing_of_that_name }}", "nothing_of_that_name"),
        ("{{ centre.nothing }}", "nothing"),
        ("{{ ''.__class__.__mro__ }}", "unsafe"),
        ("{{ install.modules_dir.read_text() }}", "unsafe"),
        ("{{ centre.parse_file('/etc/passwd') }}", "unsafe"),
        ("{{ centre.model_copy() }}", "unsafe"),
        ("{% include '/etc/passwd' %}", "There is no template"),
        ("{% include '../../secrets.json' %}", "There is no template"),
        ("{{ secrets.ami_password }}", "secrets"),
        ("{{ 'a;b' | value }}", "cannot stand"),
        ("{{ 1 / 0 }}", "division"),
    ],
)
def test_a_template_that_cannot_or_must_not_be_rendered_is_named_by_its_line(
    home: Home, install: AsteriskInstall, text: str, words_: str
) -> None:
    line = add(home, text)
    flaws = look(home, install).flaws
    assert [flaw.rule for flaw in flaws] == ["template"]
    assert words_ in flaws[0].problem, flaws[0].problem
    assert (flaws[0].file, flaws[0].line) == (DIALPLAN, line)


@pytest.mark.parametrize(
    ("text", "words_"),
    [
        ("{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}", "too long"),
        ("{{ 'x' * 9000000000 }}", "memory"),
        ("{% for a in range(90000) %}{{ 'x' * 100 }}{% endfor %}", "More than"),
    ],
)
def test_a_template_gets_so_much_time_memory_and_text_and_no_more(
    home: Home, install: AsteriskInstall, text: str, words_: str
) -> None:
    add(home, text)
    (flaw,) = look(home, install).flaws
    assert flaw.rule == "template"
    assert words_ in flaw.problem


def test_a_template_that_is_a_link_to_somewhere_else_is_refused(home: Home) -> None:
    material.own_folder(home).mkdir()
    (material.own_folder(home) / "_mine.j2").symlink_to("/etc/hostname")
    with pytest.raises(ConfigError, match="no link"):
        material.of_home(home)


@pytest.mark.usefixtures("unbounded")
def test_a_part_of_ones_own_is_found_and_its_lines_are_its_own(home: Home, install: AsteriskInstall) -> None:
    material.write(home, "_greeting.j2", "; first line\n same => n,Playback(no-such-sound)\n")
    change(home, ECHO, '{% include "_greeting.j2" %}' + ECHO)
    (flaw,) = look(home, install).flaws
    assert (flaw.rule, flaw.file, flaw.line) == ("undefined-prompt", "_greeting.j2", 2)
