"""The running centre questioned: by command, by API, by its metrics; all while it runs."""

import subprocess
import sys

import httpx
import pytest

from tests.running import PATIENCE_S, RunningCentre, eventually

pytestmark = [pytest.mark.asterisk, pytest.mark.timeout(300)]


def asked(centre: RunningCentre, *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "cti", *words, "--home", str(centre.path)]
    return subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_S, check=False)


def test_a_running_centre_tells_why_a_contact_waits_and_audits_itself(centre: RunningCentre) -> None:
    demo, web = centre.endpoints().demo, centre.endpoints().web
    assert demo is not None
    with httpx.Client(base_url=web, timeout=PATIENCE_S, trust_env=False) as supervisor:
        asking = {"login": demo.supervisor.login, "password": demo.supervisor.password}
        assert supervisor.post("/api/v1/session", json=asking).status_code == 200
        supervisor.post("/api/v1/session/language", json={"language": "en"})
        made = supervisor.post("/api/v1/contacts", json={"queue_id": "support", "subject": "Call back"})
        contact = made.json()["contact_id"]

        story = supervisor.get(f"/api/v1/contacts/{contact}/why").json()
        assert story["title"].startswith(f"{contact}: task, queue “Support”")
        assert story["waits"] or story["offers"]
        assert supervisor.get("/api/v1/contacts/c999999999/why").status_code == 404
        eventually(
            lambda: contact in {row["contact_id"] for row in supervisor.get("/api/v1/contacts").json()},
            what="the contact in the list",
        )
        assert "triune_unexplained_overtakings_total 0" in supervisor.get("/metrics").text
    told = asked(centre, "why", contact)
    assert told.returncode == 0, told.stderr
    assert told.stdout.startswith(f"{contact}: task, queue “Support”")
    assert asked(centre, "audit").returncode == 0
    assert '"action": "task_restarted"' not in centre.log("engine")
