"""Rendering: what the dialplan says for each number, what is refused, and the swap."""

from pathlib import Path

import jinja2
import pytest

from cti import config, shipped
from cti.config import Centre
from cti.dialplan import render, templates
from cti.errors import ConfigError
from cti.home import Home, Settings
from cti.setup.asterisk import AsteriskInstall

DEMO = shipped.asterisk_conf() / "centre.yaml"


@pytest.fixture
def install(tmp_path: Path) -> AsteriskInstall:
    return AsteriskInstall(
        argv_prefix=("/usr/sbin/asterisk",),
        modules_dir=Path("/usr/lib/asterisk/modules"),
        data_dir=Path("/usr/share/asterisk"),
        sounds_dir=Path("/usr/share/asterisk/sounds"),
        moh_dir=Path("/usr/share/asterisk/moh"),
        version="22.10.1",
    )


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home.make(tmp_path / "h", Settings(demo=True))


@pytest.fixture
def centre() -> Centre:
    return config.load(DEMO)


def section(text: str, name: str) -> str:
    """The lines of one section of a configuration file, its comments left out."""
    body = text.split(f"\n[{name}]\n", 1)[1].split("\n[", 1)[0]
    return "\n".join(line for line in body.splitlines() if line and not line.startswith(";"))


def extension(context: str, name: str) -> list[str]:
    lines = context.splitlines()
    start = next(index for index, line in enumerate(lines) if line.startswith(f"exten => {name},1,"))
    found = [lines[start]]
    for line in lines[start + 1 :]:
        if not line.startswith(" same"):
            break
        found.append(line)
    return found


def test_a_direct_number_is_in_the_application_after_three_steps(
    centre: Centre, home: Home, install: AsteriskInstall
) -> None:
    trunk = section(render.centre_texts(centre, home, install)["extensions.conf"], "from-trunk-v1")
    steps = extension(trunk, "+78005550102")
    assert "TRIUNE_QUEUE=support" in steps[0]
    assert steps[3].endswith("Stasis(triune,in)")


def test_a_number_with_a_menu_asks_the_ivr_and_falls_to_its_projects_operator(
    centre: Centre, home: Home, install: AsteriskInstall
) -> None:
    ivr = section(render.centre_texts(centre, home, install)["extensions.conf"], "ivr-v1")
    steps = "\n".join(extension(ivr, "+78005550200"))
    assert f"AGI(agi://127.0.0.1:{home.ports.agi}/v1/hours/clinic)" in steps
    assert "Goto(to-queue-v1,reception,1)" in steps


def test_no_dialplan_line_substitutes_the_callers_name_or_his_number_unfiltered(
    centre: Centre, home: Home, install: AsteriskInstall
) -> None:
    text = render.centre_texts(centre, home, install)["extensions.conf"]
    assert "CALLERID(name)" not in text
    assert "CALLERID(all)" not in text
    for part in text.split("${CALLERID(num)")[:-1]:
        assert part.endswith("${FILTER(+0-9,")


def test_agents_reach_no_trunk(centre: Centre, home: Home, install: AsteriskInstall) -> None:
    text = render.centre_texts(centre, home, install)["extensions.conf"]
    dials = [line for line in text.splitlines() if "Dial(" in line]
    assert len(dials) == 1
    assert "PJSIP/trunk" not in text
    assert "FORWARD_CONTEXT = dead-end" in text


def test_who_has_heard_music_is_put_through_by_way_of_the_core(home: Home, install: AsteriskInstall) -> None:
    """Packets handed straight over would jump back in their numbering, and the caller would hear nothing."""
    elsewhere = '\ndestinations:\n  elsewhere: {name: {en: E, ru: Д}, number: "+79165550001"}\n'
    centre = config.parse(DEMO.read_text(encoding="utf-8") + elsewhere, file="centre.yaml")
    text = render.centre_texts(centre, home, install)["extensions.conf"]
    [dial] = [line for line in text.splitlines() if "Dial(PJSIP/+79165550001" in line]
    _, _, options = dial.partition("Dial(")[2].split(",", 2)
    assert "h" in options.partition("L(")[0]


def test_callers_of_a_recorded_queue_are_told_before_they_wait_and_only_a_notice_that_was_played_counts(
    home: Home, install: AsteriskInstall
) -> None:
    text = DEMO.read_text(encoding="utf-8")
    sales, support = "  sales:\n    name: {en: Sales", "  support:\n    name: {en: Support"
    assert text.count("    recording: {announce: false") == 1
    told = text.replace(support, support.replace("\n", "\n    recording: true\n", 1))
    assert told.count(sales) == 1
    plan = render.centre_texts(config.parse(told, file="demo"), home, install)["extensions.conf"]
    queue = extension(section(plan, "to-queue-v1"), "support")
    played = next(at for at, line in enumerate(queue) if f"Playback({home.prompts}/notices/" in line)
    entered = next(at for at, line in enumerate(queue) if "Stasis(" in line)
    assert played < entered
    assert "PLAYBACKSTATUS" in queue[played + 1]
    assert "TRIUNE_TOLD" in queue[played + 1]
    direct = extension(section(plan, "from-trunk-v1"), "+78005550102")
    assert any("Goto(to-queue-v1,support,1)" in line for line in direct), "nobody goes past the notice"
    assert not any("Playback" in line for line in extension(section(plan, "to-queue-v1"), "sales"))


def test_no_module_can_start_a_program(centre: Centre, home: Home, install: AsteriskInstall) -> None:
    both = (
        render.centre_texts(centre, home, install)["modules.conf"],
        render.carrier_texts(home, install)["modules.conf"],
    )
    for text in both:
        assert "autoload = no" in text
        loaded = {line.removeprefix("load = ") for line in text.splitlines() if line.startswith("load = ")}
        assert not loaded & {"app_system.so", "func_shell.so", "pbx_lua.so", "app_externalivr.so", "res_config_curl.so"}
        assert len(loaded) > 50


def test_management_interfaces_stay_on_loopback_wherever_calls_are_taken(
    centre: Centre, install: AsteriskInstall, tmp_path: Path
) -> None:
    for name in ("cert", "key"):
        (tmp_path / name).touch()
    settings = Settings(listen="192.0.2.1", tls_cert=str(tmp_path / "cert"), tls_key=str(tmp_path / "key"))
    texts = render.centre_texts(centre, Home.make(tmp_path / "h", settings), install)
    assert "bindaddr = 127.0.0.1" in texts["http.conf"]
    assert "bindaddr = 127.0.0.1" in texts["manager.conf"]
    assert "bind = 192.0.2.1:21001" in texts["pjsip.conf"]
    assert "media_address = 192.0.2.1" in texts["pjsip.conf"]


@pytest.mark.parametrize(
    "given", ["a\nb", "a;b", "${SHELL(id)}", "$[1]", 'a"b', "a,b", "a=>b", " a", "", "a\\b", "a\x00"]
)
def test_a_value_that_could_become_configuration_is_refused(given: str) -> None:
    with pytest.raises(ConfigError, match="cannot stand"):
        templates.value(given)


def test_an_undefined_name_is_an_error_and_not_an_empty_text(tmp_path: Path) -> None:
    (tmp_path / "x.j2").write_text("{{ nothing }}")
    with pytest.raises(jinja2.UndefinedError):
        templates.environment(tmp_path).get_template("x.j2").render()


def test_the_swap_is_whole_and_leaves_the_same_texts_alone(home: Home) -> None:
    first = render.put({"a.conf": "1", "b.conf": "1"}, home.asterisk)
    assert render.put({"a.conf": "1", "b.conf": "1"}, home.asterisk) == first
    second = render.put({"a.conf": "2"}, home.asterisk)
    assert home.asterisk.etc.resolve() == second
    assert render.read(home.asterisk.etc) == {"a.conf": "2"}
    assert render.read(first) == {"a.conf": "1", "b.conf": "1"}


def test_old_folders_are_cleared_but_some_are_kept(home: Home) -> None:
    for number in range(12):
        render.put({"a.conf": str(number)}, home.asterisk)
    assert 3 <= len(list(home.asterisk.root.glob("etc-*"))) <= 7
    assert render.read(home.asterisk.etc) == {"a.conf": "11"}


def test_files_with_secrets_are_for_their_owner_only(centre: Centre, home: Home, install: AsteriskInstall) -> None:
    folder = render.render_centre(centre, home, install)
    assert {path.stat().st_mode & 0o777 for path in folder.iterdir()} == {0o600}
