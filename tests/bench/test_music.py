"""What counts as music, and as a gap in it."""

import random
import socket

from cti.bench.music import Listener, silence, sounds
from cti.bench.registration import Registration


def test_noise_sounds_and_silence_does_not() -> None:
    assert sounds(random.Random(1).randbytes(160))
    assert not sounds(b"\xff" * 160)
    assert not sounds(b"\x7f\xff\xfe" * 50)
    assert not sounds(b"")
    assert not sounds(silence(70_000)[12:])


def test_a_gap_reaches_from_one_sound_to_the_next_and_to_both_ends() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as media:
        listener = Listener(media)
        assert not listener.hears
        listener.sounds_at(1.0)
        listener.sounds_at(1.02)
        listener.sounds_at(1.5)
        assert round(listener.longest_gap_s(1.0, 1.6), 2) == 0.48
        assert round(listener.longest_gap_s(0.2, 1.6), 2) == 0.8
        assert round(listener.longest_gap_s(1.0, 3.0), 2) == 1.5
        assert listener.longest_gap_s(5.0, 6.0) == 1.0


def test_a_registration_answers_the_challenge_of_rfc_2617() -> None:
    phone = Registration(user="u", secret="s", registrar="127.0.0.1:5060", me="127.0.0.1:5070")
    plain = phone.request(1).decode()
    assert "Authorization" not in plain
    answered = phone.request(2, 'WWW-Authenticate: Digest realm="triune",nonce="n/1",qop="auth",algorithm=MD5').decode()
    assert 'realm="triune", nonce="n/1", uri="sip:127.0.0.1:5060"' in answered
    assert "nc=00000001, qop=auth" in answered
