"""The simulator against theory: M/M/n with Erlang C, M/M/n+M with Erlang A, and the formulas against known rows.

Sources: Erlang, "Solution of some problems in the theory of probabilities …" (1917) for B and C; Palm, "Research on
telephone traffic carried by full availability groups" (1957) for A; Baccelli and Hebuterne (1981) for the density of
the offered wait; Garnett, Mandelbaum and Reiman, "Designing a call center with impatient customers" (MSOM 4, 2002).

Each row is played with 20 replications; each figure's mean must lie within three of its standard errors. With 200 000
contacts a row that takes minutes (marker `bench`); six small rows are always tried, with 25 000 contacts a row, and in
quick runs with 3 000.
"""

import math
import os
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from cti.simulate.replications import estimates, play
from cti.simulate.scenario import Scenario

T = 20.0
REPLICATIONS = 20
CONTACTS = 3_000 if os.environ.get("HYPOTHESIS_PROFILE") == "quick" else 25_000
ALL_CONTACTS = int(os.environ.get("TRIUNE_ERLANG_CONTACTS", "200000"))


# -- the formulas ------------------------------------------------------------------------------------------------------


def erlang_b(load: float, agents: int) -> float:
    """Probability of loss, by the usual recursion."""
    loss = 1.0
    for number in range(1, agents + 1):
        loss = load * loss / (number + load * loss)
    return loss


def erlang_c(load: float, agents: int) -> float:
    """Probability of waiting."""
    loss = erlang_b(load, agents)
    return loss / (1 - load / agents * (1 - loss))


@dataclass(frozen=True, kw_only=True)
class Theory:
    delayed: float
    wait_s: float
    service_level: float
    abandonment: float
    occupancy: float


def of_erlang_c(load: float, agents: int, aht: float) -> Theory:
    delayed = erlang_c(load, agents)
    return Theory(
        delayed=delayed,
        wait_s=delayed * aht / (agents - load),
        service_level=1 - delayed * math.exp(-(agents - load) * T / aht),
        abandonment=0.0,
        occupancy=load / agents,
    )


def of_erlang_a(load: float, agents: int, aht: float, patience: float) -> Theory:
    """From the stationary distribution; the offered wait has density π(n) nμ exp(-nμv + λ/θ (1 - exp(-θv)))."""
    arrival, service, leaving = load / aht, 1 / aht, 1 / patience
    weights = [1.0]
    for number in range(1, agents + 1):
        weights.append(weights[-1] * arrival / (number * service))
    waiting, queued = [weights[-1]], 0
    while waiting[-1] > 1e-16 * sum(weights) or queued < 10:
        queued += 1
        waiting.append(waiting[-1] * arrival / (agents * service + queued * leaving))
    whole = sum(weights) + sum(waiting[1:])
    delayed = sum(waiting) / whole
    length = sum(number * weight for number, weight in enumerate(waiting)) / whole
    abandonment = leaving * length / arrival

    def served_at(wait: float) -> float:
        grown = -agents * service * wait + arrival / leaving * (1 - math.exp(-leaving * wait))
        return waiting[0] / whole * agents * service * math.exp(grown - leaving * wait)

    return Theory(
        delayed=delayed,
        wait_s=length / arrival,
        service_level=1 - delayed + _simpson(served_at, T),
        abandonment=abandonment,
        occupancy=load * (1 - abandonment) / agents,
    )


def _simpson(function: Callable[[float], float], until: float, parts: int = 2_000) -> float:
    step = until / parts
    inner = sum((4 if number % 2 else 2) * function(number * step) for number in range(1, parts))
    return step / 3 * (function(0.0) + inner + function(until))


# -- rows known before -------------------------------------------------------------------------------------------------

# load, agents, AHT s | P(wait), ASA s, SL20, occupancy
ERLANG_C = [
    (1, 2, 180, 0.3333, 60.00, 0.7017, 0.500),
    (2, 3, 180, 0.4444, 80.00, 0.6023, 0.667),
    (4, 6, 180, 0.2848, 25.63, 0.7720, 0.667),
    (6, 10, 180, 0.1013, 4.56, 0.9350, 0.600),
    (10, 11, 180, 0.6821, 122.78, 0.3896, 0.909),
    (10, 12, 180, 0.4494, 40.44, 0.6402, 0.833),
    (10, 13, 180, 0.2853, 17.12, 0.7956, 0.769),
    (10, 14, 180, 0.1741, 7.84, 0.8884, 0.714),
    (20, 22, 180, 0.5679, 51.11, 0.5452, 0.909),
    (20, 24, 180, 0.2981, 13.41, 0.8089, 0.833),
    (20, 25, 180, 0.2091, 7.53, 0.8800, 0.800),
    (40, 44, 300, 0.4317, 32.38, 0.6693, 0.909),
    (48, 50, 60, 0.6945, 20.83, 0.6435, 0.960),
    (80, 86, 240, 0.4024, 16.10, 0.7559, 0.930),
    (100, 108, 180, 0.3283, 7.39, 0.8650, 0.926),
    (200, 210, 180, 0.3756, 6.76, 0.8764, 0.952),
    (480, 500, 240, 0.2665, 3.20, 0.9497, 0.960),
]
# load, agents, AHT s, patience s | P(wait), P(abandon), E[W] s, SL20, occupancy
ERLANG_A = [
    (48, 50, 60, 120, 0.4678, 0.0309, 3.71, 0.941, 0.930),
    (10, 10, 180, 60, 0.4234, 0.1575, 9.45, 0.718, 0.843),
    (10, 11, 180, 90, 0.3590, 0.1016, 9.15, 0.766, 0.817),
    (10, 12, 180, 90, 0.2632, 0.0676, 6.09, 0.841, 0.777),
    (20, 20, 180, 120, 0.4828, 0.0977, 11.73, 0.706, 0.902),
    (20, 22, 180, 90, 0.3046, 0.0609, 5.48, 0.848, 0.854),
    (40, 40, 300, 120, 0.4139, 0.0770, 9.24, 0.763, 0.923),
    (40, 44, 300, 120, 0.2291, 0.0356, 4.28, 0.890, 0.877),
    (100, 95, 180, 90, 0.5965, 0.0766, 6.89, 0.829, 0.972),
    (100, 100, 180, 90, 0.4300, 0.0467, 4.20, 0.908, 0.953),
    (100, 105, 180, 90, 0.2717, 0.0252, 2.27, 0.956, 0.928),
    (200, 200, 180, 90, 0.4253, 0.0330, 2.97, 0.954, 0.967),
    (480, 480, 240, 120, 0.4214, 0.0213, 2.56, 0.973, 0.979),
]
# agents, load, occupancy at 3 % loss
ERLANG_B = [
    (5, 1.875, 0.364),
    (10, 5.529, 0.536),
    (15, 9.650, 0.624),
    (20, 13.997, 0.679),
    (25, 18.483, 0.717),
    (30, 23.062, 0.746),
    (50, 41.933, 0.813),
    (75, 66.18, 0.856),
    (100, 90.79, 0.881),
    (150, 140.6, 0.910),
    (200, 190.9, 0.926),
    (300, 292.1, 0.945),
]


@pytest.mark.parametrize(("agents", "load", "occupancy"), ERLANG_B)
def test_erlang_b_gives_the_known_row(agents: int, load: float, occupancy: float) -> None:
    assert erlang_b(load, agents) == pytest.approx(0.03, abs=2e-4)
    assert load * 0.97 / agents == pytest.approx(occupancy, abs=1e-3)


@pytest.mark.parametrize("row", ERLANG_C, ids=str)
def test_erlang_c_gives_the_known_row(row: tuple[float, ...]) -> None:
    load, agents, aht, delayed, asa, service_level, occupancy = row
    theory = of_erlang_c(load, int(agents), aht)
    assert theory.delayed == pytest.approx(delayed, abs=6e-5)
    assert theory.wait_s == pytest.approx(asa, abs=6e-3)
    assert theory.service_level == pytest.approx(service_level, abs=6e-5)
    assert theory.occupancy == pytest.approx(occupancy, abs=6e-4)


@pytest.mark.parametrize("row", ERLANG_A, ids=str)
def test_erlang_a_gives_the_known_row(row: tuple[float, ...]) -> None:
    load, agents, aht, patience, delayed, abandonment, wait, service_level, occupancy = row
    theory = of_erlang_a(load, int(agents), aht, patience)
    assert theory.delayed == pytest.approx(delayed, abs=3e-3)
    assert theory.abandonment == pytest.approx(abandonment, abs=3e-3)
    assert theory.wait_s == pytest.approx(wait, rel=3e-3)
    assert theory.service_level == pytest.approx(service_level, abs=3e-3)
    assert theory.occupancy == pytest.approx(occupancy, abs=3e-3)


# -- the simulator -----------------------------------------------------------------------------------------------------


def model(load: float, agents: int, aht: float, patience: float | None, *, contacts: int) -> Scenario:
    """M/M/n, or M/M/n+M: nothing rings, pops or is wrapped up, and the day begins with what is there on average."""
    per_s = load / aht
    relaxation = aht / (math.sqrt(agents) - math.sqrt(load)) ** 2 if patience is None else 2 * max(aht, patience)
    warm_up = 5 * relaxation
    return Scenario.model_validate(
        {
            "name": "theory",
            "lasts": warm_up + contacts / REPLICATIONS / per_s,
            "warm_up": warm_up,
            "drain": "1d",
            "queues": {"q": {"pop_limit_ms": 0, "ring_limit_s": 1_000_000, "wrap_up_limit_s": 3600}},
            "agents": [{"name": "a", "count": agents, "desktop": False, "answer": 0}],
            "arrivals": [
                {
                    "queue": "q",
                    "per_hour": per_s * 3600,
                    "at_start": round(load),
                    "service": {"exponential": aht},
                    "patience": "never" if patience is None else {"exponential": patience},
                }
            ],
        }
    )


def check(scenario: Scenario, theory: Theory) -> None:
    outcome = play(scenario, seed=1917, replications=REPLICATIONS)
    found = estimates(outcome.total)
    misses = []
    for key, expected in (
        ("delayed", theory.delayed),
        ("wait_s", theory.wait_s),
        ("service_level_b", theory.service_level),
        ("abandonment", theory.abandonment),
    ):
        figure = found[key]
        assert figure.error is not None
        if abs(figure.mean - expected) > 3 * figure.error:
            misses.append(f"{key}: {figure.mean:.4f} ± {figure.error:.4f}, expected {expected:.4f}")
    assert not misses, misses
    assert found["occupancy"].mean == pytest.approx(theory.occupancy, abs=0.03)


@pytest.mark.long
@pytest.mark.parametrize("row", ERLANG_C[:3], ids=str)
def test_a_simulated_queue_of_the_patient_agrees_with_erlang_c(row: tuple[float, ...]) -> None:
    load, agents, aht = row[0], int(row[1]), row[2]
    check(model(load, agents, aht, None, contacts=CONTACTS), of_erlang_c(load, agents, aht))


@pytest.mark.long
@pytest.mark.parametrize("row", [ERLANG_A[1], ERLANG_A[2], ERLANG_A[4]], ids=str)
def test_a_simulated_queue_of_the_impatient_agrees_with_erlang_a(row: tuple[float, ...]) -> None:
    load, agents, aht, patience = row[0], int(row[1]), row[2], row[3]
    check(model(load, agents, aht, patience, contacts=CONTACTS), of_erlang_a(load, agents, aht, patience))


@pytest.mark.bench
@pytest.mark.timeout(900)
@pytest.mark.parametrize("row", ERLANG_C, ids=str)
def test_every_row_of_the_patient_agrees_with_erlang_c(row: tuple[float, ...]) -> None:
    load, agents, aht = row[0], int(row[1]), row[2]
    check(model(load, agents, aht, None, contacts=ALL_CONTACTS), of_erlang_c(load, agents, aht))


@pytest.mark.bench
@pytest.mark.timeout(900)
@pytest.mark.parametrize("row", ERLANG_A, ids=str)
def test_every_row_of_the_impatient_agrees_with_erlang_a(row: tuple[float, ...]) -> None:
    load, agents, aht, patience = row[0], int(row[1]), row[2], row[3]
    check(model(load, agents, aht, patience, contacts=ALL_CONTACTS), of_erlang_a(load, agents, aht, patience))
