"""Whatever is sent to the API, by whomever, the server does not fail: generated from its own description."""

import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from cti.home import DemoPerson
from tests.running import PATIENCE_S, RunningCentre, free_port_base

pytestmark = [pytest.mark.asterisk, pytest.mark.timeout(600)]

LONGEST_S = 20
NOT_THESE = ("/api/v1/session", "/api/v1/session/password")
"""They would sign the fuzzer out."""


def test_nothing_that_is_sent_makes_the_server_fail(tmp_path: Path) -> None:
    own = RunningCentre(tmp_path / "h", port_base=free_port_base()).start()
    try:
        demo = own.endpoints().demo
        assert demo is not None
        for person in (demo.agents[0], demo.admin):
            done = fuzz(own.endpoints().web, person, folder=tmp_path)
            assert done.returncode == 0, done.stdout
            assert "Tested: " in done.stdout, done.stdout
        assert "Traceback" not in own.log("engine")
        assert "engine ended" not in own.log("supervisor")
    finally:
        own.stop()


def fuzz(web: str, person: DemoPerson, *, folder: Path) -> subprocess.CompletedProcess[str]:
    asked = {"login": person.login, "password": person.password}
    token = httpx.post(f"{web}/api/v1/tokens", json=asked, timeout=PATIENCE_S, trust_env=False).json()["token"]
    without = [word for path in NOT_THESE for word in ("--exclude-path", path)]
    return subprocess.run(
        [
            *(str(Path(sys.executable).with_name("schemathesis")), "run", f"{web}/api/v1/openapi.json", *without),
            *("-H", f"Authorization: Bearer {token}", "--checks", "not_a_server_error", "--phases", "coverage,fuzzing"),
            *("--max-examples", "8", "--max-time", str(LONGEST_S), "--seed", "1", "--generation-database", "none"),
            *("--no-color", "--warnings", "off", "--request-timeout", "60"),
        ],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=LONGEST_S + 2 * PATIENCE_S,
        check=False,
    )
