"""The AGI connection against a scripted Asterisk on a real socket: what is sent, and every way a caller can leave."""

import contextlib
import logging
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from asterisk.agi import AGIError

from ivr.session import CallerGone, LineGone, Session
from tests.running import PATIENCE_S

PARTICULARS = "agi_network: yes\nagi_network_script: menu/main\nagi_extension: +78005550100\nagi_language: en\n\n"


class Peer:
    """Asterisk's side: answers each command with the next line of its script."""

    def __init__(self, line: socket.socket, replies: list[str | None]) -> None:
        self.heard: list[str] = []
        self._line = line
        self._replies = replies

    def run(self) -> None:
        with contextlib.suppress(ConnectionError), self._line, self._line.makefile("rb") as reader:
            self._line.sendall(PARTICULARS.encode())
            for reply in self._replies:
                command = reader.readline().decode()
                if not command:
                    return
                self.heard.append(command)
                if reply is None:
                    return
                self._line.sendall(reply.encode() + b"\n")
            self.heard += [line.decode() for line in reader]


@contextmanager
def session(*replies: str | None) -> Iterator[tuple[Session, Peer]]:
    """A session whose peer gives these replies; None is the end of the connection. Off the main thread on purpose."""
    ours, theirs = socket.socketpair()
    ours.settimeout(5)
    peer = Peer(theirs, list(replies))
    thread = threading.Thread(target=peer.run)
    thread.start()
    try:
        with ours, ours.makefile("rb") as reader:
            yield Session(ours, reader), peer
    finally:
        ours.close()
        thread.join(timeout=PATIENCE_S)
        assert not thread.is_alive()


def test_a_session_begins_off_the_main_thread() -> None:
    """pyst2's own constructor sets a signal handler, which only the main thread may."""
    found: list[str] = []

    def lead() -> None:
        with session() as (agi, _):
            found.append(agi.env["agi_extension"])

    thread = threading.Thread(target=lead)
    thread.start()
    thread.join(timeout=PATIENCE_S)
    assert found == ["+78005550100"]


@pytest.mark.parametrize(
    ("reply", "key"),
    [
        ("200 result=2", "2"),
        ("200 result=*", "*"),
        ("200 result=", "#"),
        ("200 result= (timeout)", ""),
        ("200 result=7 (timeout)", "7"),
        ("200 result=rm$(x)", ""),
    ],
)
def test_the_last_sound_is_played_and_one_key_taken_by_one_command(reply: str, key: str) -> None:
    with session("200 result=0 endpos=99", reply) as (agi, peer):
        assert agi.ask(["/p/en/welcome-1", "/p/en/menu-2"], timeout_ms=5000, limit_s=5) == key
    assert peer.heard == [
        'STREAM FILE "/p/en/welcome-1" "0123456789*#"\n',
        'GET DATA "/p/en/menu-2" 5000 1\n',
    ]


def test_a_key_in_the_greeting_is_the_answer_to_the_menu() -> None:
    with session("200 result=50 endpos=99") as (agi, peer):
        assert agi.ask(["/p/en/welcome-1", "/p/en/menu-2"], timeout_ms=5000, limit_s=5) == "2"
    assert len(peer.heard) == 1


@pytest.mark.parametrize(
    ("rest", "keys"), [("00001", "100001"), ("00 (timeout)", "100"), ("", "1"), (" (timeout)", "1")]
)
def test_a_digit_typed_ahead_is_the_first_of_those_collected(rest: str, keys: str) -> None:
    with session("200 result=49 endpos=99", f"200 result={rest}") as (agi, peer):
        assert agi.collect(["/p/wrong", "/p/ask"], most=6, timeout_ms=7000, limit_s=5) == keys
    assert peer.heard[1] == 'GET DATA "" 7000 5\n'


@pytest.mark.parametrize(
    ("reply", "keys"),
    [
        ("200 result=100001", "100001"),
        ("200 result=1 (timeout)", "1"),
        ("200 result=", ""),
        ("200 result= (timeout)", ""),
    ],
)
def test_digits_are_collected_until_the_last_or_the_hash_key(reply: str, keys: str) -> None:
    with session(reply) as (agi, peer):
        assert agi.collect(["/p/ask"], most=6, timeout_ms=7000, limit_s=5) == keys
    assert peer.heard == ['GET DATA "/p/ask" 7000 6\n']


def test_variables_are_set_by_one_command() -> None:
    with session("200 result=0") as (agi, peer):
        agi.set_variables({"TRIUNE_QUEUE": "sales", "TRIUNE_PATH": "main:9;main:*;main:#", "CHANNEL(language)": "ru"})
    assert peer.heard == ['EXEC MSet "TRIUNE_QUEUE=sales,TRIUNE_PATH=main:9;main:*;main:#,CHANNEL(language)=ru"\n']


@pytest.mark.parametrize("value", ["a,b", 'a"b', "a\nb", "${SHELL(id)}", "a b"])
def test_a_value_that_could_be_taken_apart_is_refused(value: str) -> None:
    with session() as (agi, peer), pytest.raises(ValueError, match="cannot be set"):
        agi.set_variables({"TRIUNE_PATH": value})
    assert peer.heard == []


def test_what_is_quoted_stays_one_argument_and_one_command() -> None:
    with session("200 result=1") as (agi, peer):
        agi.set_variable("X", 'a" b\\" \nEXEC System "id"\r\x00')
    assert peer.heard == ['SET VARIABLE "X" "a\\" b\\\\\\"  EXEC System \\"id\\"  "\n']


@pytest.mark.parametrize("name", ["x\nEXEC System id", "x" * 2100, "я" * 1100])
def test_an_inherited_verb_that_does_not_quote_cannot_send_a_second_command(name: str) -> None:
    with session() as (agi, peer), pytest.raises(ValueError, match="cannot be sent"):
        agi.stream_file(name)
    assert peer.heard == []


LEAVINGS: dict[str, list[str | None]] = {
    "a HANGUP line": ["HANGUP"],
    "a dead channel": ["511 result=-1 Command Not Permitted on a dead channel or intercept routine"],
    "hangup in the note": ["200 result=-1 (hangup)"],
    "the end of the line": [None],
    "-1 and then a dead channel": ["200 result=-1", "511 result=-1 Command Not Permitted on a dead channel"],
    "-1 and then HANGUP": ["200 result=-1\nHANGUP", "200 result=0"],
    "half a line": ["200 resu", None],
}
VERBS: dict[str, Callable[[Session], object]] = {
    "ask": lambda agi: agi.ask(["/p"], timeout_ms=10, limit_s=5),
    "collect": lambda agi: agi.collect(["/p"], most=4, timeout_ms=10, limit_s=5),
    "say": lambda agi: agi.say(["/p"], limit_s=5),
}


@pytest.mark.lesson(23)
@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize("leaving", LEAVINGS)
def test_a_caller_who_leaves_is_one_quiet_exception(leaving: str, verb: str) -> None:
    if leaving == "half a line":
        ours, theirs = socket.socketpair()
        with ours, ours.makefile("rb") as reader:
            theirs.sendall(PARTICULARS.encode() + b"200 resu")
            theirs.close()
            with pytest.raises(LineGone):
                VERBS[verb](Session(ours, reader))
        return
    with session(*LEAVINGS[leaving]) as (agi, _), pytest.raises(CallerGone) as caught:
        VERBS[verb](agi)
    died = leaving == "the end of the line"
    assert isinstance(caught.value, LineGone) is died, "Asterisk tells of a caller who hangs up"


@pytest.mark.lesson(23)
def test_a_broken_pipe_is_asterisks_own_end() -> None:
    ours, theirs = socket.socketpair()
    with ours, ours.makefile("rb") as reader:
        theirs.sendall(PARTICULARS.encode())
        agi = Session(ours, reader)
        theirs.close()
        for verb in VERBS.values():
            with pytest.raises(LineGone):
                verb(agi)


def test_a_hang_up_that_was_told_before_the_line_broke_is_one() -> None:
    for verb in VERBS.values():
        ours, theirs = socket.socketpair()
        with ours, ours.makefile("rb") as reader:
            theirs.sendall(PARTICULARS.encode())
            agi = Session(ours, reader)
            theirs.sendall(b"HANGUP\n")
            theirs.close()
            with pytest.raises(CallerGone) as caught:
                verb(agi)
            assert not isinstance(caught.value, LineGone)


@pytest.mark.lesson(23)
def test_hanging_up_a_caller_who_has_left_is_no_error() -> None:
    with session("HANGUP") as (agi, peer):
        agi.hang_up()
    assert peer.heard == ["HANGUP\n"]


@pytest.mark.lesson(12)
def test_a_silent_asterisk_is_given_up_at_the_deadline() -> None:
    ours, theirs = socket.socketpair()
    with theirs, ours, ours.makefile("rb") as reader:
        theirs.sendall(PARTICULARS.encode())
        with pytest.raises(CallerGone):
            Session(ours, reader).ask(["/p"], timeout_ms=10, limit_s=0.05)


def test_a_sound_that_cannot_be_played_still_waits_for_a_key() -> None:
    with session("200 result=-1", "200 result=6", "200 result=2") as (agi, peer):
        assert agi.ask(["/missing"], timeout_ms=5000, limit_s=5) == "2"
    assert peer.heard[1:] == ["CHANNEL STATUS\n", 'GET DATA "" 5000 1\n']


@pytest.mark.parametrize(
    "reply", ["510 Invalid or unknown command", "520-Usage\nEXEC what\n520 End of proper usage.", "?"]
)
def test_a_refused_command_is_an_error_and_no_hang_up(reply: str) -> None:
    with session(reply) as (agi, _), pytest.raises(AGIError) as caught:
        agi.ask(["/p"], timeout_ms=10, limit_s=5)
    assert not isinstance(caught.value, CallerGone)


def test_nothing_that_is_typed_reaches_a_log_or_the_screen(
    capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    with session("200 result=4711") as (agi, _):
        assert agi.collect(["/p/pin"], most=4, timeout_ms=10, limit_s=5) == "4711"
    out, err = capfd.readouterr()
    assert "4711" not in out + err + caplog.text


@pytest.mark.parametrize(
    "particulars", ["agi_x: 1\n" * 300 + "\n", "agi_x: " + "x" * 9000 + "\n\n", "agi_request: x\n"]
)
def test_endless_particulars_are_no_call(particulars: str) -> None:
    ours, theirs = socket.socketpair()
    with ours, ours.makefile("rb") as reader:
        theirs.sendall(particulars.encode())
        theirs.close()
        with pytest.raises(CallerGone):
            Session(ours, reader)
