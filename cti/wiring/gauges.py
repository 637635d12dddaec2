"""Metrics of the engine as a whole: its loop, its journal, its gate. What a part counts it counts itself."""

from cti.domain.overload import Level
from cti.engine.engine import Engine
from cti.engine.gate import Gate
from cti.wiring.ground import Ground


def measure_engine(ground: Ground, engine: Engine) -> None:
    """From now on; read when somebody asks."""
    metrics, journal, loop = ground.metrics, ground.journal, engine.loop
    metrics.gauge("triune_events", "Events decided since the start", lambda: loop.handled)
    metrics.gauge("triune_events_refused", "Events that a rule refused", lambda: loop.refused)
    metrics.gauge("triune_events_failed", "Events on which the core failed", lambda: loop.crashed)
    metrics.gauge("triune_events_waiting", "Events that wait to be decided", lambda: loop.waiting)
    metrics.gauge("triune_journal_backlog", "Entries not on disk yet", lambda: journal.figures().backlog)
    metrics.gauge(
        "triune_journal_unsettled",
        "Entries that only this machine's disk has, since the database is away",
        lambda: journal.figures().spooled,
    )
    metrics.gauge(
        "triune_journal_failing", "Whether the journal's last write failed", lambda: int(journal.figures().failing)
    )
    metrics.gauge(
        "triune_standings_missed", "Arrivals let in without being known in time", lambda: engine.reception.missed
    )
    metrics.gauge("triune_history_lag", "Durable entries that the history lacks yet", lambda: ground.history.lag)


def measure_gate(ground: Ground, gate: Gate) -> None:
    """From now on; read when somebody asks."""
    metrics = ground.metrics
    metrics.gauge(
        "triune_calls_refused", "Calls refused at the entry since the start, by reason", gate.refused, label="reason"
    )
    metrics.gauge(
        "triune_load_percent", "Of what the engine bears, the worst of its measurements", lambda: gate.judgement.percent
    )
    metrics.gauge(
        "triune_load_level",
        "How the engine stands: 1 at one of the levels",
        lambda: {level.value: int(level is gate.judgement.level) for level in Level},
        label="level",
    )
