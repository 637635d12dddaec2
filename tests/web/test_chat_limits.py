"""Whose limits count: one who has a whole network of addresses is one all the same."""

import pytest
from starlette.requests import HTTPConnection

from cti.web.chat_limits import source_of


@pytest.mark.parametrize(
    ("peer", "named", "source"),
    [
        ("203.0.113.9", "198.51.100.7", "203.0.113.9"),
        ("2001:db8:1:2:3:4:5:6", "", "2001:db8:1:2::/64"),
        ("::ffff:203.0.113.9", "", "203.0.113.9"),
        ("127.0.0.1", "198.51.100.7, 2001:db8:1:2::9", "2001:db8:1:2::/64"),
        ("127.0.0.1", "[2001:db8:1:2::9]", "2001:db8:1:2::/64"),
        ("::1", "", ""),
        ("127.0.0.1", "unknown", "unknown"),
    ],
)
def test_the_limits_of_an_address_are_those_of_its_network(peer: str, named: str, source: str) -> None:
    headers = [(b"x-forwarded-for", named.encode())] if named else []
    assert source_of(HTTPConnection({"type": "http", "client": (peer, 5000), "headers": headers})) == source
