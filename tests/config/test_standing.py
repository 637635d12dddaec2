"""The standing centre: whoever holds it sees another version whole, at his next look."""

from cti import config
from cti.config import standing
from tests.config.centres import DEMO, demo


def test_who_holds_the_centre_sees_the_new_version() -> None:
    held = config.parse(DEMO.read_text(encoding="utf-8"), file="centre.yaml")
    fresh = config.parse(DEMO.read_text(encoding="utf-8").replace("max_calls: 500", "max_calls: 7"), file="centre.yaml")
    standing.become(held, fresh)
    assert held.limits.max_calls == 7
    assert held == fresh
    assert demo().limits.max_calls == 500, "no other record has changed"
