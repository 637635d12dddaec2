"""Reading the centre file: what is refused, with file, line and key, all at once."""

from pathlib import Path

import pytest
import yaml

from cti import config
from cti.config import located
from cti.errors import ConfigError
from tests.config.centres import DEMO, demo_with, line_of, refused


def test_what_is_no_yaml_is_told_so_by_its_line_and_no_key() -> None:
    with pytest.raises(ConfigError) as refusal:
        config.parse("sites:\n  moscow: x\n  broken\n", file="centre.yaml")
    told = str(refusal.value).splitlines()[-1]
    assert told == "centre.yaml:4: This is not valid YAML: could not find expected ':', line 4"


@pytest.mark.parametrize(
    ("old", "new", "key", "problem"),
    [
        ("to: queue support", "to: queue suport", "numbers.+78005550102.to", "did you mean 'support'?"),
        ("  1: queue sales", "  1: call sales", "menus.main.options.1", "leads nowhere"),
        ("  1: queue sales", "  1: echo", "menus.main.options.1", "'echo' is for numbers only"),
        ("  9: language ru", "  9: language fr", "menus.main.options.9", "no language 'fr'"),
        ("  0: operator", "  77: operator", "menus.main.options.77", "a key is one of"),
        ("ring_limit_s: 15", "ringlimit_s: 15", "queues.sales.ringlimit_s", "did you mean 'ring_limit_s'?"),
        ("ring_limit_s: 15", "ring_limit_s: soon", "queues.sales.ring_limit_s", "valid integer"),
        ("ring_limit_s: 15", "key: x", "queues.sales.key (the name above)", "not known here"),
        ("tz: Europe/Moscow", "tz: Europe/Moskow", "sites.moscow.tz", "did you mean 'Europe/Moscow'?"),
        ("mon-fri: 08:00-20:00", "mon-fri: 20:00-08:00", "hours.clinic.weekly.mon-fri", "not a span"),
        ("mon-fri: 08:00-20:00", "fri-mon: 08:00-20:00", "hours.clinic.weekly.fri-mon", "not a day"),
        ("holidays: RU", "holidays: QQ", "hours.clinic.holidays", "no holiday calendar"),
        ("greeting: welcome", "greeting: welcom", "menus.main.greeting", "there is no prompt 'welcom'"),
        ("emulated: true", "emulated: false", "trunks.carrier", "either 'emulated: true' or 'host'"),
        ("emulated: true", "host: sip.example.net", "trunks.carrier", "'host' is a name"),
        ("priority: 1", "priority: 1\n    priority: 2", "queues.sales.priority", "stands twice"),
        ("to: queue sales", "to: queue reception", "numbers.+78005550101.to", "belongs to another project"),
        ("open: menu main", "open: hours telecom", "hours.telecom", "leads back to itself"),
        ("level: 0}]}", "level: 2}]}", "queues.sales.requirements.sales", "ask for less"),
    ],
)
def test_a_mistake_is_named_by_line_and_key(old: str, new: str, key: str, problem: str) -> None:
    text = demo_with(old, new)
    found = refused(text)
    assert [named for _, named, _ in found] == [key]
    assert problem in found[0][2]
    assert -7 <= found[0][0] - line_of(text, new.splitlines()[-1].strip()) <= 0, "the line of the key or of its record"


def test_all_mistakes_come_at_once_in_the_order_of_lines() -> None:
    text = (
        demo_with("to: queue sales", "to: queue salse").replace("tries: 3", "tires: 3").replace("RU\n", "Russia\n", 1)
    )
    found = refused(text)
    assert len(found) == 5
    assert [line for line, _, _ in found] == sorted(line for line, _, _ in found)


DEEP = "[" * 990 + "]" * 990


@pytest.mark.parametrize(
    "text", ["", "[]", "just words", "name: [", "a: &x 1\nb: *x", "\t: 1", "? [a]: b", pytest.param(DEEP, id="deep")]
)
def test_what_is_no_centre_is_refused_and_never_a_traceback(text: str) -> None:
    assert refused(text)


def test_a_missing_file_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="There is no centre file"):
        config.load(tmp_path / "centre.yaml")


@pytest.mark.parametrize(
    "text",
    [
        DEMO.read_text(encoding="utf-8"),
        "a: '1'\nb: 1\nc:\nd: {e: [~, x], f: |\n",
        "a: 1\na: 2\n",
        "b\n  : c: d\n",
        "a:\tb\n",
        "a: [b\tc]\n",
        "a: [b?c, d]\n",
        "a: what?\n",
    ],
)
def test_with_libyaml_and_without_the_same_is_read_and_refused(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def read() -> object:
        try:
            return located.read(text, file="centre.yaml")
        except ConfigError as error:
            return str(error)

    found = read()
    monkeypatch.setattr(yaml, "__with_libyaml__", False)
    assert read() == found
