"""SIPp as the far side: callers with audio and phones that answer. Each run's count is SIPp's own.

Here: the scenarios, starting SIPp and reading what it counted. Not here: what is measured meanwhile.

Theory of operation. Each side counts only what is its own to know: callers whether they were refused or served, and how
soon they heard it ring; phones whether a talk ended before they ended it. A caller cannot tell that: under load he is
joined late, and his part of a whole talk is short.
"""

import asyncio
import contextlib
import csv
import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cti.errors import OutsideError, SetupFailed
from cti.setup import tools

CALLERS: Final = "127.0.0.2"
"""The trunk's address: the centre takes calls from it."""
PHONES: Final = "127.0.0.1"
_SAMPLES: Final = 8000
_AUDIO_S: Final = 10
_RANG: Final = "rang"
_CHOSEN: Final = "GenericCounter1(C)"
"""What a scenario counts besides: callers who were refused; talks that were cut."""
_FRESH_LIMIT_S: Final = 30.0

_CALLER: Final = """<?xml version="1.0" encoding="UTF-8"?>
<scenario name="caller">
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
m=audio [rtpstream_audio_port] RTP/AVP 0
a=rtpmap:0 PCMU/8000
]]></send>
<recv response="100" optional="true"/>
<recv response="180" optional="true" rtd="{rang}"/>
<recv response="183" optional="true"/>
<recv response="503" optional="true" next="refused" counter="1"/>
<recv response="200" rrs="true" timeout="30000"/>
<send><![CDATA[
ACK [next_url] SIP/2.0
Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
From: "bench" <sip:[field0]@[local_ip]:[local_port]>;tag=[call_number]
To: <sip:{number}@[remote_ip]:[remote_port]>[peer_tag_param]
Call-ID: [call_id]
CSeq: 1 ACK
Max-Forwards: 70
Content-Length: 0

]]></send>
<nop><action><exec rtp_stream="{audio},-1,0"/></action></nop>
<recv request="BYE" timeout="{patience_ms}"/>
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
_PHONE: Final = """<?xml version="1.0" encoding="UTF-8"?>
<scenario name="phone">
<recv request="INVITE" rrs="true"><action>
<ereg regexp=".*" search_in="hdr" header="From:" assign_to="caller"/>
<ereg regexp=".*" search_in="hdr" header="To:" assign_to="me"/>
</action></recv>
<send><![CDATA[
SIP/2.0 180 Ringing
[last_Via:]
[last_From:]
[last_To:];tag=[pid]-[call_number]
[last_Call-ID:]
[last_CSeq:]
Contact: <sip:[local_ip]:[local_port]>
Content-Length: 0

]]></send>
<send retrans="500"><![CDATA[
SIP/2.0 200 OK
[last_Via:]
[last_From:]
[last_To:];tag=[pid]-[call_number]
[last_Call-ID:]
[last_CSeq:]
Contact: <sip:[local_ip]:[local_port]>
Content-Type: application/sdp
Content-Length: [len]

v=0
o=phone 1 1 IN IP4 [local_ip]
s=-
c=IN IP4 [media_ip]
t=0 0
m=audio [media_port] RTP/AVP 0
a=rtpmap:0 PCMU/8000
]]></send>
<recv request="INVITE" optional="true"/>
<recv request="ACK"/>
<recv request="BYE" timeout="{talk_ms}" ontimeout="enough" counter="1"/>
<send next="over"><![CDATA[
SIP/2.0 200 OK
[last_Via:]
[last_From:]
[last_To:]
[last_Call-ID:]
[last_CSeq:]
Content-Length: 0

]]></send>
<label id="enough"/>
<send retrans="500"><![CDATA[
BYE [next_url] SIP/2.0
Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
From:[$me];tag=[pid]-[call_number]
To:[$caller]
Call-ID: [call_id]
CSeq: 2 BYE
Max-Forwards: 70
Content-Length: 0

]]></send>
<recv response="200"/>
<label id="over"/>
<nop/>
</scenario>
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """What one run of callers came to."""

    calls: int
    served: int
    """Taken up, and ended by the other side."""
    refused: int
    """With 503."""
    retransmitted: int
    took_s: float
    rang_ms: Sequence[float]
    """From the first INVITE of each caller who was let in until he heard it ring."""

    @property
    def accepted(self) -> int:
        """All but the refused."""
        return self.calls - self.refused

    @property
    def failed(self) -> int:
        """Neither refused nor served: not taken up within 30 s, or never ended."""
        return self.accepted - self.served

    @property
    def unserved(self) -> int:
        """For whoever expects that all are served."""
        return self.calls - self.served


@dataclass(frozen=True, slots=True, kw_only=True)
class Talks:
    """What the phones have come to since they were started."""

    whole: int
    """Ended by the phone, after the talk."""
    cut: int
    """Ended by the centre before that."""


class Phones:
    """Phones that answer at once, send back the audio they get, and hang up after the talk; all on one port.

    `async with`: they run inside.
    """

    def __init__(self, folder: Path, *, port: int, talk_ms: int) -> None:
        self._folder = folder
        self._port = port
        self._talk_ms = talk_ms
        self._counts = folder / f"phones-{talk_ms}.csv"

    async def __aenter__(self) -> "Phones":
        scenario = self._folder / f"phone-{self._talk_ms}.xml"
        scenario.write_text(_PHONE.format(talk_ms=self._talk_ms), encoding="utf-8")
        self._process = await _start(
            *("-sf", str(scenario), "-i", PHONES, "-mi", PHONES, "-p", str(self._port), "-mp", str(self._port + 10)),
            *("-trace_err", "-error_file", str(self._folder / "phones.log"), "-rtp_echo", "-aa", "-nostdin"),
            *("-max_socket", "64", "-trace_stat", "-stf", str(self._counts), "-fd", "1"),
            folder=self._folder,
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        await _end(self._process)

    async def talks(self) -> Talks:
        """Count them, every call that has ended by now included. Raises OutsideError when SIPp counts no more."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + _FRESH_LIMIT_S
        seen = len(_rows(self._counts))
        # SIPp writes a line a second; the first that comes may have been begun before this was asked.
        while len(rows := _rows(self._counts)) < seen + 2:
            if loop.time() > deadline:
                raise OutsideError("The phones' SIPp counts no more.")
            await asyncio.sleep(0.2)
        cut = int(rows[-1][_CHOSEN])
        return Talks(whole=int(rows[-1]["SuccessfulCall(C)"]) - cut, cut=cut)


async def call(
    folder: Path,
    *,
    target: str,
    number: str,
    callers: Sequence[str],
    port: int,
    rate: float,
    calls: int,
    patience_s: float = 40.0,
) -> Counted:
    """Call `number` at `target` (host:port), `rate` calls a second, until `calls` have ended; audio flows all along.

    Callers' numbers are used in turn. `port` is the callers'; their audio takes ports from `port` + 20 on.
    Raises SetupFailed without SIPp.
    """
    place = folder / f"callers-{port}"
    place.mkdir(exist_ok=True)
    for old in place.glob("*.csv"):
        old.unlink()
    scenario, numbers, counts = place / "caller.xml", place / "numbers.inf", place / "counts.csv"
    told = _CALLER.format(number=number, audio=audio(folder), rang=_RANG, patience_ms=round(patience_s * 1000))
    scenario.write_text(told, encoding="utf-8")
    numbers.write_text("SEQUENTIAL\n" + "\n".join(callers) + "\n", encoding="utf-8")
    loop = asyncio.get_running_loop()
    began = loop.time()
    await _run(
        *(target, "-sf", str(scenario), "-inf", str(numbers), "-i", CALLERS, "-mi", CALLERS, "-p", str(port)),
        *("-mp", str(port + 20), "-rtp_threadtasks", "50"),
        *("-r", f"{rate:g}", "-m", str(calls), "-l", str(max(1000, calls)), "-nostdin", "-recv_timeout", "40000"),
        *("-trace_err", "-error_file", str(place / "errors.log"), "-trace_stat", "-stf", str(counts), "-fd", "1"),
        *("-trace_rtt", "-rtt_freq", "1", "-timeout", f"{calls / rate + patience_s + 20:.0f}"),
        folder=place,
    )
    return counted(place, counts, calls=calls, took_s=loop.time() - began)


def audio(folder: Path) -> Path:
    """Some seconds of noise in µ-law: neither silence nor speech, so nothing detects anything in it."""
    path = folder / "noise.ulaw"
    if not path.exists():
        path.write_bytes(random.Random(1).randbytes(_SAMPLES * _AUDIO_S))
    return path


def counted(place: Path, counts: Path, *, calls: int, took_s: float) -> Counted:
    """Read what SIPp wrote of one run of callers; without a count all of them have failed."""
    rows = _rows(counts)
    if not rows:
        return Counted(calls=calls, served=0, refused=0, retransmitted=0, took_s=took_s, rang_ms=())
    refused = int(rows[-1][_CHOSEN])
    return Counted(
        calls=calls,
        served=int(rows[-1]["SuccessfulCall(C)"]) - refused,
        refused=refused,
        retransmitted=int(rows[-1]["Retransmissions(C)"]),
        took_s=took_s,
        rang_ms=_rang_ms(place),
    )


def _rows(counts: Path) -> list[dict[str, str]]:
    """Whole lines of SIPp's count; none when there is no file."""
    try:
        text = counts.read_text(encoding="utf-8")
    except OSError:
        return []
    return list(csv.DictReader(text[: text.rfind("\n") + 1].splitlines(), delimiter=";"))


def _rang_ms(place: Path) -> Sequence[float]:
    found = []
    for path in place.glob("*_rtt.csv"):
        for line in path.read_text(encoding="utf-8").splitlines()[1:]:
            _, milliseconds, name, *_ = [*line.split(";"), "", "", ""]
            if milliseconds and name.strip() == _RANG:
                found.append(float(milliseconds))
    return found


async def _run(*arguments: str, folder: Path) -> None:
    process = await _start(*arguments, folder=folder)
    try:
        await process.wait()
    finally:
        await _end(process)


async def _start(*arguments: str, folder: Path) -> asyncio.subprocess.Process:
    program = tools.find_program("sipp")
    try:
        with (folder / "sipp.out").open("ab") as output:
            return await asyncio.create_subprocess_exec(
                *(str(program), *arguments),
                cwd=folder,
                env={"TERM": "dumb", "PATH": "/usr/bin:/bin"},
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
    except OSError as error:
        raise SetupFailed(f"{program} cannot be started: {error.strerror}.") from error


async def _end(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()
