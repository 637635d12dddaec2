"""Nothing of a demo centre can be reached from beyond this machine, its audio included."""

import socket
import subprocess
from dataclasses import dataclass
from ipaddress import ip_address

import pytest

from cti.demo.carrier import Step
from tests.e2e.floor import floor, hire
from tests.running import PATIENCE_S, RunningCentre, soon

pytestmark = [pytest.mark.asterisk, pytest.mark.timeout(600)]

OPTIONS = (
    b"OPTIONS sip:centre SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:9;branch=z9hG4bK1;rport\r\nFrom: <sip:a@b>;tag=1\r\n"
    b"To: <sip:centre>\r\nCall-ID: 1\r\nCSeq: 1 OPTIONS\r\nMax-Forwards: 1\r\nContent-Length: 0\r\n\r\n"
)
BINDING = b"\x00\x01\x00\x00\x21\x12\xa4\x42" + b"triune-test."
"""A STUN request (RFC 8489): what answers it takes audio."""


@dataclass(frozen=True, slots=True)
class Socket:
    part: str
    kind: str
    address: str
    port: int

    @property
    def is_loopback(self) -> bool:
        return self.address != "*" and ip_address(self.address.partition("%")[0]).is_loopback


async def test_every_socket_of_every_part_is_on_loopback_while_people_talk(centre: RunningCentre) -> None:
    staff = await hire(centre, ["251"])
    async with floor(centre, staff) as made:
        await made.call("+79165559001")
        await soon(lambda: made.phones(Step.HEARD) and made.callers(Step.HEARD), what="a talk")
        found = sockets(centre)

    rtp = centre.home().ports.rtp
    assert {each.part for each in found} == {"asterisk", "carrier", "ivr", "engine"}
    assert sum(each.kind == "udp" and each.port in rtp for each in found) >= 2, "the audio of two legs"
    beyond = [each for each in found if not each.is_loopback]
    # The SIP library of an Asterisk opens a client for DNS on an ephemeral port when the machine has a name server.
    # docs/decisions/005-dns-client-sockets.md says why it cannot be told not to; so it is shown to be deaf.
    assert all(each.kind == "udp" and each.part in ("asterisk", "carrier") for each in beyond), beyond
    for part in ("asterisk", "carrier"):
        assert sum(each.part == part for each in beyond) <= 2, beyond
    for each in beyond:
        assert is_deaf(each), each


def sockets(centre: RunningCentre) -> list[Socket]:
    """Whatever listens, and every bound UDP socket."""
    parts = {centre.pid(part): part for part in ("supervisor", "asterisk", "carrier", "ivr", "engine")}
    listed = subprocess.run(["ss", "-Hlntup"], capture_output=True, text=True, check=True, timeout=PATIENCE_S).stdout
    found = []
    for line in listed.splitlines():
        kind, _, _, _, local, *_ = line.split()
        address, _, port = local.rpartition(":")
        for pid, part in parts.items():
            if f"pid={pid}," in line:
                found.append(Socket(part, kind, address.strip("[]"), int(port)))
    return found


def is_deaf(each: Socket) -> bool:
    """Whether nothing comes back for a SIP and a STUN request."""
    family = socket.AF_INET6 if ":" in each.address else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as probe:
        probe.settimeout(0.5)
        for request in (OPTIONS, BINDING):
            probe.sendto(request, ("::1" if family == socket.AF_INET6 else "127.0.0.1", each.port))
        try:
            probe.recv(2000)
        except TimeoutError:
            return True
    return False
