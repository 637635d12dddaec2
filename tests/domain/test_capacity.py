"""The capacity formula over profiles that are data."""

import pytest

from cti.domain.capacity import BIT, ONE_AT_A_TIME, Capacity, Exclusion, Share, accepts, load, open_media
from cti.domain.ids import Medium

MIXED = Capacity(
    shares=(
        Share(medium=Medium.VOICE, limit=1, cost=70),
        Share(medium=Medium.CHAT, limit=3, cost=30),
        Share(medium=Medium.EMAIL, limit=5, cost=10),
    ),
    exclusions=(
        Exclusion(holding=Medium.VOICE, bars=Medium.CHAT),
        Exclusion(holding=Medium.CHAT, bars=Medium.VOICE),
    ),
)


@pytest.mark.parametrize("held", Medium)
@pytest.mark.parametrize("more", Medium)
def test_by_default_one_contact_is_all_one_holds(held: Medium, more: Medium) -> None:
    assert accepts(ONE_AT_A_TIME, (), more)
    assert not accepts(ONE_AT_A_TIME, (held,), more)


def test_limits_costs_and_exclusions_each_say_no() -> None:
    assert accepts(MIXED, (Medium.CHAT, Medium.CHAT), Medium.CHAT)
    assert not accepts(MIXED, (Medium.CHAT, Medium.CHAT, Medium.CHAT), Medium.CHAT), "the limit"
    assert accepts(MIXED, (Medium.VOICE, Medium.EMAIL, Medium.EMAIL), Medium.EMAIL)
    assert not accepts(MIXED, (Medium.VOICE, *[Medium.EMAIL] * 3), Medium.EMAIL), "the sum of costs"
    assert not accepts(MIXED, (Medium.CHAT,), Medium.VOICE), "the exclusion"
    assert not accepts(MIXED, (Medium.VOICE,), Medium.CHAT), "and the other way round"
    assert not accepts(MIXED, (), Medium.FAX), "a medium without a share"


def test_the_open_media_are_those_accepted() -> None:
    for active in ((), (Medium.VOICE,), (Medium.CHAT, Medium.EMAIL)):
        bits = open_media(MIXED, active)
        assert {medium for medium in Medium if bits & BIT[medium]} == {
            medium for medium in Medium if accepts(MIXED, active, medium)
        }
    assert load(MIXED, (Medium.CHAT, Medium.EMAIL)) == 40
