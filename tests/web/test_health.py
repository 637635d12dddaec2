"""Who counts as this machine."""

import pytest
from fastapi import Request

from cti.web.health import is_local


@pytest.mark.parametrize(
    ("source", "headers", "local"),
    [
        ("127.0.0.1", [], True),
        ("192.0.2.1", [], True),
        ("192.0.2.2", [], False),
        ("unknown", [], False),
        ("192.0.2.1", [(b"x-forwarded-for", b"198.51.100.7")], False),
    ],
)
def test_this_machine_is_known_by_loopback_and_by_its_own_address(
    source: str, headers: list[tuple[bytes, bytes]], local: bool
) -> None:
    scope = {"type": "http", "client": (source, 50_000), "server": ("192.0.2.1", 21_000), "headers": headers}
    assert is_local(Request(scope)) is local
