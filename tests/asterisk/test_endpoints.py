"""What is pushed for an agent's line."""

import pytest

from cti.asterisk.endpoints import Media, objects_of
from cti.domain.ids import AgentId
from cti.ports import Phone

PHONE = Phone(agent_id=AgentId("u1"), extension="101", secret="s3cret")


def endpoints(bind: str | None) -> list[dict[str, str]]:
    return [dict(made.fields) for made in objects_of(PHONE, media=Media(bind=bind)) if made.kind == "endpoint"]


@pytest.mark.parametrize("address", ["127.0.0.1", "192.0.2.7"])
def test_audio_is_bound_to_the_one_address_that_is_listened_on(address: str) -> None:
    for fields in endpoints(address):
        assert (fields["media_address"], fields["bind_rtp_to_media_address"]) == (address, "yes")


def test_listening_on_every_address_phones_are_told_none_of_them() -> None:
    for fields in endpoints(None):
        assert "media_address" not in fields


def test_only_the_browsers_phone_needs_encrypted_audio() -> None:
    sip, web = endpoints("127.0.0.1")
    assert "webrtc" not in sip
    assert web["webrtc"] == "yes"
