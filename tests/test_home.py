"""A home: its files' modes, what it refuses, and that secrets stay."""

import stat
from pathlib import Path

import pytest

from cti.errors import ConfigError
from cti.home import Home, PortPlan, Settings


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_home_is_for_its_owner_only(tmp_path: Path) -> None:
    home = Home.make(tmp_path / "home", Settings())
    assert mode(home.path) == 0o700
    assert mode(home.path / "secrets.json") == 0o600
    assert mode(home.path / "settings.json") == 0o600


def test_secrets_are_made_once_and_differ_between_homes(tmp_path: Path) -> None:
    first = Home.make(tmp_path / "a", Settings())
    assert Home.make(tmp_path / "a", Settings(demo=True)).secrets == first.secrets
    assert Home.make(tmp_path / "b", Settings()).secrets.ari_password != first.secrets.ari_password


def test_a_home_that_was_never_made_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="run `cti up --home"):
        Home.open(tmp_path)


def test_damaged_secrets_are_a_sentence_without_the_secrets(tmp_path: Path) -> None:
    home = Home.make(tmp_path / "home", Settings())
    (home.path / "secrets.json").write_text('{"ari_password": "geheim"}')
    with pytest.raises(ConfigError) as caught:
        Home.open(home.path)
    assert "secrets.json is damaged" in str(caught.value)
    assert "geheim" not in str(caught.value)


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        (Settings(listen="0.0.0.0"), "give --tls-cert and --tls-key"),
        (Settings(listen="0.0.0.0", demo=True), "--demo shows its passwords"),
        (Settings(listen="0.0.0.0", tls_cert=__file__, tls_key=__file__), "give --public-address"),
        (Settings(listen="example.org"), "must be an IP address"),
        (Settings(tls_cert="/nowhere.pem"), "belong together"),
        (Settings(tls_cert="/nowhere.pem", tls_key="/nowhere.key"), "cannot be read"),
        (Settings(port_base=80), "--port-base must be between"),
        (Settings(port_base=40_000), "--port-base must be between"),
    ],
)
def test_unsafe_or_impossible_settings_are_refused(tmp_path: Path, settings: Settings, sentence: str) -> None:
    with pytest.raises(ConfigError, match=sentence):
        Home.make(tmp_path / "home", settings)


def test_a_path_too_long_for_the_control_socket_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="too long"):
        Home.make(tmp_path / ("x" * 100), Settings())


def test_no_two_ports_of_an_address_are_the_same() -> None:
    plan = PortPlan(base=21000)
    centre = [plan.web, plan.sip, plan.http, plan.ami, plan.agi, plan.sips, *plan.rtp]
    carrier = [plan.carrier_sip, plan.carrier_http, plan.carrier_ami, *plan.carrier_rtp]
    assert len(set(centre)) == len(centre)
    assert len(set(carrier)) == len(carrier)
