"""Which numbers may be called: by role, country and kind, not the centre's own, and in the callee's calling hours."""

from typing import Any

import pytest
import yaml

from cti import config
from cti.calling import No, Refusal, Rules, hidden, in_full
from cti.domain.ids import ProjectId
from cti.errors import ConfigError
from cti.places import Places
from cti.ports import Role
from tests.config.centres import DEMO

TELECOM, CLINIC = ProjectId("telecom"), ProjectId("clinic")
NOON_UTC = 1_800_014_400_000
"""Friday, 15 January 2027, 12:00 UTC: 15:00 in Moscow, midnight in Kamchatka."""
MOBILE, MOSCOW, KAMCHATKA = "+79165550001", "+74951234567", "+74152345678"


def centre(**calling: Any) -> config.Centre:
    text = yaml.safe_load(DEMO.read_text(encoding="utf-8")) | {"calling": calling}
    return config.parse(yaml.safe_dump(text, allow_unicode=True, sort_keys=False), file="centre.yaml")


def why(number: str, *, role: Role = Role.AGENT, project: ProjectId = TELECOM, **calling: Any) -> No | None:
    refusal = Rules(centre(**calling)).may_call(number, role=role, project_id=project, now=NOON_UTC)
    return None if refusal is None else refusal.why


@pytest.mark.parametrize("number", [MOBILE, MOSCOW, "+78001234567"])
def test_numbers_of_the_own_country_may_be_called(number: str) -> None:
    assert why(number) is None


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        ("+78091234567", No.COSTS_EXTRA),
        ("+4490912345678"[:13], No.COSTS_EXTRA),
        ("+442079460000", No.COUNTRY),
        ("+77012345678", No.COUNTRY),
        ("+12425550132", No.COUNTRY),
        ("+882123456789", No.COUNTRY),
        ("+78005550100", No.OWN_NUMBER),
        ("+71165550001", No.UNKNOWN),
        ("112", No.NOT_A_NUMBER),
        ("tomorrow", No.NOT_A_NUMBER),
        ("+7916555", No.NOT_A_NUMBER),
    ],
)
def test_what_costs_extra_is_abroad_or_is_none_may_not(number: str, expected: No) -> None:
    assert why(number) is expected


def test_a_number_that_costs_extra_stays_forbidden_whatever_is_allowed() -> None:
    assert why("+78091234567", agent={"allowed": ["+7809"], "kinds": ["mobile", "fixed"]}) is No.COSTS_EXTRA


def test_the_longest_beginning_decides() -> None:
    reach = {"denied": ["+7916"], "allowed": ["+79165", "+4420"]}
    assert why(MOBILE, agent=reach) is None
    assert why("+79161112233", agent=reach) is No.DENIED
    assert why("+442079460000", agent=reach) is None


def test_a_role_without_a_reach_of_its_own_has_that_of_the_one_below() -> None:
    calling: dict[str, Any] = {"agent": {"kinds": ["fixed"]}, "supervisor": {"countries": ["GB"]}}
    assert why(MOBILE, role=Role.AGENT, **calling) is No.KIND
    assert why(MOBILE, role=Role.SUPERVISOR, **calling) is None
    assert why("+442079460000", role=Role.ADMIN, **calling) is None
    assert why("+442079460000", role=Role.AGENT, **calling) is No.COUNTRY


def test_hours_hold_by_the_clock_where_the_callee_is() -> None:
    hours = {"weekly": {"mon-fri": "09:00-20:00"}}
    assert why(MOSCOW, hours=hours) is None
    refusal = Rules(centre(hours=hours)).may_call(KAMCHATKA, role=Role.AGENT, project_id=TELECOM, now=NOON_UTC)
    assert refusal == Refusal(why=No.HOURS, there="00:00", zone="Asia/Kamchatka", opens="18.01 09:00")


def test_a_mobile_number_is_called_when_it_is_time_in_all_of_its_country() -> None:
    assert why(MOBILE, hours={"weekly": {"mon-fri": "09:00-20:00"}}) is No.HOURS
    zones = {"+79": "Europe/Moscow"}
    assert why(MOBILE, hours={"weekly": {"mon-fri": "09:00-20:00"}}, zones=zones) is None


def test_a_projects_own_hours_go_before_the_centres() -> None:
    calling: dict[str, Any] = {
        "hours": {"weekly": {"mon-sun": "00:00-24:00"}},
        "projects": {"clinic": {"hours": {"weekly": {"sat": "10:00-14:00"}}}},
    }
    assert why(MOSCOW, project=TELECOM, **calling) is None
    assert why(MOSCOW, project=CLINIC, **calling) is No.HOURS


def test_public_holidays_of_the_callees_country_are_kept() -> None:
    new_year = 1_798_797_600_000  # Friday, 1 January 2027, 10:00 UTC
    rules = Rules(centre(hours={"weekly": {"mon-fri": "09:00-20:00"}, "holidays": "RU"}))
    refusal = rules.may_call(MOSCOW, role=Role.AGENT, project_id=TELECOM, now=new_year)
    assert refusal is not None
    assert refusal.why is No.HOURS


def test_the_next_calling_time_is_one_in_all_zones_together() -> None:
    hours = config.CallingHours.model_validate({"weekly": {"mon-fri": "06:00-22:00"}})
    closed = Places(centre()).closed(MOBILE, hours, NOON_UTC)
    assert closed is not None
    assert closed.opens_ms is not None
    assert Places(centre()).closed(MOBILE, hours, closed.opens_ms) is None
    assert Places(centre()).closed(MOBILE, hours, closed.opens_ms - 60_000) is not None


def test_hours_that_never_meet_open_never() -> None:
    hours = config.CallingHours.model_validate({"weekly": {"mon-fri": "09:00-10:00"}})
    closed = Places(centre()).closed(MOBILE, hours, NOON_UTC)
    assert closed is not None
    assert closed.opens_ms is None


def test_a_number_whose_place_no_plan_tells_counts_as_at_the_first_site() -> None:
    assert Places(centre()).zones("+882123456789") == ("Europe/Moscow",)


def test_only_what_may_cost_money_is_told_to_the_audit() -> None:
    assert Refusal(why=No.COUNTRY).is_of_fraud
    assert not Refusal(why=No.HOURS).is_of_fraud
    assert not Refusal(why=No.NOT_A_NUMBER).is_of_fraud
    assert hidden("+4490912345678") == "+449091234••••"
    assert hidden("+123") == "••••"


@pytest.mark.parametrize(
    ("text", "number"),
    [("8 (916) 555-00-01", MOBILE), ("+7 916 555-00-01", MOBILE), ("tel:+79165550001", MOBILE), ("call me", "")],
)
def test_a_number_is_read_as_people_write_it(text: str, number: str) -> None:
    assert in_full(text, country="RU") == number


@pytest.mark.parametrize(
    ("calling", "finding"),
    [
        ({"projects": {"telecom": {"queue": "reception"}}}, "belongs to another project"),
        ({"projects": {"telecom": {"number": "+78005550200"}}}, "no number of this project"),
        ({"projects": {"telecom": {"missed": {"busy": "nothing"}}}}, "no disposition"),
        ({"projects": {"telecom": {"missed": {"lost": "resolved"}}}}, "'missed' knows"),
        ({"projects": {"nobody": {}}}, "there is no project"),
        ({"agent": {"kinds": []}}, "kinds"),
        ({"agent": {"allowed": ["7916"]}}, "allowed"),
        ({"zones": {"+7": "Moscow"}}, "time zone"),
        ({"hours": {"weekly": {"mon": "20:00-09:00"}}}, "span"),
    ],
)
def test_mistakes_of_the_section_are_named(calling: dict[str, Any], finding: str) -> None:
    with pytest.raises(ConfigError, match="mistake") as raised:
        centre(**calling)
    assert finding in " ".join(f"{one.key} {one.problem}" for one in raised.value.findings)


def test_a_call_shows_the_projects_number_and_counts_for_its_queue() -> None:
    made = centre(projects={"telecom": {"queue": "sales", "number": "+78005550102"}})
    assert made.shown_number("telecom", dialled="") == "+78005550102"
    assert made.shown_number("telecom", dialled="+78005550101") == "+78005550101"
    assert (made.calling_queue("telecom"), made.calling_queue("clinic")) == ("sales", "reception")
