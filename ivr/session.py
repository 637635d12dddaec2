"""Verbs on one call's AGI connection: ask, collect, say, set variables, hang up.

`Session` is pyst2's AGI with four things mended: its constructor takes the process's SIGHUP (which fails off the main
thread), every line goes to stderr (a PIN among them), what it quotes is not escaped, and it waits without a deadline.
A caller who hangs up, however it shows, is one exception: `CallerGone`. Asterisk tells of him before it ends the line:
one that just ends is its own death, `LineGone`. `ivr.call` uses the verbs; the inherited ones work too.

Any key ends the speech and counts, so a caller may type ahead. A command costs some 0.1 ms of CPU, so there are few.
"""

import contextlib
import logging
import re
import socket
from collections.abc import Mapping, Sequence
from typing import Any, BinaryIO, Final

from asterisk.agi import AGI, AGIAppError, AGIError, AGIHangup

log = logging.getLogger(__name__)

_MOST_BYTES: Final = 2000
"""Asterisk reads a command into 2048 bytes; the rest of a longer one would be read as a command of its own."""
_MOST_LINE: Final = 8192
_MOST_HEADERS: Final = 200
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]")
_REPLY: Final = re.compile(r"(\d{3})([ -])(?:result=(\S*))?(?: *\((.*?)\))?")
_ANY_KEY: Final = "0123456789*#"
_UP: Final = "6"
"""CHANNEL STATUS of a call that is up."""
_KEYS: Final = re.compile(r"[0-9A-D*#]*")
SHORT_S: Final = 5.0
"""Deadline of a command that does not wait for the caller."""


class CallerGone(AGIHangup):  # type: ignore[misc]  # pyst2 has no types
    """The caller hung up, or the line to Asterisk is gone: a normal end."""


class LineGone(CallerGone):
    """The line to Asterisk ended without a word: its process has died, and the caller did not hang up."""


class Session(AGI):  # type: ignore[misc]  # as above
    """One call. Belongs to one thread; every wait ends at its deadline, by CallerGone at the latest."""

    def __init__(self, connection: socket.socket, reader: BinaryIO, first_line: bytes = b"") -> None:
        """Read Asterisk's particulars of the call into `env`. `first_line` is what was read of them already.

        Deliberately does not call pyst2's constructor. Raises CallerGone.
        """
        self._connection = connection
        self._reader = reader
        self._got_sighup = False
        self.env: dict[str, str] = {}
        try:
            self._read_particulars(first_line)
        except OSError as error:
            raise CallerGone("no particulars") from error

    def _read_particulars(self, line: bytes) -> None:
        for _ in range(_MOST_HEADERS):
            line = line or self._read_line()
            name, _, value = line.decode("utf-8", "replace").strip().partition(":")
            if not name:
                return
            self.env[name] = value.strip()
            line = b""
        raise CallerGone("too many particulars")

    # -- verbs ---------------------------------------------------------------------------------------------------------
    def ask(self, sounds: Sequence[str], *, timeout_ms: int, limit_s: float) -> str:
        """Play, then wait for one key; a key ends the speech. Returns the key, or "" after the silence."""
        return self._get(sounds, most=1, timeout_ms=timeout_ms, limit_s=limit_s)

    def collect(self, sounds: Sequence[str], *, most: int, timeout_ms: int, limit_s: float) -> str:
        """Play, then take up to `most` keys; `#`, or silence after a key, ends earlier. Returns "" when none came."""
        return self._get(sounds, most=most, timeout_ms=timeout_ms, limit_s=limit_s).removeprefix("#")

    def say(self, sounds: Sequence[str], *, limit_s: float) -> None:
        """Play; a key ends it."""
        self._stream(sounds, limit_s=limit_s)

    def set_variables(self, variables: Mapping[str, str]) -> None:
        """Set channel variables (and functions such as CHANNEL(language)), all by one command.

        Raises ValueError for a value with a character that MSet would take apart.
        """
        for name, value in variables.items():
            if not re.fullmatch(r"[\w()]+", name) or not re.fullmatch(r"[\w:;*#+-]*", value):
                raise ValueError(f"{name} cannot be set to such a value")
        pairs = ",".join(f"{name}={value}" for name, value in variables.items())
        self._perform("EXEC MSet", self._quote(pairs), limit_s=SHORT_S)

    def hang_up(self) -> None:
        """End the call."""
        with contextlib.suppress(CallerGone):  # then he is
            self._perform("HANGUP", limit_s=SHORT_S)

    def _get(self, sounds: Sequence[str], *, most: int, timeout_ms: int, limit_s: float) -> str:
        """The keys; "#" for it alone; "" for silence. GET DATA plays one file, those before it are streamed."""
        *before, last = sounds or [""]
        first = self._stream(before, limit_s=limit_s)
        if not first:
            return self._data(last, most=most, timeout_ms=timeout_ms, limit_s=limit_s)
        if most == 1 or first == "#":
            return first
        rest = self._data("", most=most - 1, timeout_ms=timeout_ms, limit_s=limit_s)
        return first + rest.removesuffix("#")

    def _stream(self, sounds: Sequence[str], *, limit_s: float) -> str:
        """Play; the key that ended it, or ""."""
        for sound in sounds:
            try:
                code, _ = self._perform("STREAM FILE", self._quote(sound), self._quote(_ANY_KEY), limit_s=limit_s)
            except CallerGone:
                raise
            except AGIAppError:
                self._must_be_there(sound)
                continue
            if code.isdigit() and code != "0":
                return chr(int(code))
        return ""

    def _data(self, sound: str, *, most: int, timeout_ms: int, limit_s: float) -> str:
        try:
            keys, note = self._perform("GET DATA", self._quote(sound), timeout_ms, most, limit_s=limit_s)
        except CallerGone:
            raise
        except AGIAppError:
            self._must_be_there(sound)
            return self._data("", most=most, timeout_ms=timeout_ms, limit_s=limit_s) if sound else ""
        if not keys and note != "timeout":
            return "#"
        return keys if _KEYS.fullmatch(keys) else ""

    def _must_be_there(self, sound: str) -> None:
        """Asterisk says -1 both for a caller who has left and for a file that it cannot play."""
        status, _ = self._perform("CHANNEL STATUS", limit_s=SHORT_S)
        if status != _UP:
            raise CallerGone("hung up")
        log.warning("Asterisk could not play %s.", sound.rpartition("/")[2] or "silence")

    def _perform(self, command: str, *args: object, limit_s: float) -> tuple[str, str]:
        self._connection.settimeout(limit_s)
        result: tuple[str, str] = self.execute(command, *args)["result"]
        return result

    # -- pyst2's own, mended -------------------------------------------------------------------------------------------
    def execute(self, command: str, *args: object) -> Any:
        """One command and its reply in pyst2's shape. Raises CallerGone, AGIError."""
        try:
            self.send_command(command, *args)
            return self.get_result()
        except ConnectionError as error:
            raise (CallerGone if self._was_told() else LineGone)(type(error).__name__) from error
        except OSError as error:
            raise CallerGone(type(error).__name__) from error

    def _was_told(self) -> bool:
        """Whether a hang-up stands unread on a line that has broken since."""
        try:
            return self._reader.readline(_MOST_LINE).strip() == b"HANGUP"
        except OSError:
            return False

    def send_command(self, command: str, *args: object) -> None:
        """Send one line. Raises ValueError rather than letting a second command slip in."""
        line = " ".join([command.strip(), *map(str, args)]).strip()
        encoded = line.encode("utf-8", "replace")
        if _CONTROL.search(line) or len(encoded) > _MOST_BYTES:
            raise ValueError(f"{command.strip()} cannot be sent with these arguments")
        self._connection.sendall(encoded + b"\n")

    def get_result(self, stdin: object = None) -> dict[str, tuple[str, str]]:
        """Read one reply. Raises CallerGone (hung up, line closed), AGIAppError (-1), AGIError."""
        line = self._read_line().decode("utf-8", "replace").strip()
        if line == "HANGUP":
            raise CallerGone("hung up")
        found = _REPLY.match(line)
        if found is None:
            raise AGIError("Asterisk's reply cannot be read")
        code, dash, value, note = found.groups()
        if code == "511":
            raise CallerGone("hung up")
        if code == "520" and dash == "-":
            while not self._read_line().startswith(b"520 "):
                pass
        if code != "200":
            raise AGIError(f"Asterisk refused a command with {code}")
        if note == "hangup":
            raise CallerGone("hung up")
        if value == "-1":
            raise AGIAppError("Asterisk could not do it, or the caller hung up")
        return {"result": (value or "", note or "")}

    def _quote(self, string: object) -> str:
        text = _CONTROL.sub(" ", str(string))
        return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'

    def _read_line(self) -> bytes:
        line = self._reader.readline(_MOST_LINE)
        if not line.endswith(b"\n"):
            raise LineGone("the line to Asterisk is gone")
        return line
