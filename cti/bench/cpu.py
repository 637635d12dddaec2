"""Processor time of whole process trees, from /proc/PID/stat (proc(5)); user and system, children that ended included.

Used by the benchmarks around each segment. A process counts for its nearest named ancestor, so the supervisor's tree
does not hold the parts it started.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final

_TICK_MS: Final = 1000 / os.sysconf("SC_CLK_TCK")


def spent_ms(roots: Mapping[str, int]) -> dict[str, float]:
    """Milliseconds so far of each named process and its unnamed descendants; 0 for one that is gone."""
    seen = _processes()
    names = {pid: name for name, pid in roots.items()}
    spent = dict.fromkeys(roots, 0.0)
    for pid, (_, ticks) in seen.items():
        owner = _owner(pid, seen, names)
        if owner is not None:
            spent[owner] += ticks * _TICK_MS
    return spent


def used_ms(before: Mapping[str, float], after: Mapping[str, float]) -> dict[str, float]:
    """What was spent between two calls of `spent_ms`."""
    return {name: after[name] - before[name] for name in before}


def _owner(pid: int, seen: Mapping[int, tuple[int, int]], names: Mapping[int, str]) -> str | None:
    while pid in seen:
        if pid in names:
            return names[pid]
        pid = seen[pid][0]
    return None


def _processes() -> dict[int, tuple[int, int]]:
    """Parent and ticks of every process."""
    found = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text(errors="replace").rpartition(")")[2].split()
            except OSError:
                continue
            found[int(entry.name)] = (int(fields[1]), sum(map(int, fields[11:15])))
    return found
