"""`replay`: one day of mixed contacts, decided again; how much faster than the day itself, and is it the same day.

The day is made by the simulator and written as a journal; its replay reads the file, decides every event, compares
every decision and digests all of them. It is replayed in this process twice and once in each other Python that can
import what is needed, all with hash seeds of their own: equal digests, equal days.
"""

import asyncio
import os
import subprocess
import sys
import sysconfig
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

import cti
from cti.bench.result import Result
from cti.engine.replay import Outcome, replay
from cti.simulate.reading import parse
from cti.simulate.replications import play_once
from cti.store import journal as journals
from cti.store.recording import Recording

TIMES: Final = 3
CONTACTS: Final = 20_000
DAY: Final = """
name: One day of mixed contacts
lasts: 24h
drain: 0
queues:
  voice: {service_level_s: 20, priority: 3}
  sales: {service_level_s: 20, skills: {sales: 5}}
  chat: {service_level_s: 60, ring_limit_s: 30, priority: 1}
  mail: {service_level_s: 3600, ring_limit_s: 60}
agents:
  - {name: sales, count: 25, skills: {sales: 7}, capacity: blended, answer: {log_normal: {mean: 4, cv: 0.5}},
     no_answer: 0.005}
  - {name: day, count: 35, capacity: blended, shifts: ["00:00-08:00", "08:30-24:00"],
     answer: {log_normal: {mean: 4, cv: 0.5}}, breaks: ["12:00-12:30"], stagger: 10m}
arrivals:
  - {queue: voice, per_hour: 320, patience: {exponential: 4m}, service: {log_normal: {mean: 3m, cv: 0.8}},
     wrap_up: {exponential: 20}}
  - {queue: sales, per_hour: 100, patience: {exponential: 3m}, service: {log_normal: {mean: 4m, cv: 0.8}},
     wrap_up: {exponential: 30}}
  - {queue: chat, medium: chat, per_hour: 250, patience: {exponential: 10m}, service: {log_normal: {mean: 5m, cv: 0.7}}}
  - {queue: mail, medium: email, per_hour: 230, service: {log_normal: {mean: 5m, cv: 0.9}}, wrap_up: 5}
"""
_DIGEST: Final = (
    "import sys; from pathlib import Path; from cti.engine.replay import replay; from cti.store import journal; "
    "print(replay(lambda: journal.everything(Path(sys.argv[1]))).digest)"
)
_NAMES: Final = ("python3", "python3.11", "python3.12", "python3.13", "python3.14", "pypy3")
_LIMIT_S: Final = 300.0


async def measure(say: Callable[[str], None]) -> Result:
    """Make the day, replay it, and compare. Blocks for about half a minute."""
    return await asyncio.to_thread(_measure, say)


def _measure(say: Callable[[str], None]) -> Result:
    with tempfile.TemporaryDirectory(prefix="triune-") as folder:
        path = Path(folder) / "journal.sqlite"
        say("simulating the day")
        with Recording(path) as recording:
            report, _ = play_once(parse(DAY, file="day", beside=Path()), seed=1, sink=recording.append)
        outcomes: list[Outcome] = []
        cpu_s: list[float] = []
        for number in range(TIMES):
            say(f"replaying it, {number + 1} of {TIMES}")
            begun = time.thread_time()
            outcomes.append(replay(lambda: journals.everything(path)))
            cpu_s.append(time.thread_time() - begun)
        say("replaying it in other Pythons")
        others = _elsewhere(path)
        size = path.stat().st_size
    first = outcomes[0]
    digests = {outcome.digest for outcome in outcomes} | set(others.values())
    return Result(
        name="replay",
        figures={
            "times_real_time": max(outcome.times_real_time for outcome in outcomes),
            "times_real_time_by_cpu": first.span_ms / 1000 / min(cpu_s),
            "events_per_s": first.events / min(outcome.took_s for outcome in outcomes),
            "cpu_us_per_event": min(cpu_s) / first.events * 1e6,
            "contacts": report.arrived,
            "day_s": first.span_ms / 1000,
            "events": first.events,
            "decisions": first.decisions,
            "differences": len(first.differences),
            "digests_differing": len(digests) - 1,
            "other_pythons": len(others),
            "journal_bytes": size,
        },
        goals={
            "times_real_time": (">=", 10_000),
            "contacts": (">=", CONTACTS),
            "differences": ("<=", 0),
            "digests_differing": ("<=", 0),
        },
        notes=_notes(others, first.digest),
    )


def _notes(others: dict[str, str], digest: str) -> Sequence[str]:
    found = [
        f"Digest {digest}.",
        f"The fastest of {TIMES} replays; by CPU: with a core to itself. Reading the file is included.",
    ]
    found += [f"{name}: {'the same' if other == digest else other}." for name, other in others.items()]
    if not others:
        found.append("No other Python with the packages is installed here: only this one was tried.")
    return found


def _elsewhere(path: Path) -> dict[str, str]:
    """The digest that each other build of Python finds, by its name; those that lack packages are left out."""
    found: dict[str, str] = {}
    root = Path(cti.__file__).parents[1]
    known = {sys.version}
    for python in _others():
        version = _output([python, "-c", "import sys; print(sys.version)"], {})
        if version is None or version in known:
            continue
        known.add(version)
        # Of the same minor version it can use this one's compiled packages.
        shares = version.startswith(f"{sys.version_info.major}.{sys.version_info.minor}.")
        places = [str(root), sysconfig.get_path("purelib")] if shares else [str(root)]
        digest = _output([python, "-c", _DIGEST, str(path)], {"PYTHONPATH": os.pathsep.join(places)})
        if digest is not None:
            found[f"{python} ({version.split(' ')[0]})"] = digest
    return found


def _others() -> list[str]:
    """Every other interpreter on the path, and the system's own."""
    folders = [*os.get_exec_path(), "/usr/bin", "/usr/local/bin"]
    candidates = (Path(folder) / name for folder in dict.fromkeys(folders) for name in _NAMES)
    own = Path(sys.executable).resolve()
    return list(dict.fromkeys(str(one.resolve()) for one in candidates if one.exists() and one.resolve() != own))


def _output(command: list[str], environment: dict[str, str]) -> str | None:
    try:
        done = subprocess.run(
            command,
            env={**os.environ, **environment, "PYTHONHASHSEED": "random"},
            capture_output=True,
            text=True,
            timeout=_LIMIT_S,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip()
