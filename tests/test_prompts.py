"""Sounds: recordings first, speech cached, and never dead air. espeak-ng is the real one where a test needs a voice."""

import logging
import threading
import wave
from collections.abc import Iterator
from pathlib import Path

import pytest

from cti import config, prompts
from cti.config import Language, Prompt
from cti.errors import ConfigError, OutsideError
from cti.prompts import FALLBACK, Prompts, Speech

DEMO = Path(__file__).parents[1] / "asterisk-conf" / "centre.yaml"
HELLO = Prompt(key="hello", en="Good day.", ru="Добрый день.")


@pytest.fixture(scope="module")
def speech() -> Speech:
    found = Speech.find()
    if found is None:
        pytest.skip("espeak-ng is missing: `make setup` fetches it")
    return found


@pytest.fixture
def ready(tmp_path: Path, speech: Speech) -> Iterator[Prompts]:
    made = Prompts(tmp_path, speech=speech)
    yield made
    made.close()


def write_wav(path: Path, *, rate: int, channels: int = 1, seconds: float = 0.5) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with wave.open(str(path), "wb") as target:
        target.setnchannels(channels)
        target.setsampwidth(2)
        target.setframerate(rate)
        target.writeframes(b"\x10\x20" * (round(rate * seconds) * channels))


def shape(sound: str) -> tuple[int, int, int]:
    with wave.open(f"{sound}.wav") as source:
        return source.getnchannels(), source.getsampwidth(), source.getframerate()


def length_s(sound: str) -> float:
    with wave.open(f"{sound}.wav") as source:
        data = source.readframes(10_000_000)
    return len(data) / 2 / 8000


@pytest.mark.parametrize("language", Language)
def test_a_text_is_spoken_for_the_telephone_and_cached(ready: Prompts, tmp_path: Path, language: Language) -> None:
    sound = ready.sound(HELLO, language)
    assert sound.startswith(f"{tmp_path}/{language}/hello-")
    assert shape(sound) == (1, 2, 8000)
    assert 0.3 < length_s(sound) < 3
    made = Path(f"{sound}.wav").stat().st_mtime_ns
    again = Prompts(tmp_path, speech=None)
    assert again.sound(HELLO, language) == sound
    assert Path(f"{sound}.wav").stat().st_mtime_ns == made
    again.close()


def test_a_changed_text_is_a_new_file(ready: Prompts) -> None:
    changed = HELLO.model_copy(update={"en": "Good evening."})
    assert ready.sound(HELLO, Language.EN) != ready.sound(changed, Language.EN)


def test_without_sox_the_rate_is_brought_down_here(tmp_path: Path, speech: Speech) -> None:
    with_sox, without = (
        Prompts(tmp_path / name, speech=Speech(espeak=speech.espeak, sox=sox))
        for name, sox in (("with", speech.sox), ("without", None))
    )
    sounds = [each.sound(HELLO, Language.EN) for each in (with_sox, without)]
    assert [shape(sound) for sound in sounds] == [(1, 2, 8000)] * 2
    assert abs(length_s(sounds[0]) - length_s(sounds[1])) < 0.01
    with_sox.close()
    without.close()


@pytest.mark.parametrize("wav", [b"", b"RIFF", b"nonsense" * 20])
def test_what_is_no_sound_is_refused(wav: bytes) -> None:
    with pytest.raises(OutsideError):
        prompts.slowed(wav)


def test_a_recording_goes_before_the_voice(tmp_path: Path, speech: Speech) -> None:
    write_wav(tmp_path / "rec" / "en" / "hello.wav", rate=8000)
    made = Prompts(tmp_path / "cache", recorded=[tmp_path / "rec"], speech=speech)
    assert made.sound(HELLO, Language.EN) == str(tmp_path / "rec" / "en" / "hello")
    assert made.sound(HELLO, Language.RU).startswith(f"{tmp_path}/cache/ru/hello-")
    made.close()


def test_the_file_that_a_prompt_names_goes_before_its_key(tmp_path: Path) -> None:
    for name in ("hello", "studio/anna"):
        write_wav(tmp_path / "en" / f"{name}.wav", rate=8000)
    made = Prompts(tmp_path / "cache", recorded=[tmp_path], speech=None)
    named = HELLO.model_copy(update={"file": "studio/anna"})
    assert made.sound(named, Language.EN) == str(tmp_path / "en" / "studio" / "anna")
    made.close()


@pytest.mark.parametrize(("rate", "channels"), [(44_100, 2), (16_000, 1)])
def test_a_studio_recording_is_brought_to_the_telephone(
    tmp_path: Path, speech: Speech, rate: int, channels: int
) -> None:
    write_wav(tmp_path / "rec" / "en" / "hello.wav", rate=rate, channels=channels)
    for sox in {speech.sox, None}:
        made = Prompts(tmp_path / f"cache{bool(sox)}", recorded=[tmp_path / "rec"], speech=Speech(espeak=(), sox=sox))
        sound = made.sound(HELLO, Language.EN)
        assert shape(sound) == (1, 2, 8000)
        assert length_s(sound) == pytest.approx(0.5, abs=0.01)
        made.close()


def test_without_a_voice_there_is_one_warning_and_a_beep(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path))
    centre = config.load(DEMO)
    failed = prompts.render_all(centre, tmp_path / "prompts")
    assert failed == 2 * len(prompts.catalogue(centre))
    assert [record.levelno for record in caplog.records] == [logging.WARNING]
    assert "apt-get install espeak-ng" in caplog.text


def test_a_voice_that_fails_or_hangs_is_a_beep_in_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prompts, "WAIT_S", 0.2)
    monkeypatch.setattr(prompts, "RENDER_LIMIT_S", 1.0)
    for command in (("false",), ("sh", "-c", "exec sleep 5"), ("/no/such/program",), ("echo", "short")):
        made = Prompts(tmp_path, speech=Speech(espeak=command, sox=None))
        assert made.sound(HELLO, Language.EN) == FALLBACK
        assert made.spoken("12 roubles", Language.EN) == FALLBACK
        made.close()


def test_every_prompt_of_the_demo_centre_is_made_before_the_first_call(tmp_path: Path, speech: Speech) -> None:
    centre = config.load(DEMO)
    seen: list[tuple[int, int]] = []
    assert prompts.render_all(centre, tmp_path, progress=lambda done, of: seen.append((done, of))) == 0
    every = 2 * len(prompts.catalogue(centre))
    assert seen == [(done, every) for done in range(1, every + 1)]
    made = [path for path in tmp_path.glob("*/*.wav") if path.parent.name != prompts.NOTICES]
    assert len(made) == every
    assert not list(tmp_path.glob("*/.*"))


def test_many_who_need_one_sound_have_it_made_once(ready: Prompts, tmp_path: Path) -> None:
    log: list[str] = []
    gate = threading.Barrier(8)

    def caller() -> None:
        gate.wait()
        log.append(ready.spoken("Your balance is 5 roubles.", Language.EN))

    callers = [threading.Thread(target=caller) for _ in range(8)]
    for each in callers:
        each.start()
    for each in callers:
        each.join()
    assert len(set(log)) == 1
    assert FALLBACK not in log
    assert len(list((tmp_path / "en" / "said").iterdir())) == 1


def test_texts_of_calls_are_kept_up_to_a_number_the_last_used_longest(
    ready: Prompts, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(prompts, "MOST_SAID", 3)
    first = ready.spoken("number 0", Language.EN)
    for number in range(1, 6):
        ready.spoken(f"number {number}", Language.EN)
        assert ready.spoken("number 0", Language.EN) == first
    assert len(list((tmp_path / "en" / "said").iterdir())) == 3
    assert Path(f"{first}.wav").exists()


def test_a_text_is_data_to_the_voice(ready: Prompts, tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    for text in (f"$(touch {victim})", f"; touch {victim}", f"-w {victim}", "--version", "`id`"):
        assert ready.spoken(text, Language.EN) != FALLBACK
    assert not victim.exists()


def test_a_home_whose_path_asterisk_would_split_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="without & "):
        Prompts(tmp_path / "a&b", speech=None)
