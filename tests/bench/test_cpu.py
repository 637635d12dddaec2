"""Processor time by named process, on real processes."""

import os
import subprocess
import sys

from cti.bench import cpu

BUSY = "import time\nwhile time.process_time() < {s}: pass\nprint('done', flush=True)\ninput()\n"


def test_time_of_a_child_counts_for_its_named_ancestor_and_no_further() -> None:
    before = cpu.spent_ms({"test": os.getpid()})
    child = subprocess.Popen(
        [sys.executable, "-c", BUSY.format(s=0.4)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        assert child.stdout is not None
        assert child.stdout.readline() == "done\n"
        whole = cpu.used_ms(before, cpu.spent_ms({"test": os.getpid()}))
        parted = cpu.spent_ms({"test": os.getpid(), "child": child.pid})
    finally:
        child.communicate("\n", timeout=10)
    assert whole["test"] >= 350
    assert parted["child"] >= 350
    assert parted["test"] < before["test"] + 350


def test_a_process_that_is_gone_has_spent_nothing() -> None:
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait(10)
    assert cpu.spent_ms({"gone": gone.pid}) == {"gone": 0.0}
