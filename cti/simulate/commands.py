"""`cti simulate`: plays a scenario, compares two, or asks a journal what would have been.

Here: options, the progress bar, and which output goes where. Figures go to standard output, everything else to
standard error.
"""

import contextlib
import json
from collections.abc import Iterator
from pathlib import Path

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from cti.errors import ConfigError, OutsideError
from cti.simulate import plots, reading, tables, whatif
from cti.simulate.counts import Figures
from cti.simulate.fitted import History
from cti.simulate.replications import Outcome, Watch, play
from cti.simulate.scenario import Scenario
from cti.simulate.world import Sink
from cti.store import written
from cti.store.recording import Recording

_FILE = click.Path(path_type=Path, dir_okay=False)
_Validation = dict[str, tuple[Figures, list[Figures]]]
"""Of a whole day and of each queue: how it was measured, and what came of playing it."""


@click.command()
@click.argument("scenario", required=False, type=_FILE)
@click.option("--compare", nargs=2, type=_FILE, metavar="A B", help="Play two scenarios in step; print B less A.")
@click.option(
    "--from-journal", type=click.Path(path_type=Path), metavar="HOME|FILE", help="Play a remembered day anew."
)
@click.option("--agents", type=int, default=0, metavar="+N|-N", help="So many agents more or fewer.")
@click.option("--seed", type=int, help="Other random numbers than the scenario's.")
@click.option("--replications", type=click.IntRange(1, 10_000), help="How often, instead of what the scenario says.")
@click.option("--plots", "plots_file", type=_FILE, metavar="FILE.html", help="Write curves of waits and load.")
@click.option("--journal", "journal_file", type=_FILE, metavar="FILE.sqlite", help="Write the first day as a journal.")
@click.option("--json", "as_json", is_flag=True, help="Print figures as JSON.")
def simulate(
    *,
    scenario: Path | None,
    compare: tuple[Path, Path] | None,
    from_journal: Path | None,
    agents: int,
    seed: int | None,
    replications: int | None,
    plots_file: Path | None,
    journal_file: Path | None,
    as_json: bool,
) -> None:
    """Play a centre's day with its own ACD: SCENARIO, a YAML file.

    With --from-journal SCENARIO is optional and only says what is to be different from the day that the journal holds.
    """
    if compare:
        if scenario or from_journal or agents or journal_file or plots_file:
            raise click.UsageError("--compare takes its two files, --seed, --replications and --json only.")
        _compare(compare, seed=seed, replications=replications, as_json=as_json)
        return
    if from_journal is None and scenario is None:
        raise click.UsageError("Name a scenario file, or --compare A B, or --from-journal HOME.")
    validation: _Validation = {}
    unchanged: Outcome | None = None
    if from_journal is not None:
        unchanged, wanted = _remembered(
            from_journal, scenario, agents, validation, seed=seed, replications=replications
        )
    else:
        assert scenario is not None
        wanted = whatif.with_agents(reading.load(scenario), agents)
    if unchanged is not None and wanted is unchanged.scenario and journal_file is None:
        outcome = unchanged
    else:
        with _journal(journal_file) as sink:
            outcome = _played(wanted, seed=seed, replications=replications, sink=sink)
    against = None if unchanged is outcome else unchanged
    if plots_file is not None:
        _write(plots_file, plots.page(outcome))
    if as_json:
        _print_json(outcome, against, validation)
    else:
        _print_tables(outcome, against, validation)


def _print_json(outcome: Outcome, against: Outcome | None, validation: _Validation) -> None:
    told = tables.as_json(outcome)
    if validation:
        told["validation"] = tables.validation_as_json(validation)
    if against is not None:
        told["differences"] = tables.differences_as_json(against, outcome)
    click.echo(json.dumps(told, ensure_ascii=False, indent=2))


def _print_tables(outcome: Outcome, against: Outcome | None, validation: _Validation) -> None:
    console = Console(highlight=False)
    if validation:
        tables.show_validation(validation, console)
    tables.show(outcome, console)
    if against is not None:
        tables.show_comparison(against, outcome, console)


def _compare(files: tuple[Path, Path], *, seed: int | None, replications: int | None, as_json: bool) -> None:
    before, after = (reading.load(file) for file in files)
    # In step: both with the first one's seed and number of replications, unless told otherwise.
    seed = before.seed if seed is None else seed
    replications = replications or before.replications
    first = _played(before, seed=seed, replications=replications)
    second = _played(after, seed=seed, replications=replications)
    if as_json:
        click.echo(json.dumps(tables.comparison_as_json(first, second), ensure_ascii=False, indent=2))
    else:
        tables.show_comparison(first, second, Console(highlight=False))


def _remembered(
    source: Path,
    overrides: Path | None,
    agents: int,
    validation: _Validation,
    *,
    seed: int | None,
    replications: int | None,
) -> tuple[Outcome, Scenario]:
    """The day of a journal played as it was, and as it is to be; how well it is met goes into `validation`."""
    try:
        journal = written.journal_of(source)
    except OutsideError as error:
        raise ConfigError(str(error)) from error
    changes = None if overrides is None else reading.load_overrides(overrides)
    with Console(stderr=True).status("Reading the journal …"):
        history = History(written.entries(journal))
        measured = history.measured()
    unchanged = history.scenario(name=f"{source.name or source} as it was")
    again = _played(unchanged, seed=seed, replications=replications)
    validation["all of it"] = (measured.total, again.total)
    for key, figures in measured.queues.items():
        if figures.get("offered"):
            validation[f"queue {key}"] = (figures, again.queues.get(key, []))
    half_ms = history.halves_at()
    if half_ms is not None:
        later = _played(
            history.scenario(name="the second half, learnt from the first", learn_until_ms=half_ms),
            seed=seed,
            replications=replications,
        )
        validation["held out: second half"] = (history.measured(since_ms=half_ms).total, later.total)
    wanted = unchanged if changes is None else whatif.with_overrides(unchanged, changes)
    wanted = whatif.with_agents(wanted, agents)
    if wanted == unchanged:
        return again, unchanged
    return again, wanted.model_copy(update={"name": f"{source.name or source}, what if"})


def _played(scenario: Scenario, *, seed: int | None, replications: int | None, sink: Sink | None = None) -> Outcome:
    with _progress(scenario, replications or scenario.replications) as watch:
        return play(scenario, seed=seed, replications=replications, sink=sink, watch=watch)


@contextlib.contextmanager
def _progress(scenario: Scenario, replications: int) -> Iterator[Watch | None]:
    """A bar on a terminal, nothing elsewhere."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield None
        return
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.percentage:>3.0f} %"))
    with Progress(*columns, TimeRemainingColumn(), console=console, transient=True) as progress:
        task = progress.add_task(scenario.name, total=float(replications))
        yield lambda number, share: progress.update(task, completed=number + share)


@contextlib.contextmanager
def _journal(file: Path | None) -> Iterator[Sink | None]:
    if file is None:
        yield None
        return
    with Recording(file) as recording:
        yield recording.append


def _write(file: Path, text: str) -> None:
    try:
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise OutsideError(f"{file} cannot be written: {error.strerror}.", transient=False) from error
