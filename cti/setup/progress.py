"""How set-up tells what it is doing: a bar on a terminal, one plain line per step elsewhere.

Called by whatever of set-up takes longer than a moment.
"""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, MofNCompleteColumn, Progress, ProgressColumn, TextColumn

Advance = Callable[[float], None]
"""Takes how much is done in all so far, in the unit of the step's total."""


def say(sentence: str) -> None:
    """One line for the person who waits."""
    sys.stdout.write(sentence + "\n")
    sys.stdout.flush()


def warn(sentence: str) -> None:
    """One line about something that works, but not as it should."""
    sys.stderr.write(f"Warning: {sentence}\n")
    sys.stderr.flush()


@contextmanager
def step(title: str, *, total: float, in_bytes: bool = False) -> Iterator[Advance]:
    """Show `title` with its progress; the block calls what it is given with the amount done so far."""
    console = Console()
    if not console.is_terminal:
        say(title)
        yield _quarters(total)
        return
    amount: ProgressColumn = DownloadColumn() if in_bytes else MofNCompleteColumn()
    with Progress(TextColumn("{task.description}"), BarColumn(), amount, console=console) as bar:
        task = bar.add_task(title, total=total)
        yield lambda done: bar.update(task, completed=done)


def _quarters(total: float) -> Advance:
    """Without a terminal: a line at each quarter, so that a log shows that it moves and stays short."""
    shown = 0

    def advance(done: float) -> None:
        nonlocal shown
        quarter = int(4 * done / total) if total else 4
        if quarter > shown:
            shown = quarter
            say(f"  {min(quarter, 4) * 25} %")

    return advance
