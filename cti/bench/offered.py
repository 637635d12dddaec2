"""Callers of a benchmark who may be refused: how many were, how soon the others heard it ring, how long they talked.

SIPp sends and counts. Here: its scenario and reading what it counted; starting it is `cti.bench.sipp`'s. Called by
`cti.bench.overload`.
"""

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cti.bench import sipp

_RANG: Final = "rang"
_TALKED: Final = "talked"
_PATIENCE_S: Final = 40

_SCENARIO: Final = """<?xml version="1.0" encoding="UTF-8"?>
<scenario name="offered">
<send retrans="500" start_rtd="{rang}"><![CDATA[
INVITE sip:{number}@[remote_ip]:[remote_port] SIP/2.0
Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
From: "bench" <sip:[field0]@[local_ip]:[local_port]>;tag=[call_number]
To: <sip:{number}@[remote_ip]:[remote_port]>
Call-ID: [call_id]
CSeq: 1 INVITE
Contact: <sip:[field0]@[local_ip]:[local_port]>
Max-Forwards: 70
Content-Type: application/sdp
Content-Length: [len]

v=0
o=bench 1 1 IN IP4 [local_ip]
s=-
c=IN IP4 [media_ip]
t=0 0
m=audio [media_port] RTP/AVP 0
a=rtpmap:0 PCMU/8000
]]></send>
<recv response="100" optional="true"/>
<recv response="180" optional="true" rtd="{rang}"/>
<recv response="183" optional="true"/>
<recv response="503" optional="true" next="refused" counter="1"/>
<recv response="200" rrs="true" timeout="30000"/>
<send start_rtd="{talked}"><![CDATA[
ACK [next_url] SIP/2.0
Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
From: "bench" <sip:[field0]@[local_ip]:[local_port]>;tag=[call_number]
To: <sip:{number}@[remote_ip]:[remote_port]>[peer_tag_param]
Call-ID: [call_id]
CSeq: 1 ACK
Max-Forwards: 70
Content-Length: 0

]]></send>
<recv request="BYE" timeout="{patience_ms}" rtd="{talked}"/>
<send next="over"><![CDATA[
SIP/2.0 200 OK
[last_Via:]
[last_From:]
[last_To:]
[last_Call-ID:]
[last_CSeq:]
Content-Length: 0

]]></send>
<label id="refused"/>
<send><![CDATA[
ACK sip:{number}@[remote_ip]:[remote_port] SIP/2.0
[last_Via:]
[last_From:]
[last_To:]
[last_Call-ID:]
CSeq: 1 ACK
Max-Forwards: 70
Content-Length: 0

]]></send>
<label id="over"/>
<nop/>
</scenario>
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Offered:
    """What became of the calls of one run."""

    calls: int
    refused: int
    """With 503."""
    failed: int
    """Neither refused nor served to their end."""
    retransmitted: int
    rang_ms: Sequence[float]
    """From the first INVITE of each accepted caller until he heard it ring."""
    talked_ms: Sequence[float]
    """From each caller's being answered to the end of the call."""

    @property
    def accepted(self) -> int:
        """All but the refused."""
        return self.calls - self.refused


async def call(
    folder: Path, *, target: str, number: str, callers: Sequence[str], port: int, rate: float, calls: int
) -> Offered:
    """Call `number` at `target` (host:port), `rate` calls a second. `port` is the callers'. Raises SetupFailed."""
    place = folder / f"offered-{port}"
    place.mkdir(exist_ok=True)
    for old in place.glob("*.csv"):
        old.unlink()
    scenario, numbers, counts = place / "offered.xml", place / "numbers.inf", place / "counts.csv"
    scenario.write_text(
        _SCENARIO.format(number=number, rang=_RANG, talked=_TALKED, patience_ms=_PATIENCE_S * 1000), encoding="utf-8"
    )
    numbers.write_text("SEQUENTIAL\n" + "\n".join(callers) + "\n", encoding="utf-8")
    await sipp.run(
        *(target, "-sf", str(scenario), "-inf", str(numbers), "-i", sipp.CALLERS, "-mi", sipp.CALLERS),
        *("-p", str(port), "-mp", str(port + 20), "-r", f"{rate:g}", "-m", str(calls), "-l", str(calls)),
        *("-nostdin", "-recv_timeout", "40000", "-trace_stat", "-stf", str(counts), "-fd", "1"),
        *("-trace_rtt", "-rtt_freq", "1", "-trace_err", "-error_file", str(place / "errors.log")),
        *("-timeout", f"{calls / rate + _PATIENCE_S + 20:.0f}"),
        folder=place,
    )
    return _counted(place, counts, calls=calls)


def _counted(place: Path, counts: Path, *, calls: int) -> Offered:
    try:
        with counts.open(encoding="utf-8", newline="") as file:
            last = list(csv.DictReader(file, delimiter=";"))[-1]
    except (OSError, IndexError):
        return Offered(calls=calls, refused=0, failed=calls, retransmitted=0, rang_ms=(), talked_ms=())
    spans = _spans(place)
    return Offered(
        calls=calls,
        refused=int(last["GenericCounter1(C)"]),
        failed=calls - int(last["SuccessfulCall(C)"]),
        retransmitted=int(last["Retransmissions(C)"]),
        rang_ms=spans.get(_RANG, []),
        talked_ms=spans.get(_TALKED, []),
    )


def _spans(place: Path) -> dict[str, list[float]]:
    """Spans in ms by their name."""
    found: dict[str, list[float]] = {}
    for path in place.glob("*_rtt.csv"):
        for line in path.read_text(encoding="utf-8").splitlines()[1:]:
            _, milliseconds, name, *_ = [*line.split(";"), "", "", ""]
            if milliseconds:
                found.setdefault(name.strip(), []).append(float(milliseconds))
    return found
