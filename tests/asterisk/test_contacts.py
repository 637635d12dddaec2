"""Which endpoints can be rung, from contact reports."""

import pytest

from cti.asterisk.contacts import Contacts


def test_a_registered_contact_makes_its_endpoint_reachable_and_its_loss_ends_that() -> None:
    contacts = Contacts()
    assert contacts.report("agent-101", uri="sip:a", status="Created")
    assert contacts.reachable("agent-101")
    assert not contacts.report("agent-101", uri="sip:a", status="Reachable"), "nothing new"
    assert contacts.report("agent-101", uri="sip:a", status="Unreachable")
    assert not contacts.reachable("agent-101")


@pytest.mark.lesson(8)
def test_a_refreshed_page_is_news_though_its_endpoint_was_reachable_all_the_time() -> None:
    contacts = Contacts()
    contacts.report("agent-101-web", uri="sip:old", status="Created")
    assert contacts.report("agent-101-web", uri="sip:new", status="Created")
    assert not contacts.report("agent-101-web", uri="sip:old", status="Removed")
    assert contacts.reachable("agent-101-web")


@pytest.mark.lesson(9)
def test_a_snapshot_forgets_what_it_does_not_name() -> None:
    contacts = Contacts()
    contacts.report("agent-101", uri="sip:a", status="Created")
    contacts.replace([("agent-102", "sip:b", "Reachable"), ("agent-103", "sip:c", "Unavailable")])
    assert [name for name in ("agent-101", "agent-102", "agent-103") if contacts.reachable(name)] == ["agent-102"]
