"""SIPp as the far side: callers with audio and phones that answer. Each run's count is SIPp's own.

Here: the scenarios, starting SIPp and reading what it counted. Not here: what is measured meanwhile.
"""

import asyncio
import contextlib
import csv
import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cti.errors import SetupFailed
from cti.setup import tools

CALLERS: Final = "127.0.0.2"
"""The trunk's address: the centre takes calls from it."""
PHONES: Final = "127.0.0.1"
_SAMPLES: Final = 8000
_AUDIO_S: Final = 10

_CALLER: Final = """<?xml version="1.0" encoding="UTF-8"?>
<scenario name="caller">
<send retrans="500"><![CDATA[
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
<recv response="180" optional="true"/>
<recv response="183" optional="true"/>
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
<send><![CDATA[
SIP/2.0 200 OK
[last_Via:]
[last_From:]
[last_To:]
[last_Call-ID:]
[last_CSeq:]
Content-Length: 0

]]></send>
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
<pause milliseconds="{talk_ms}"/>
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
</scenario>
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """What one run of callers came to."""

    served: int
    """Calls that went through the whole scenario."""
    failed: int
    retransmitted: int
    took_s: float


class Phones:
    """Phones that answer at once, send back the audio they get, and hang up after the talk; all on one port.

    `async with`: they run inside.
    """

    def __init__(self, folder: Path, *, port: int, talk_ms: int) -> None:
        self._folder = folder
        self._port = port
        self._talk_ms = talk_ms

    async def __aenter__(self) -> "Phones":
        scenario = self._folder / f"phone-{self._talk_ms}.xml"
        scenario.write_text(_PHONE.format(talk_ms=self._talk_ms))
        self._process = await _start(
            *("-sf", str(scenario), "-i", PHONES, "-mi", PHONES, "-p", str(self._port), "-mp", str(self._port + 10)),
            *(
                "-trace_err",
                "-error_file",
                str(self._folder / "phones.log"),
                "-rtp_echo",
                "-aa",
                "-nostdin",
                "-max_socket",
                "64",
            ),
            folder=self._folder,
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        await _end(self._process)


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

    `port` is the callers'; their audio takes ports from `port` + 20 on. Raises SetupFailed without SIPp.
    """
    place = folder / f"callers-{port}"
    place.mkdir(exist_ok=True)
    for old in place.glob("*.csv"):
        old.unlink()
    scenario, numbers, counts = place / "caller.xml", place / "numbers.inf", place / "counts.csv"
    scenario.write_text(_CALLER.format(number=number, audio=audio(folder), patience_ms=round(patience_s * 1000)))
    numbers.write_text("SEQUENTIAL\n" + "\n".join(callers) + "\n")
    loop = asyncio.get_running_loop()
    began = loop.time()
    await run(
        *(target, "-sf", str(scenario), "-inf", str(numbers), "-i", CALLERS, "-mi", CALLERS, "-p", str(port)),
        *("-mp", str(port + 20), "-rtp_threadtasks", "50"),
        *("-r", f"{rate:g}", "-m", str(calls), "-l", str(max(1000, calls)), "-nostdin", "-recv_timeout", "40000"),
        *(
            "-trace_err",
            "-error_file",
            str(place / "errors.log"),
            "-trace_stat",
            "-stf",
            str(counts),
            "-fd",
            "1",
            "-timeout",
            f"{calls / rate + patience_s + 20:.0f}",
        ),
        folder=place,
    )
    return _counted(counts, calls=calls, took_s=loop.time() - began)


def audio(folder: Path) -> Path:
    """Some seconds of noise in µ-law: neither silence nor speech, so nothing detects anything in it."""
    path = folder / "noise.ulaw"
    if not path.exists():
        path.write_bytes(random.Random(1).randbytes(_SAMPLES * _AUDIO_S))
    return path


def _counted(path: Path, *, calls: int, took_s: float) -> Counted:
    try:
        with path.open(encoding="utf-8", newline="") as file:
            last = list(csv.DictReader(file, delimiter=";"))[-1]
    except (OSError, IndexError):
        return Counted(served=0, failed=calls, retransmitted=0, took_s=took_s)
    served = int(last["SuccessfulCall(C)"])
    return Counted(served=served, failed=calls - served, retransmitted=int(last["Retransmissions(C)"]), took_s=took_s)


async def run(*arguments: str, folder: Path) -> None:
    """Run SIPp with these arguments in `folder` to its end. Raises SetupFailed without SIPp."""
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
