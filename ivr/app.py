"""The FastAGI server: a thread per call, bounded; and the door that says whether it is open.

Asterisk connects once per call. A line `ping` is answered with `pong` the way a call would be answered (accept loop,
new thread), so the supervisor hears nothing from a service that could not take a call. `load N` has version N of the
centre file served from now on; calls that the dialplan sends by an older version's path are led by that one. Beyond
`max_calls` a call's connection is closed at once: AGI() returns and the dialplan leads the caller to the operator.
`ivr.__main__` makes the parts; `ivr.call` leads a caller.
"""

import logging
import re
import signal
import socket
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from asterisk.agi import AGIError

from cti import config, surveys
from cti.config import Centre
from cti.errors import ConfigError
from cti.prompts import Prompts
from cti.surveys import Answers
from ivr import call
from ivr.accounts import Accounts
from ivr.api import Api
from ivr.desks import DeskCall
from ivr.lost import Losses, LostCaller
from ivr.session import CallerGone, Session

log = logging.getLogger(__name__)

PING: Final = b"ping\n"
PONG: Final = b"pong\n"
LOAD: Final = re.compile(rb"load ([0-9]{1,9})\n")
MOST_VERSIONS: Final = 12
"""Versions of the centre file in memory; a call by an older one is led by the newest."""
FIRST_LINE_S: Final = 2.0
"""How long a new connection may take over its first line."""
SPARE_THREADS: Final = 32
"""Threads beyond `max_calls` for those who ask or are turned away."""


class Server:
    """Accepts connections and leads each in a thread of its own."""

    def __init__(
        self,
        address: tuple[str, int],
        *,
        max_calls: Callable[[], int],
        lead: Callable[[Session], None],
        load: Callable[[int], str] = lambda _: "there are no versions here",
    ) -> None:
        """Bind; `address` with port 0 takes a free one. `lead` is called in a call's thread. Raises ConfigError.

        `load` is asked for a version of the centre file; it returns why not, or "".
        """
        try:
            self._door = socket.create_server(address, backlog=512)
        except OSError as error:
            raise ConfigError(f"The IVR cannot listen on {address[0]}:{address[1]}: {error.strerror}.") from error
        self._max_calls = max_calls
        self._lead = lead
        self._load = load
        self._changed = threading.Condition()
        self._connections: set[socket.socket] = set()
        self._calls = 0
        self._closing = threading.Event()

    @property
    def port(self) -> int:
        """The port it listens on."""
        return int(self._door.getsockname()[1])

    @property
    def is_closing(self) -> bool:
        """Has it been stopped?"""
        return self._closing.is_set()

    @property
    def calls(self) -> int:
        """Calls being led now."""
        return self._calls

    def start(self) -> None:
        """Begin to accept, in a thread."""
        threading.Thread(target=self._accept, name="accept", daemon=True).start()

    def stop(self, *, deadline_s: float) -> None:
        """Take no new calls, give the running ones until the deadline, then cut them: they go on to the operator.

        A second stop finds nothing to do.
        """
        self._closing.set()
        _shut(self._door)  # wakes a blocked accept(), which a close does not
        self._door.close()
        until = time.monotonic() + deadline_s
        with self._changed:
            self._changed.wait_for(lambda: not self._connections, timeout=max(0.0, until - time.monotonic()))
            left = list(self._connections)
        for connection in left:
            _shut(connection)
        with self._changed:
            self._changed.wait_for(lambda: not self._connections, timeout=1.0)

    def _accept(self) -> None:
        while not self._closing.is_set():
            try:
                connection, _ = self._door.accept()
            except OSError as error:
                if self._closing.is_set():
                    return
                log.error("No connection can be accepted: %s", error)
                time.sleep(0.05)  # out of file descriptors, most likely: ends when a call does
                continue
            try:
                self._receive(connection)
            except RuntimeError as error:
                log.error("No thread can be started: %s", error)
                self._forget(connection)

    def _receive(self, connection: socket.socket) -> None:
        with self._changed:
            if len(self._connections) >= self._max_calls() + SPARE_THREADS:
                connection.close()
                return
            self._connections.add(connection)
        threading.Thread(target=self._serve, args=(connection,), name="call", daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        try:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            connection.settimeout(FIRST_LINE_S)
            with connection.makefile("rb") as reader:
                first_line = reader.readline(8192)
                if first_line == PING:
                    connection.sendall(PONG)
                elif found := LOAD.fullmatch(first_line):
                    problem = self._load(int(found[1])).replace("\n", " ")
                    connection.sendall(f"refused {problem}\n".encode() if problem else b"loaded %s\n" % found[1])
                elif first_line.startswith(b"agi_") and self._may_enter():
                    try:
                        self._lead(Session(connection, reader, first_line))
                    finally:
                        with self._changed:
                            self._calls -= 1
        except (CallerGone, OSError):
            log.debug("A caller hung up.")
        except AGIError as error:
            log.error("Asterisk refused what a call needs: %s", error)
        except Exception:  # the edge of a thread: one call that we fail on, and none of the others
            log.exception("A call could not be led on; the dialplan takes it to the operator.")
        finally:
            self._forget(connection)

    def _may_enter(self) -> bool:
        with self._changed:
            if self._calls < self._max_calls() and not self._closing.is_set():
                self._calls += 1
                return True
        log.warning("A call was turned away to the operator: %d are here already.", self._calls)
        return False

    def _forget(self, connection: socket.socket) -> None:
        connection.close()
        with self._changed:
            self._connections.discard(connection)
            self._changed.notify_all()


def _shut(connection: socket.socket) -> None:
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        log.debug("A connection had gone before it was cut.")


class Ivr:
    """The service: the centre file in force, the sounds, and the server."""

    def __init__(
        self,
        address: tuple[str, int],
        *,
        centre_file: Path,
        prompts: Prompts,
        api: Api,
        versions: Callable[[int], Path] | None = None,
        answers: Path | None = None,
    ) -> None:
        """Read the centre file and bind. Raises ConfigError with every finding.

        `versions` says where the centre file of a version stands; None: there is but the one. `answers` is where the
        answers of callers to surveys are left for the engine; None: nowhere.
        """
        self._answers = answers
        self._centre_file = centre_file
        self._centre: Centre = config.load(centre_file)
        self._versions = versions
        self._by_version: dict[int, Centre] = {}
        self._prompts = prompts
        self._api = api
        self._ask = Accounts(api=api)
        self._losses = Losses(api=api)
        self.server = Server(address, max_calls=lambda: self._centre.limits.max_calls, lead=self.lead, load=self.load)

    def lead(self, session: Session) -> None:
        """Lead one caller through the version that he came by; a later one does not touch him."""
        if way := call.desk_way(session.env.get("agi_network_script", "")):
            self._lead_to_desk(session, way)
            return
        version = call.version(session.env.get("agi_network_script", ""))
        services = call.Services(
            centre=self._of_version(version) if version is not None else self._centre,
            prompts=self._prompts,
            check=self._ask.check,
            lose=self._lose,
            now_ms=lambda: time.time_ns() // 1_000_000,
            keep_answers=self._keep_answers,
        )
        call.answer(session, services)

    def _lead_to_desk(self, session: Session, way: str) -> None:
        language = call.language(session.env.get("agi_language", ""))
        led = DeskCall(session, prompts=self._prompts, api=self._api, language=language)
        if way == "in":
            led.log_in()
        else:
            led.log_out()

    def _lose(self, caller: LostCaller) -> None:
        """Whoever is cut off because we stop goes on to the operator: he is not lost."""
        if not self.server.is_closing:
            self._losses.tell(caller)

    def _keep_answers(self, answers: Answers) -> None:
        if self._answers is not None:
            surveys.write(self._answers, answers)

    def load(self, version: int) -> str:
        """Serve this version from now on, the older ones for the calls that came by them. Why not, or ""."""
        if self._versions is None:
            return "there are no versions here"
        path = self._versions(version)
        try:
            centre = config.load(path)
        except ConfigError as error:
            log.error("Version %d cannot be served. %s", version, error)
            return str(error)
        self._keep(version, centre)
        self._centre, self._centre_file = centre, path
        self._prompts.prepare(centre.prompts.values())
        log.info("Version %d is served.", version, extra={"action": "centre_loaded"})
        return ""

    def _of_version(self, version: int) -> Centre:
        """That version's centre; the newest when it cannot be had: a caller is waiting."""
        known = self._by_version.get(version)
        if known is not None or self._versions is None:
            return known or self._centre
        path = self._versions(version)
        if path == self._centre_file or not path.exists():
            return self._centre
        try:
            centre = config.load(path)
        except ConfigError as error:
            log.error("Version %d cannot be read; the newest leads its callers. %s", version, error)
            return self._centre
        self._keep(version, centre)
        return centre

    def _keep(self, version: int, centre: Centre) -> None:
        self._by_version = dict([*self._by_version.items(), (version, centre)][-MOST_VERSIONS:])

    def reload(self) -> None:
        """Read the centre file anew; one that has mistakes is named in the log and the old one stays."""
        try:
            self._centre = config.load(self._centre_file)
        except ConfigError as error:
            log.error("The old menus stay in force. %s", error)
            return
        self._prompts.prepare(self._centre.prompts.values())
        log.info("The centre file was read anew.", extra={"action": "centre_reloaded"})

    def run(self, *, stop_limit_s: float) -> None:
        """Serve until SIGTERM or SIGINT, read anew at SIGHUP. For the main thread, all three blocked in it before."""
        self._prompts.prepare(self._centre.prompts.values())
        self.server.start()
        log.info("The IVR listens on port %d.", self.server.port, extra={"action": "ivr_started"})
        while signal.sigwait(SIGNALS) == signal.SIGHUP:
            self.reload()
        log.info("The IVR stops; %d calls are here.", self.server.calls, extra={"action": "ivr_stopping"})
        self.server.stop(deadline_s=stop_limit_s)
        self._prompts.close()


SIGNALS: Final = frozenset({signal.SIGTERM, signal.SIGINT, signal.SIGHUP})
