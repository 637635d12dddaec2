"""`cti bench` as a command; what it measures is tried by `make bench`."""

from click.testing import CliRunner

from cti.bench.commands import BUILT, bench


def test_without_a_name_it_says_what_can_be_measured() -> None:
    told = CliRunner().invoke(bench, [])
    assert told.exit_code == 0
    assert all(name in told.output for name in BUILT)


def test_a_name_that_is_not_there_is_a_sentence_and_exit_code_2() -> None:
    told = CliRunner().invoke(bench, ["nonsense"])
    assert told.exit_code == 2
    assert "there is no benchmark nonsense" in told.output


def test_every_benchmark_has_its_module() -> None:
    from importlib import import_module

    for name in BUILT:
        assert callable(import_module(f"cti.bench.{name}").measure)
