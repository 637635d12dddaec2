"""What comes over the ARI socket, as far as it is used: typed records, everything else is skipped while decoding.

Used by `cti.asterisk.link`, `ari` and `translate`.
"""

import msgspec


class Caller(msgspec.Struct, frozen=True, gc=False):
    """Caller id as the network sent it: any characters."""

    name: str = ""
    number: str = ""


class Dialplan(msgspec.Struct, frozen=True, gc=False):
    """Where the channel is in the dialplan."""

    context: str = ""
    app_name: str = ""
    app_data: str = ""


class Channel(msgspec.Struct, frozen=True):
    """ARI's Channel model."""

    id: str
    name: str = ""
    state: str = ""
    caller: Caller = Caller()
    dialplan: Dialplan = Dialplan()
    channelvars: dict[str, str] = {}


class Endpoint(msgspec.Struct, frozen=True):
    """ARI's Endpoint model."""

    resource: str


class Bridge(msgspec.Struct, frozen=True):
    """ARI's Bridge model."""

    id: str
    channels: list[str] = []


class Variable(msgspec.Struct, frozen=True):
    """ARI's Variable model."""

    value: str = ""


class Application(msgspec.Struct, frozen=True):
    """ARI's Application model."""

    name: str
    channel_ids: list[str] = []


class Status(msgspec.Struct, frozen=True):
    """The part of ARI's AsteriskInfo that tells since when the process runs."""

    startup_time: str = ""


class AsteriskInfo(msgspec.Struct, frozen=True):
    """ARI's AsteriskInfo model."""

    status: Status = Status()


class Message(msgspec.Struct, frozen=True):
    """Any message of the socket: an event, or the answer to a request (`type` RESTResponse)."""

    type: str
    request_id: str = ""
    status_code: int = 0
    message_body: str = ""
    timestamp: str = ""
    args: list[str] = []
    cause: int = 0
    soft: bool = False
    digit: str = ""
    channel: Channel | None = None


class DeviceState(msgspec.Struct, frozen=True, gc=False):
    """A device state that ARI keeps."""

    name: str
    state: str


class Reply(msgspec.Struct, frozen=True, gc=False):
    """Status and JSON text of an answer; refusals arrive as exceptions instead."""

    status_code: int
    body: str


_decode_message = msgspec.json.Decoder(Message).decode
_decode_channels = msgspec.json.Decoder(list[Channel]).decode
_decode_bridges = msgspec.json.Decoder(list[Bridge]).decode
_decode_endpoints = msgspec.json.Decoder(list[Endpoint]).decode
_decode_device_states = msgspec.json.Decoder(list[DeviceState]).decode
_decode_application = msgspec.json.Decoder(Application).decode
_decode_info = msgspec.json.Decoder(AsteriskInfo).decode
_decode_variable = msgspec.json.Decoder(Variable).decode


def message(text: str | bytes | bytearray | memoryview) -> Message:
    """One message of the socket. Raises ValueError when it is none."""
    return _decode_message(text)


def channels(text: str) -> list[Channel]:
    """The body of `GET /channels`. Raises ValueError."""
    return _decode_channels(text)


def bridges(text: str) -> list[Bridge]:
    """The body of `GET /bridges`. Raises ValueError."""
    return _decode_bridges(text)


def endpoints(text: str) -> list[Endpoint]:
    """The body of `GET /endpoints/TECH`. Raises ValueError."""
    return _decode_endpoints(text)


def device_states(text: str) -> dict[str, str]:
    """The body of `GET /deviceStates`, states by name. Raises ValueError."""
    return {each.name: each.state for each in _decode_device_states(text)}


def startup_time(text: str) -> str:
    """The body of `GET /asterisk/info`: when the process began, as ARI writes instants. Raises ValueError."""
    return _decode_info(text).status.startup_time


def variable(text: str) -> str:
    """The body of `GET /asterisk/variable`. Raises ValueError."""
    return _decode_variable(text).value


def application(text: str) -> Application:
    """The body of `GET /applications/NAME`. Raises ValueError."""
    return _decode_application(text)
