"""Which mail no person wrote, and which reference is ours."""

from email.message import EmailMessage

import pytest

from cti.domain.ids import ContactId, ProjectId
from cti.media.email_automatic import Nature, Pace, nature
from cti.media.email_reading import read
from cti.media.email_reference import References

OWN = frozenset({"support@centre.test", "help@centre.test"})
TELECOM, CLINIC = ProjectId("telecom"), ProjectId("clinic")
C7 = ContactId("c7")


def kind(sender: str = "anna@customer.test", **headers: str) -> Nature:
    mail = EmailMessage()
    mail["From"] = sender
    for name, value in headers.items():
        mail[name.replace("_", "-")] = value
    mail.set_content("words")
    return nature(read(mail.as_bytes()), own=OWN)


@pytest.mark.parametrize(
    ("headers", "wanted"),
    [
        ({}, Nature.PERSONAL),
        ({"Auto_Submitted": "no"}, Nature.PERSONAL),
        ({"Return_Path": "<anna@customer.test>"}, Nature.PERSONAL),
        ({"Auto_Submitted": "auto-replied; owner-email=x"}, Nature.AUTO_REPLY),
        ({"X_Autoreply": "yes"}, Nature.AUTO_REPLY),
        ({"Precedence": "auto_reply"}, Nature.AUTO_REPLY),
        ({"Return_Path": "<>"}, Nature.AUTO_REPLY),
        ({"Auto_Submitted": "auto-generated"}, Nature.AUTOMATIC),
        ({"Precedence": "Bulk"}, Nature.AUTOMATIC),
        ({"X_Auto_Response_Suppress": "All"}, Nature.AUTOMATIC),
        ({"List_Id": "<news.example.com>"}, Nature.AUTOMATIC),
        ({"X_Failed_Recipients": "x@y.z"}, Nature.BOUNCE),
    ],
)
def test_headers_tell_machines_from_people(headers: dict[str, str], wanted: Nature) -> None:
    assert kind(**headers) is wanted


def test_a_sender_tells_too() -> None:
    assert kind("Mailer-Daemon@mx.test", Return_Path="<>") is Nature.BOUNCE
    assert kind("no-reply@shop.test") is Nature.AUTOMATIC
    assert kind("Help@Centre.test") is Nature.OURS


def test_a_pace_lets_so_many_an_hour_of_each_sender() -> None:
    pace = Pace(most=2)
    assert [pace.lets("a", now_ms=at_ms) for at_ms in (0, 1, 2)] == [True, True, False]
    assert pace.lets("b", now_ms=2)
    assert pace.lets("a", now_ms=3_600_001)


def test_a_reference_is_the_same_for_the_same_message_and_leads_to_its_contact() -> None:
    ours = References("key")
    first = ours.make(C7, project_id=TELECOM, key="k1", domain="centre.test")
    assert first == ours.make(C7, project_id=TELECOM, key="k1", domain="centre.test")
    assert first != ours.make(C7, project_id=TELECOM, key="k2", domain="centre.test")
    assert len(f"In-Reply-To: {first}") <= 78, "on one line"
    assert ours.contact(["<other@x>", first], project_id=TELECOM) == C7


def test_a_reference_that_others_made_or_changed_leads_nowhere() -> None:
    ours = References("key")
    first = ours.make(C7, project_id=TELECOM, key="k1", domain="centre.test")
    forged = [first.replace("<c7.", "<c8."), first[:-15] + "A@centre.test>", "<c7.000000000000.x@centre.test>", "<c7>"]
    assert ours.contact(forged, project_id=TELECOM) is None
    assert ours.contact([first], project_id=CLINIC) is None, "of another company"
    assert References("other key").contact([first], project_id=TELECOM) is None
