"""What callers hear, as files that Asterisk can play: recordings where there are some, else text to speech.

Here: the sentences that every centre has (`OWN`; one of the same key in the centre file goes before), finding a
recording, speaking a text with espeak-ng, bringing either to 8 kHz 16-bit mono, and the cache of all that. Not here:
when a prompt is said (`ivr.flow`, the ACD) and playing it (`ivr.session`, `cti.asterisk`). The IVR and the engine ask
`Prompts` for sounds; `cti up` calls `render_all` so that the first caller finds everything ready.

A sound is named as Asterisk wants it: an absolute path without its ending. The cache is
`DIR/<language>/<key>-<hash>.wav`, the hash being of the text and the voice, so a changed text is a new file and files
never change. Texts that are made up per call stand in `DIR/<language>/said/`, the least recently used dropped. A text
reaches espeak-ng by its standard input only, never a command line.
"""

import array
import glob
import hashlib
import io
import itertools
import logging
import os
import subprocess
import sys
import threading
import wave
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final, Self

from cti import shipped, variables
from cti.config import Centre, Language, Prompt
from cti.errors import ConfigError, OutsideError, SetupFailed

log = logging.getLogger(__name__)


# -- the catalogue -----------------------------------------------------------------------------------------------------
class Own(StrEnum):
    """The prompts that every centre has: what the ACD tells those who wait. A number follows the first two."""

    QUEUE_POSITION = "queue_position"
    QUEUE_WAIT = "queue_wait"
    QUEUE_WAIT_SHORT = "queue_wait_short"
    CALLBACK_OFFER = "callback_offer"
    CALLBACK_PROMISED = "callback_promised"
    NO_AGENT = "no_agent"
    SURVEY_THANKS = "survey_thanks"
    RECORDING_NOTICE = "recording_notice"
    DESK_NUMBER = "desk_number"
    DESK_PIN = "desk_pin"
    DESK_WELCOME = "desk_welcome"
    DESK_WRONG = "desk_wrong"
    DESK_LOCKED = "desk_locked"
    DESK_LEFT = "desk_left"
    DESK_FAILED = "desk_failed"


_OWN_TEXTS: Final = {
    Own.QUEUE_POSITION: ("You are number", "Вы в очереди под номером"),
    Own.QUEUE_WAIT: ("The expected wait in minutes is about", "Ожидаемое время ответа в минутах: примерно"),
    Own.QUEUE_WAIT_SHORT: (
        "We expect to answer in less than a minute.",
        "Мы надеемся ответить меньше чем через минуту.",
    ),
    Own.CALLBACK_OFFER: (
        f"Press {variables.CALLBACK_KEY} and we will call you back. You keep your place in the queue.",
        f"Нажмите {variables.CALLBACK_KEY}, и мы вам перезвоним. Ваше место в очереди сохранится.",
    ),
    Own.CALLBACK_PROMISED: (
        "Thank you. We will call you back when it is your turn. Goodbye.",
        "Спасибо. Мы перезвоним вам, когда подойдёт ваша очередь. До свидания.",
    ),
    Own.NO_AGENT: (
        "We called you, and are sorry that nobody is free to talk to you just now. You need not do anything. Goodbye.",
        "Мы позвонили вам, но сейчас все сотрудники заняты. Приносим извинения. До свидания.",
    ),
    Own.SURVEY_THANKS: ("Thank you. Goodbye.", "Спасибо. До свидания."),
    Own.RECORDING_NOTICE: (
        "This call is recorded.",
        "Разговор записывается.",
    ),
    Own.DESK_NUMBER: ("Enter your number, then the hash key.", "Введите ваш номер и нажмите решётку."),
    Own.DESK_PIN: ("Enter your PIN, then the hash key.", "Введите ваш ПИН и нажмите решётку."),
    Own.DESK_WELCOME: ("You are logged in at this phone.", "Вы вошли на этом телефоне."),
    Own.DESK_WRONG: ("That was not right.", "Неверно."),
    Own.DESK_LOCKED: (
        "Too many wrong tries. Your PIN is locked for fifteen minutes.",
        "Слишком много неверных попыток. Ваш ПИН заблокирован на пятнадцать минут.",
    ),
    Own.DESK_LEFT: ("You have left this phone.", "Вы вышли с этого телефона."),
    Own.DESK_FAILED: ("This cannot be done now. Please try again later.", "Сейчас это невозможно. Попробуйте позже."),
}
OWN: Final = {str(key): Prompt(key=key, en=en, ru=ru) for key, (en, ru) in _OWN_TEXTS.items()}


def said_by_acd(centre: Centre) -> dict[str, Prompt]:
    """What the engine has said, by its key: our own sentences, greetings of voicemail boxes and campaigns' messages."""
    said = {place.voicemail.prompt for place in centre.destinations.values() if place.voicemail is not None}
    said |= {campaign.message for campaign in centre.campaigns.values() if campaign.message is not None}
    return {key: prompt for key, prompt in catalogue(centre).items() if key in OWN or key in said}


def catalogue(centre: Centre) -> dict[str, Prompt]:
    """Every prompt of the centre by its key: its own sentences, then ours that it does not replace."""
    return {**OWN, **centre.prompts}


NOTICES: Final = "notices"
"""Folder of the cache where the dialplan finds `RECORDING_NOTICE` by the language's name alone."""
FALLBACK: Final = "beep"
"""Asterisk's own sound, in place of a prompt that cannot be had: a caller must not meet dead air."""
WAIT_S: Final = 2.0
"""How long a caller waits for a sound that is still being made."""
RENDER_LIMIT_S: Final = 20.0
"""Longest time one program may take over one text."""
MOST_SAID: Final = 1000
"""Files kept, per language, of texts made up per call."""
_RATE: Final = 8000
_VOICES: Final = {Language.EN: ("-v", "en-us", "-s", "150"), Language.RU: ("-v", "ru", "-s", "145")}
_RECORDINGS: Final = ("wav", "sln", "ulaw", "alaw", "g722")
"""Endings that the written module list can play; a WAV of another rate is brought to 8 kHz."""


# -- text to speech ----------------------------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True, kw_only=True)
class Speech:
    """The programs that speak: the beginnings of their command lines. Without sox the rate is brought down here."""

    espeak: tuple[str, ...]
    sox: tuple[str, ...] | None

    @classmethod
    def find(cls) -> Self | None:
        """What this machine has; None, and one warning with the next step, when nothing can speak."""
        from cti.setup import speech

        try:
            espeak = speech.find_espeak()
        except SetupFailed as error:
            log.warning(
                "There is no text to speech: callers hear a beep instead of each prompt that is not recorded. "
                "Run `make setup`, or `apt-get install espeak-ng sox`. (%s)",
                error,
            )
            return None
        try:
            return cls(espeak=espeak, sox=speech.find_sox())
        except SetupFailed:
            return cls(espeak=espeak, sox=None)

    def speak(self, text: str, language: Language) -> bytes:
        """The text as a WAV file for the telephone. Blocks for some 50 ms; raises OutsideError."""
        loud = _run((*self.espeak, "--stdin", "--stdout", "-b", "1", *_VOICES[language]), text.encode())
        return self.for_telephone(loud)

    def for_telephone(self, wav: bytes) -> bytes:
        """A WAV file of any rate as 8 kHz, 16 bit, mono. Raises OutsideError."""
        if self.sox is not None:
            wanted = ("-t", "wav", "-r", str(_RATE), "-b", "16", "-c", "1", "-")
            # espeak-ng cannot know its length when it writes the header.
            return _run((*self.sox, "-V1", "--ignore-length", "-t", "wav", "-", *wanted), wav)
        return slowed(wav)


def _run(command: Sequence[str], given: bytes) -> bytes:
    program = Path(command[0]).name
    try:
        done = subprocess.run(command, input=given, capture_output=True, timeout=RENDER_LIMIT_S, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        # The cause of a time-out carries the text; a text may tell a balance.
        raise OutsideError(f"{program} failed: {type(error).__name__}.") from None
    if done.returncode or len(done.stdout) <= 44:
        raise OutsideError(f"{program} failed with {done.returncode}.")
    return done.stdout


def slowed(wav: bytes) -> bytes:
    """A 16-bit PCM WAV file brought to 8 kHz mono.

    Each sample is the mean of those that it covers, which damps what would alias. Raises OutsideError
    when it is no such file.
    """
    try:
        with wave.open(io.BytesIO(wav)) as source:
            channels, width, rate = source.getnchannels(), source.getsampwidth(), source.getframerate()
            samples = array.array("h", source.readframes(len(wav)))
    except (wave.Error, EOFError, ValueError):
        raise OutsideError("This is no WAV file that can be read.") from None
    if width != 2 or rate < _RATE:
        raise OutsideError(f"A WAV file of {8 * width} bit and {rate} Hz cannot be used without sox.")
    if sys.byteorder == "big":
        samples.byteswap()
    upto = list(itertools.accumulate(samples[::channels], initial=0))
    edges = [index * rate // _RATE for index in range((len(upto) - 1) * _RATE // rate + 1)]
    means = array.array("h", ((upto[b] - upto[a]) // (b - a) for a, b in itertools.pairwise(edges)))
    if sys.byteorder == "big":
        means.byteswap()
    target = io.BytesIO()
    with wave.open(target, "wb") as written:
        written.setnchannels(1)
        written.setsampwidth(2)
        written.setframerate(_RATE)
        written.writeframes(means.tobytes())
    return target.getvalue()


# -- the cache ---------------------------------------------------------------------------------------------------------
class Prompts:
    """Sounds by prompt and language, made when first needed: `workers` threads for the catalogue, as many for callers.

    Any thread may ask; whoever asks for a sound that is under way waits for it, at most `WAIT_S`.
    """

    def __init__(
        self, directory: Path, *, recorded: Sequence[Path] | None = None, speech: Speech | None, workers: int = 2
    ) -> None:
        """`recorded` are folders with `<language>/<name>.wav`, the first that has one wins; without them `directory`
        itself and `asterisk-conf/prompts`. Raises ConfigError.
        """
        if any(mark in str(directory) for mark in "&|\n"):
            raise ConfigError(f"Asterisk cannot play from {directory}: choose a --home without & | in its path.")
        self._directory = directory.absolute()
        self._recorded = (directory, shipped.asterisk_conf() / "prompts") if recorded is None else tuple(recorded)
        self._speech = speech
        # A caller who needs a sound now does not queue behind the whole catalogue.
        self._catalogue = ThreadPoolExecutor(max_workers=workers, thread_name_prefix="prompts")
        self._urgent = ThreadPoolExecutor(max_workers=workers, thread_name_prefix="prompts-now")
        self._lock = threading.Lock()
        self._ready: dict[tuple[Prompt, Language], str] = {}
        self._under_way: dict[Path, Future[bool]] = {}
        self._said_since_sweep = 0

    def prepare(self, wanted: Iterable[Prompt]) -> list[Future[str]]:
        """Have these prompts made in the background. Recordings are looked for anew."""
        with self._lock:
            self._ready.clear()
        return [
            self._catalogue.submit(self._find, prompt, language, limit_s=None)
            for prompt in wanted
            for language in Language
        ]

    def sound(self, prompt: Prompt, language: Language) -> str:
        """The prompt's sound, or `FALLBACK`. Waits at most `WAIT_S`."""
        ready = self._ready.get((prompt, language))
        return ready if ready is not None else self._find(prompt, language, limit_s=WAIT_S)

    def ready(self, prompt: Prompt, language: Language) -> str | None:
        """The prompt's sound when `prepare` has found or made it; else None. Never waits."""
        return self._ready.get((prompt, language))

    def spoken(self, text: str, language: Language) -> str:
        """A text that is made up for this call, or `FALLBACK`. Waits at most `WAIT_S`."""
        target = self._directory / language / "said" / f"{_hash(text, language)}.wav"
        try:
            os.utime(target)  # used just now: stays longest
        except OSError:
            if not self._make(target, lambda speech: speech.speak(text, language), limit_s=WAIT_S):
                return FALLBACK
            self._sweep(target.parent)
        return str(target.with_suffix(""))

    def close(self) -> None:
        """Take no more work; what runs now ends by itself."""
        for pool in (self._catalogue, self._urgent):
            pool.shutdown(wait=False, cancel_futures=True)

    def _find(self, prompt: Prompt, language: Language, *, limit_s: float | None) -> str:
        recording = self._recording(prompt, language)
        if recording is not None and _is_for_telephone(recording):
            found = str(recording.with_suffix(""))
        else:
            target, make = self._order(prompt, language, recording)
            if not target.exists() and not self._make(target, make, limit_s=limit_s):
                return FALLBACK
            found = str(target.with_suffix(""))
        if prompt.key == Own.RECORDING_NOTICE:
            self._name_for_dialplan(found, language)
        self._ready[prompt, language] = found
        return found

    def _name_for_dialplan(self, sound: str, language: Language) -> None:
        """Let `NOTICES/<language>` be this sound; without it callers are not told, and not recorded."""
        folder = self._directory / NOTICES
        folder.mkdir(parents=True, exist_ok=True)
        of = Path(sound)
        for path in (one for one in of.parent.glob(f"{glob.escape(of.name)}.*") if one.suffix[1:] in _RECORDINGS):
            link = folder / f".{language}.{os.getpid()}.{threading.get_ident()}"
            link.unlink(missing_ok=True)
            link.symlink_to(path)
            link.replace(folder / f"{language}{path.suffix}")

    def _recording(self, prompt: Prompt, language: Language) -> Path | None:
        names = (prompt.file, prompt.key) if prompt.file else (prompt.key,)
        candidates = (
            folder.absolute() / language / f"{name}.{ending}"
            for folder in self._recorded
            for name in names
            for ending in _RECORDINGS
        )
        return next((path for path in candidates if path.is_file()), None)

    def _order(
        self, prompt: Prompt, language: Language, recording: Path | None
    ) -> tuple[Path, Callable[[Speech], bytes]]:
        """Where the sound is to stand, and how it is made."""
        folder = self._directory / language
        if recording is None:
            text = prompt.text(language)
            return folder / f"{prompt.key}-{_hash(text, language)}.wav", lambda speech: speech.speak(text, language)
        content = recording.read_bytes()
        name = f"{prompt.key}-{hashlib.blake2b(content, digest_size=8).hexdigest()}.wav"
        return folder / name, lambda speech: speech.for_telephone(content)

    def _make(self, target: Path, make: Callable[[Speech], bytes], *, limit_s: float | None) -> bool:
        """Have `target` made, once however many ask. False when that failed or takes longer than `limit_s`.

        Without a limit it is made in this thread.
        """
        if self._speech is None:
            return False
        with self._lock:
            others = self._under_way.get(target)
            under_way = self._under_way.setdefault(target, Future()) if others is None else others
        if others is None:
            order = (target, make, self._speech, under_way)
            if limit_s is None:
                self._write(*order)
            else:
                try:
                    self._urgent.submit(self._write, *order)
                except RuntimeError:  # closed
                    self._end(target, under_way, made=False)
        try:
            return under_way.result(timeout=limit_s)
        except (TimeoutError, CancelledError):
            return False

    def _write(self, target: Path, make: Callable[[Speech], bytes], speech: Speech, under_way: Future[bool]) -> None:
        made = False
        try:
            content = make(speech)
            target.parent.mkdir(parents=True, exist_ok=True)
            temporary = target.with_name(f".{target.stem}.{os.getpid()}")
            temporary.write_bytes(content)
            temporary.replace(target)
            made = True
        except (OutsideError, OSError) as error:
            log.warning("The prompt %s could not be made: %s", target.stem, error)
        finally:
            self._end(target, under_way, made=made)

    def _end(self, target: Path, under_way: Future[bool], *, made: bool) -> None:
        with self._lock:
            del self._under_way[target]
        under_way.set_result(made)

    def _sweep(self, folder: Path) -> None:
        """Now and then drop the least recently used texts beyond `MOST_SAID`."""
        with self._lock:
            self._said_since_sweep += 1
            if self._said_since_sweep % max(1, MOST_SAID // 10):
                return
        aged = []
        for entry in os.scandir(folder):
            try:
                aged.append((entry.stat().st_mtime_ns, entry.path))
            except FileNotFoundError:
                continue  # swept by another
        for _, path in sorted(aged, reverse=True)[MOST_SAID:]:
            Path(path).unlink(missing_ok=True)


def render_all(
    centre: Centre,
    directory: Path,
    *,
    recorded: Sequence[Path] | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> int:
    """Make every prompt of the centre; returns how many had to be left to `FALLBACK`.

    `progress` is told (done, all) after each. Blocks: about 50 ms a prompt that is not in the cache yet.
    """
    prompts = Prompts(directory, recorded=recorded, speech=Speech.find())
    failed = 0
    try:
        orders = prompts.prepare(catalogue(centre).values())
        for done, order in enumerate(orders, start=1):
            failed += order.result() == FALLBACK
            if progress is not None:
                progress(done, len(orders))
    finally:
        prompts.close()
    return failed


def _hash(text: str, language: Language) -> str:
    return hashlib.blake2b("\0".join((*_VOICES[language], text)).encode(), digest_size=8).hexdigest()


def _is_for_telephone(recording: Path) -> bool:
    """Anything but a WAV is what its ending says."""
    if recording.suffix != ".wav":
        return True
    try:
        with wave.open(str(recording)) as source:
            return (source.getnchannels(), source.getsampwidth(), source.getframerate()) == (1, 2, _RATE)
    except (wave.Error, EOFError):
        return False
