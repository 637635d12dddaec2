"""Are the ports of a home free? Asked before anything starts.

Here: the list and the test. Not here: the plan itself (`cti.home.PortPlan`).
"""

import errno
import socket
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from cti.errors import ConfigError
from cti.home import Home

_KINDS = {"tcp": socket.SOCK_STREAM, "udp": socket.SOCK_DGRAM}


@dataclass(frozen=True, slots=True, kw_only=True)
class Needed:
    """A port that a part will bind."""

    part: str
    kind: str
    address: str
    port: int
    purpose: str


def needed(home: Home) -> Iterator[Needed]:
    """Every port that this home's parts bind at start; of each audio range its first and last."""
    ports, listen, local = home.ports, home.settings.listen, home.ports.CENTRE_ADDRESS
    yield Needed(part="engine", kind="tcp", address=listen, port=ports.web, purpose="the desktop")
    yield Needed(part="asterisk", kind="udp", address=listen, port=ports.sip, purpose="SIP")
    yield Needed(part="asterisk", kind="tcp", address=listen, port=ports.sip, purpose="SIP")
    yield Needed(part="asterisk", kind="tcp", address=local, port=ports.http, purpose="ARI")
    yield Needed(part="asterisk", kind="tcp", address=local, port=ports.ami, purpose="AMI")
    yield Needed(part="ivr", kind="tcp", address=local, port=ports.agi, purpose="the IVR")
    if home.settings.tls_cert:
        yield Needed(part="asterisk", kind="tcp", address=listen, port=ports.sips, purpose="SIP over TLS")
    for port in (ports.rtp[0], ports.rtp[-1]):
        yield Needed(part="asterisk", kind="udp", address=listen, port=port, purpose="audio")
    if home.settings.demo:
        carrier = ports.CARRIER_ADDRESS
        yield Needed(part="carrier", kind="udp", address=carrier, port=ports.carrier_sip, purpose="the carrier's SIP")
        yield Needed(part="carrier", kind="tcp", address=carrier, port=ports.carrier_sip, purpose="the carrier's SIP")
        yield Needed(part="carrier", kind="tcp", address=carrier, port=ports.carrier_http, purpose="the carrier's ARI")
        yield Needed(part="carrier", kind="tcp", address=carrier, port=ports.carrier_ami, purpose="the carrier's AMI")
        for port in (ports.carrier_rtp[0], ports.carrier_rtp[-1]):
            yield Needed(part="carrier", kind="udp", address=carrier, port=port, purpose="the carrier's audio")


def check(wanted: Iterable[Needed]) -> None:
    """Raises ConfigError that names every port which is taken, and what to do."""
    taken = [problem for one in wanted if (problem := _problem(one))]
    if taken:
        raise ConfigError(
            "\n".join(taken) + "\nStop what uses it (`ss -lntup` shows it), or choose other ports with --port-base N."
        )


def _problem(one: Needed) -> str:
    family = socket.AF_INET6 if ":" in one.address else socket.AF_INET
    with socket.socket(family, _KINDS[one.kind]) as trial:
        if one.kind == "tcp":
            trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            trial.bind((one.address, one.port))
        except OSError as error:
            where = f"{one.kind.upper()} port {one.port} on {one.address} ({one.purpose})"
            if error.errno == errno.EADDRINUSE:
                return f"{where} is taken."
            return f"{where} cannot be used: {error.strerror}."
    return ""
