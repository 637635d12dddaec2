"""The PJSIP objects of an agent's line: one SIP phone, one browser softphone; and of desk phones. Pure.

Pushed by `cti.asterisk.switch` and `cti.asterisk.seats`.

Both endpoints lead into the context of internal numbers only and may not transfer; a forward (302) ends in the
dead end, see `cti.asterisk.calls`. One call at a time, one contact each: a newer registration replaces the older, since
a refreshed page registers from a new address before the old one has gone.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from hashlib import md5
from typing import Final, assert_never

from cti import variables
from cti.domain.ids import Device
from cti.ports import Phone

CODECS: Final = ("ulaw", "alaw")
"""The trunk's, in its order, so that nothing is transcoded. Browsers speak them too; Opus is only their last resort,
since it costs Asterisk more than the rest of the call."""
QUALIFY_EVERY_S: Final = 15
"""A phone that lost its power is known after this and the time-out; a softphone at once, with its WebSocket."""
QUALIFY_TIMEOUT_S: Final = 3.0
REGISTERED_FOR_S: Final = 60
"""A restarted Asterisk knows no registration; a phone without a connection to lose tells it again within this time."""
RTP_TIMEOUT_S: Final = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfigObject:
    """One object of res_pjsip's dynamic configuration."""

    kind: str
    """`auth`, `aor` or `endpoint`"""
    name: str
    fields: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Media:
    """Where the agents' audio flows."""

    bind: str | None
    """The address to which RTP is bound; every other address of the machine stays closed. None binds to all of them,
    and a phone is told the one from which it is reached."""
    codecs: tuple[str, ...] = CODECS


def name_of(extension: str, device: Device) -> str:
    """The endpoint of this device of the extension."""
    match device:
        case Device.SIP:
            return variables.agent_endpoint(extension)
        case Device.WEB:
            return variables.web_endpoint(extension)
        case Device.DESK:
            return variables.seat_endpoint(extension)
        case _:
            assert_never(device)


def objects_of(phone: Phone, *, media: Media) -> list[ConfigObject]:
    """All objects of the line, in the order in which they must come to be: an endpoint after what it names."""
    sip, web = names_of(phone)
    return [*_objects(sip, phone.secret, media=media), *_objects(web, phone.secret, media=media, is_web=True)]


def desk_objects(key: str, secret: str, *, media: Media) -> list[ConfigObject]:
    """The objects of a desk phone, which registers like any other; nobody is rung by them."""
    return _objects(variables.desk_endpoint(key), secret, media=media)


def seat_objects(extension: str, desk: str, *, media: Media) -> list[ConfigObject]:
    """By these the agent is rung at this desk phone, wherever that has registered from.

    Nobody can register or call as them: they have no password, and no request is taken for theirs.
    """
    *_, endpoint = _objects(variables.seat_endpoint(extension), "", media=media)
    shut = {"identify_by": "ip", "context": variables.CONTEXT_DEAD_END, "allow_subscribe": "no"}
    fields = {field: value for field, value in endpoint.fields.items() if field not in {"auth", "subscribe_context"}}
    return [replace(endpoint, fields={**fields, **shut, "aors": variables.desk_endpoint(desk)})]


def names_of(phone: Phone) -> tuple[str, str]:
    """Both endpoints of the line: as the SIP phone and as the browser softphone register."""
    return name_of(phone.extension, Device.SIP), name_of(phone.extension, Device.WEB)


def contact_id(endpoint: str, uri: str) -> str:
    """The id of a registered contact in sorcery (res/res_pjsip/location.c): the AOR's name and the MD5 of its URI."""
    return f"{endpoint};@{md5(uri.encode(), usedforsecurity=False).hexdigest()}"


def _objects(name: str, secret: str, *, media: Media, is_web: bool = False) -> list[ConfigObject]:
    auth = {"auth_type": "userpass", "username": name, "password": secret}
    aor = {
        "max_contacts": "1",
        "remove_existing": "yes",
        "qualify_frequency": str(QUALIFY_EVERY_S),
        "qualify_timeout": f"{QUALIFY_TIMEOUT_S:.1f}",
        "default_expiration": str(REGISTERED_FOR_S),
        "maximum_expiration": str(REGISTERED_FOR_S),
        "minimum_expiration": "20",
    }
    endpoint = {
        "auth": name,
        "aors": name,
        "identify_by": "auth_username,username",
        "context": variables.CONTEXT_AGENT,
        "allow_transfer": "no",
        "allow_subscribe": "yes",
        "subscribe_context": variables.HINTS,
        "device_state_busy_at": "1",
        "direct_media": "no",
        "disallow": "all",
        "allow": ",".join([*media.codecs, *(["opus"] if is_web else [])]),
        "rtp_symmetric": "yes",
        "force_rport": "yes",
        "rewrite_contact": "yes",
        "rtp_timeout": str(RTP_TIMEOUT_S),
        "rtp_timeout_hold": str(RTP_TIMEOUT_S * 10),
        **({"media_address": media.bind, "bind_rtp_to_media_address": "yes"} if media.bind else {}),
        "trust_id_inbound": "no",
        "trust_id_outbound": "yes",
        "send_diversion": "no",
        "send_connected_line": "no",
        **({"webrtc": "yes", "dtls_auto_generate_cert": "yes"} if is_web else {}),
    }
    return [
        ConfigObject(kind="auth", name=name, fields=auth),
        ConfigObject(kind="aor", name=name, fields=aor),
        ConfigObject(kind="endpoint", name=name, fields=endpoint),
    ]
