"""Campaigns in the centre file: what holds where nothing is said, and what is laxer than the law."""

import pytest

from cti import rules
from cti.config import Centre, Law
from cti.config.doubts import doubts
from cti.domain.ids import CampaignMode, DialResult
from tests.campaigns.centres import BASE, campaign, with_campaigns
from tests.config.centres import DEMO, refused


def doubted(centre: Centre) -> list[str]:
    return [".".join(map(str, path)) for path, _ in doubts(centre) if path[0] == "campaigns"]


def written(**values: str) -> Centre:
    """A predictive campaign with a message, and with these lines."""
    lines = {"mode": "predictive", "message": "goodbye", **values}
    body = "".join(f"    {key}: {value}\n" for key, value in lines.items())
    head = "\n  spring:\n    name: {en: Spring, ru: Весна}\n    project: telecom\n    queue: sales\n"
    return with_campaigns(head + body)


def test_a_campaign_that_says_nothing_is_a_careful_one() -> None:
    opened = rules.campaign_opened(campaign())
    assert opened.mode is CampaignMode.PREVIEW
    assert (opened.cap_permyriad, opened.window_ms, opened.ring_limit_ms) == (300, 86_400_000, 25_000)
    assert opened.connect_limit_ms == 2_000
    after = {retry.result: retry.after_ms for retry in opened.retries}
    assert after[DialResult.ABANDONED] == 72 * 3_600_000
    assert DialResult.NO_SUCH_NUMBER not in after


def test_a_cap_is_told_in_hundredths_of_a_per_cent_and_counted_over_all() -> None:
    opened = rules.campaign_opened(campaign(cap_percent=2.5, window="all"))
    assert (opened.cap_permyriad, opened.window_ms) == (250, 0)


def test_what_is_said_of_one_result_leaves_the_others_as_they_are() -> None:
    retries = campaign(retries={"busy": {"after_s": 60}, "machine": None}).retries
    assert retries[DialResult.BUSY].after_s == 60
    assert DialResult.MACHINE not in retries
    assert DialResult.NO_ANSWER in retries


def test_the_ring_is_never_shorter_than_the_laws_want() -> None:
    assert refused(
        DEMO.read_text(encoding="utf-8").split("\ncampaigns:")[0] + "\ncampaigns:" + BASE + "    ring_limit_s: 14\n"
    )


def test_another_companys_queue_and_number_are_refused() -> None:
    text = DEMO.read_text(encoding="utf-8").split("\ncampaigns:")[0] + "\ncampaigns:" + BASE
    ((_, key, _),) = refused(text.replace("    queue: sales\n    mode", "    queue: reception\n    mode"))
    assert key == "campaigns.spring.queue"
    ((_, key, problem),) = refused(text + '    caller_id: "+78005550200"\n')
    assert key == "campaigns.spring.caller_id"
    assert "no number of the project" in problem


def test_a_campaign_that_keeps_to_the_law_is_beyond_doubt() -> None:
    for law in (Law.US, Law.UK, Law.RU):
        assert doubted(written(law=law.value)) == []


def test_whoever_names_no_law_on_purpose_is_asked_for_hours_only() -> None:
    assert doubted(written(law="none", cap_percent="9", window="all")) == ["campaigns.spring.hours"]
    assert doubted(written(law="none", hours="{weekly: {mon-sun: 00:00-24:00}}")) == []


@pytest.mark.parametrize(
    ("law", "lines", "key"),
    [
        ("us", {"cap_percent": "4"}, "cap_percent"),
        ("us", {"window": "all"}, "window"),
        ("uk", {"connect_limit_s": "3"}, "connect_limit_s"),
        ("uk", {"retries": "{abandoned: {after_s: 3600}}"}, "retries.abandoned"),
        ("us", {"hours": "{weekly: {mon-sun: 07:00-20:00}}"}, "hours"),
        ("ru", {"advertising": "true"}, "mode"),
    ],
)
def test_what_is_laxer_than_the_law_is_doubted(law: str, lines: dict[str, str], key: str) -> None:
    assert doubted(written(law=law, **lines)) == [f"campaigns.spring.{key}"]


def test_preview_needs_neither_cap_nor_message() -> None:
    assert doubted(written(law="ru", mode="preview", advertising="true", cap_percent="50")) == []


def test_without_a_law_the_file_is_asked_for_one_and_for_hours() -> None:
    assert doubted(written()) == ["campaigns.spring.law", "campaigns.spring.hours"]


def test_a_disposition_that_the_file_does_not_have_is_doubted() -> None:
    found = doubted(written(law="us", dispositions="{later: {after_s: 600}}"))
    assert found == ["campaigns.spring.dispositions.later"]


def test_hours_are_the_campaigns_own_then_the_laws_then_the_projects() -> None:
    centre = with_campaigns()
    own = centre.campaign_hours(centre.campaigns["spring"])
    assert own is not None
    assert own.spans(0)[0].start.hour == 9
    by_law = centre.campaign_hours(campaign(law="us"))
    assert by_law is not None
    assert by_law.spans(6)[0].start.hour == 8
    assert centre.campaign_hours(campaign()) == centre.calling_hours("telecom")
