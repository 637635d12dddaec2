"""The carriers' lines, each known by the address it calls from.

Not here: the numbers that arrive on them (`cti.config.numbers`).
"""

import ipaddress
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from cti.config.names import Number164
from cti.config.record import Record

Codec = Literal["ulaw", "alaw", "g722", "opus"]
Host = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9]([A-Za-z0-9.:-]{0,251}[A-Za-z0-9])?$")]


def _address(text: str) -> str:
    try:
        ipaddress.ip_network(text, strict=False)
    except ValueError:
        raise ValueError(f"{text!r} is not an IP address or network") from None
    return text


Address = Annotated[str, AfterValidator(_address)]


class Trunk(Record):
    """A carrier's line, known by the address it calls from. `emulated` stands for the demo's own carrier."""

    key: str
    emulated: bool = False
    host: Host | None = None
    port: int = Field(default=5060, ge=1, le=65535)
    transport: Literal["udp", "tcp"] = "udp"
    match: tuple[Address, ...] = ()
    """Addresses that the carrier calls from; empty means `host`, which must then be an address."""
    codecs: tuple[Codec, ...] = Field(default=("alaw", "ulaw"), min_length=1)
    caller_id: Number164
    """The number shown to those whom the centre calls."""
    max_calls: int = Field(default=500, ge=1, le=10_000)

    @model_validator(mode="after")
    def _has_a_host(self) -> Self:
        if self.emulated == (self.host is not None):
            raise ValueError("write either 'emulated: true' or 'host'")
        if self.host is not None and not self.match:
            try:
                ipaddress.ip_address(self.host)
            except ValueError:
                raise ValueError("'host' is a name: write under 'match' the addresses that it calls from") from None
        return self
