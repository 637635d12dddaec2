"""What `cti call` says of a refusal: it speaks of the agent to whoever types the command."""

from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import msgspec
import pytest
from click.testing import CliRunner

from cti.cli import main
from cti.home import Home, Settings
from cti.shipped import asterisk_conf
from cti.store.schema import upgrade
from tests.running import free_port_base

pytestmark = pytest.mark.server


@contextmanager
def refusing(port: int, code: str) -> Iterator[None]:
    """An engine that refuses each request with this code."""

    class Refusing(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            said = msgspec.json.encode({"code": code, "sentence": "You cannot."})
            self.send_response(409)
            self.send_header("Content-Length", str(len(said)))
            self.end_headers()
            self.wfile.write(said)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", port), Refusing)
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("offline", "masha is not signed in: open "),
        ("choose_project", "masha works for several projects: name one with --project (clinic, telecom)."),
        ("another", "You cannot."),
    ],
)
def test_a_refusal_is_told_of_the_agent_with_what_to_do(tmp_path: Path, code: str, words: str) -> None:
    home = Home.make(tmp_path / "h", Settings(port_base=free_port_base()))
    home.centre_file.write_bytes((asterisk_conf() / "centre.yaml").read_bytes())
    upgrade(home.database_url)
    asked = ["agent", "add", "masha", "--name", "Masha", "--extension", "190", "--password", "correct horse battery"]
    projects = ["--project", "telecom", "--project", "clinic"]
    done = CliRunner().invoke(main, [*asked, *projects, "--home", str(home.path)])
    assert done.exit_code == 0, done.output
    with refusing(home.ports.web, code):
        done = CliRunner().invoke(main, ["call", "masha", "+79165550001", "--home", str(home.path)])
    assert (done.exit_code, words in done.output) == (2, True), done.output
