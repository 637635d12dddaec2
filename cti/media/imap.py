"""A thin typed IMAP client on asyncio's streams: what reading one folder needs, no more (RFC 3501, 2177, 6851).

One command at a time, each with a deadline; whatever goes wrong ends the connection, and its owner opens another. Lines
and literals are bounded, tags begin with a random word so that nothing sent before TLS can pass for an answer. Nothing
of a mail or a password is logged. Not here: which mails are read and when (`cti.media.email_mailbox`).
"""

import asyncio
import base64
import contextlib
import re
import secrets
import ssl
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from cti.errors import OutsideError

COMMAND_S: Final = 30.0
BODY_S: Final = 120.0
LONGEST_LINE: Final = 1024 * 1024
"""A SEARCH names every mail of the folder on one line."""
_LITERAL: Final = re.compile(rb"\{([0-9]{1,12})\}$")
_QUOTED: Final = re.compile(r"^[\x20-\x7e]*$")


class Refused(OutsideError):
    """The server answered NO or BAD: the connection stands."""


@dataclass(slots=True)
class Response:
    """One answer of the server: its text, literals taken out and replaced by `{n}`, and the literals in order."""

    text: bytes
    literals: list[bytes] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """What FETCH tells of one mail; None: it was not asked for."""

    uid: int
    size: int | None = None
    date: str | None = None
    """INTERNALDATE, as the server writes it."""
    body: bytes | None = None


class Imap:
    """One connection, signed in; made by `connected`."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, largest: int) -> None:
        self._reader, self._writer, self._largest = reader, writer, largest
        self._prefix = f"T{secrets.token_hex(4)}"
        self._number = 0
        self.capabilities: frozenset[str] = frozenset()
        self.changed = True
        """Has a mail come since the folder was last searched?"""
        self.uid_validity = 0
        self._busy = False
        """Does the server owe us the end of a command?"""

    # -- commands ----------------------------------------------------------------------------------------------------

    async def sign_in(self, user: str, password: str) -> None:
        """By SASL PLAIN, else LOGIN. Raises OutsideError when the server will not have us."""
        try:
            if "AUTH=PLAIN" in self.capabilities:
                token = base64.b64encode(f"\0{user}\0{password}".encode()).decode()
                await self._run("AUTHENTICATE PLAIN", then=token)
            else:
                await self._run(f"LOGIN {_quoted(user)} {_quoted(password)}")
        except Refused as error:
            raise OutsideError(
                f"The mail server does not let {user} in: check user and secret.", retry_after_s=30.0
            ) from error
        await self.ask_capabilities()

    async def ask_capabilities(self) -> None:
        """What the server can do: in `capabilities`."""
        for response in await self._run("CAPABILITY"):
            if response.text.startswith(b"* CAPABILITY "):
                self.capabilities = frozenset(response.text.decode(errors="replace").upper().split()[2:])

    async def upgrade(self, context: ssl.SSLContext, *, host: str) -> None:
        """STARTTLS. Raises OutsideError."""
        await self._run("STARTTLS")
        await self._writer.start_tls(context, server_hostname=host)

    async def select(self, folder: str) -> None:
        """Open the folder for reading and moving; `uid_validity` says which numbering of mails it has."""
        for response in await self._run(f"SELECT {_quoted(folder)}"):
            found = re.search(rb"\[UIDVALIDITY ([0-9]+)\]", response.text)
            if found is not None:
                self.uid_validity = int(found[1])
        self.changed = True

    async def create(self, folder: str) -> None:
        """Make the folder, unless it is there."""
        if not any(response.text.startswith(b"* LIST ") for response in await self._run(f'LIST "" {_quoted(folder)}')):
            await self._run(f"CREATE {_quoted(folder)}")

    async def search(self) -> list[int]:
        """UIDs of the mails in the folder, in ascending order."""
        self.changed = False
        found: set[int] = set()
        for response in await self._run("UID SEARCH UNDELETED"):
            if response.text.startswith(b"* SEARCH"):
                found.update(int(word) for word in response.text.split()[2:] if word.isdigit())
        return sorted(found)

    async def fetch(self, uids: Sequence[int], what: str, *, within_s: float = COMMAND_S) -> list[Fetched]:
        """What is there of these mails; those that are gone are left out."""
        responses = await self._run(f"UID FETCH {_set(uids)} (UID {what})", within_s=within_s)
        wanted = frozenset(uids)
        found = (_fetched(response) for response in responses if b" FETCH (" in response.text)
        return [one for one in found if one is not None and one.uid in wanted]

    async def move(self, uids: Sequence[int], folder: str) -> None:
        """Mark them as seen and move them; those that are gone are passed over."""
        await self._run(f"UID STORE {_set(uids)} +FLAGS.SILENT (\\Seen)")
        if "MOVE" in self.capabilities:
            await self._run(f"UID MOVE {_set(uids)} {_quoted(folder)}")
            return
        await self._run(f"UID COPY {_set(uids)} {_quoted(folder)}")
        await self._run(f"UID STORE {_set(uids)} +FLAGS.SILENT (\\Deleted)")
        await self._run(f"UID EXPUNGE {_set(uids)}" if "UIDPLUS" in self.capabilities else "EXPUNGE")

    async def noop(self) -> None:
        """Is it still there?"""
        await self._run("NOOP")

    async def idle(self, wake: asyncio.Event, *, within_s: float) -> None:
        """Wait until the folder changes, `wake` is set, or the time is over. Raises OutsideError."""
        if "IDLE" not in self.capabilities:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(wake.wait(), min(within_s, COMMAND_S))
            await self.noop()
            return
        tag = await self._send("IDLE")
        await self._until_continued(tag)
        waking = asyncio.ensure_future(wake.wait())
        reading = asyncio.ensure_future(self._response())
        try:
            await asyncio.wait({waking, reading}, timeout=within_s, return_when=asyncio.FIRST_COMPLETED)
            await self._write(b"DONE\r\n")
            async with _deadline(COMMAND_S):
                while not (response := await reading).text.startswith(tag):
                    self._note(response)
                    reading = asyncio.ensure_future(self._response())
            self._busy = False
        finally:
            for task in (waking, reading):
                task.cancel()
            await asyncio.gather(waking, reading, return_exceptions=True)

    async def close(self) -> None:
        """Say goodbye, if the server listens."""
        with contextlib.suppress(OutsideError):
            if not self._busy:
                await self._run("LOGOUT", within_s=2.0)
        self._writer.close()
        with contextlib.suppress(OSError, TimeoutError):
            await asyncio.wait_for(self._writer.wait_closed(), 2.0)

    # -- the wire ----------------------------------------------------------------------------------------------------

    async def greeting(self) -> None:
        """The server's first line."""
        async with _deadline(COMMAND_S):
            response = await self._response()
        if not response.text.startswith((b"* OK", b"* PREAUTH")):
            raise OutsideError("The mail server does not want to talk now.")

    async def _run(self, command: str, *, then: str | None = None, within_s: float = COMMAND_S) -> list[Response]:
        """The untagged answers to a command. `then` is sent when the server asks for more."""
        tag = await self._send(command)
        if then is not None:
            await self._until_continued(tag)
            await self._write(then.encode() + b"\r\n")
        found: list[Response] = []
        async with _deadline(within_s):
            while True:
                response = await self._response()
                if response.text.startswith(tag):
                    self._busy = False
                    self._check(response, tag, command)
                    return found
                self._note(response)
                found.append(response)

    async def _until_continued(self, tag: bytes) -> None:
        async with _deadline(COMMAND_S):
            while not (response := await self._response()).text.startswith(b"+"):
                if response.text.startswith(tag):
                    self._busy = False
                    raise Refused("The mail server refused what was asked.")
                self._note(response)

    @staticmethod
    def _check(response: Response, tag: bytes, command: str) -> None:
        status = response.text[len(tag) :].strip()
        if not status.upper().startswith(b"OK"):
            verb = " ".join(command.split()[:2]) if command.startswith("UID") else command.split(maxsplit=1)[0]
            said = status[:200].decode(errors="replace")
            raise Refused(f"The mail server refused {verb}: {said}")

    def _note(self, response: Response) -> None:
        if re.match(rb"\* [0-9]+ EXISTS$", response.text):
            self.changed = True
        elif response.text.startswith(b"* BYE"):
            raise OutsideError("The mail server ended the connection.")

    async def _send(self, command: str) -> bytes:
        self._number += 1
        self._busy = True
        tag = f"{self._prefix}{self._number} "
        await self._write(f"{tag}{command}\r\n".encode())
        return tag.encode()

    async def _write(self, data: bytes) -> None:
        try:
            self._writer.write(data)
            async with _deadline(COMMAND_S):
                await self._writer.drain()
        except OSError as error:
            raise OutsideError("The connection to the mail server broke.") from error

    async def _response(self) -> Response:
        """The next answer, whole. Raises OutsideError."""
        response = Response(b"")
        try:
            while True:
                line = (await self._reader.readuntil(b"\r\n"))[:-2]
                response.text += line
                found = _LITERAL.search(line)
                if found is None:
                    return response
                size = int(found[1])
                if size > self._largest:
                    raise OutsideError("The mail server sent more than was asked for.")
                response.literals.append(await self._reader.readexactly(size))
        except (asyncio.IncompleteReadError, asyncio.LimitOverrunError, OSError) as error:
            raise OutsideError("The connection to the mail server broke.") from error


@contextlib.asynccontextmanager
async def _deadline(within_s: float) -> AsyncIterator[None]:
    try:
        async with asyncio.timeout(within_s):
            yield
    except TimeoutError as error:
        raise OutsideError(f"The mail server did not answer within {within_s:g} s.") from error


async def connected(
    *, host: str, port: int, tls: ssl.SSLContext | None, starttls: ssl.SSLContext | None, largest: int
) -> Imap:
    """A connection that has greeted us. `largest` bounds a mail, in bytes. Raises OutsideError."""
    try:
        async with _deadline(COMMAND_S):
            reader, writer = await asyncio.open_connection(
                host, port, ssl=tls, server_hostname=host if tls is not None else None, limit=LONGEST_LINE
            )
    except (OSError, ssl.SSLError) as error:
        raise OutsideError(f"The mail server {host}:{port} cannot be reached: {_why(error)}.") from error
    imap = Imap(reader, writer, largest=largest)
    try:
        await imap.greeting()
        if starttls is not None:
            await imap.upgrade(starttls, host=host)
        await imap.ask_capabilities()
    except (OSError, ssl.SSLError) as error:
        writer.close()
        raise OutsideError(f"The mail server {host}:{port} cannot be spoken to safely: {_why(error)}.") from error
    except BaseException:  # cancelled, too: the connection is nobody's
        writer.close()
        raise
    return imap


def _why(error: OSError) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is not trusted ({error.verify_message})"
    return error.strerror or type(error).__name__


def _set(uids: Sequence[int]) -> str:
    """`1:3,7`: runs are written short."""
    runs: list[list[int]] = []
    for uid in sorted(set(uids)):
        if runs and runs[-1][1] == uid - 1:
            runs[-1][1] = uid
        else:
            runs.append([uid, uid])
    return ",".join(f"{first}:{last}" if first != last else str(first) for first, last in runs)


def _quoted(text: str) -> str:
    if not _QUOTED.match(text):
        raise OutsideError(
            "A user or password for mail holds letters that this server's sign-in does not take.", transient=False
        )
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


_UID: Final = re.compile(rb"[( ]UID ([0-9]+)")
_SIZE: Final = re.compile(rb"[( ]RFC822\.SIZE ([0-9]+)")
_DATE: Final = re.compile(rb'[( ]INTERNALDATE "([^"]{1,40})"')
_BODY: Final = re.compile(rb'[( ]BODY\[[A-Z]*\](?:<0>)? (?:\{[0-9]+\}|"((?:[^"\\]|\\.)*)"|NIL)')


def _fetched(response: Response) -> Fetched | None:
    uid = _UID.search(response.text)
    if uid is None:
        return None
    size, date, body = _SIZE.search(response.text), _DATE.search(response.text), _BODY.search(response.text)
    content: bytes | None = None
    if body is not None:
        quoted = body[1]
        content = response.literals[0] if response.literals else re.sub(rb"\\(.)", rb"\1", quoted or b"")
    return Fetched(
        uid=int(uid[1]),
        size=int(size[1]) if size is not None else None,
        date=date[1].decode(errors="replace") if date is not None else None,
        body=content,
    )
