"""Mail accounts on the servers of the tests."""

import time
from collections.abc import Callable
from typing import Any

from cti.config import MailAccount, Words
from cti.domain.ids import Milliseconds
from cti.media.email_account import EmailAccount
from cti.media.email_reference import References
from cti.ports.media import Messages
from tests.media.contract import PROJECT, QUEUE
from tests.media.servers import PASSWORD, MailServers

KEY = "a signing key for tests only"
NAME = Words(en="Example Telecom", ru="Пример Телеком")


def account(servers: MailServers, address: str, **changed: Any) -> MailAccount:
    """Over TLS, as the admin would write it."""
    ca = str(servers.ca)
    given: dict[str, Any] = {
        "key": "support",
        "name": NAME,
        "address": address,
        "queue": QUEUE,
        "imap": {"host": "127.0.0.1", "port": servers.imaps_port, "ca": ca, "user": address, "secret": "mail"},
        "smtp": {
            "host": "127.0.0.1",
            "port": servers.smtp_port,
            "tls": "starttls",
            "ca": ca,
            "user": address,
            "secret": "mail",
        },
    }
    return MailAccount.model_validate(given | changed)


def connector(
    found: MailAccount,
    messages: Messages,
    *,
    secret: Callable[[str], str] = lambda _: PASSWORD,
    now_ms: Callable[[], Milliseconds] = lambda: time.time_ns() // 1_000_000,
) -> EmailAccount:
    return EmailAccount(
        found,
        project_id=PROJECT,
        company=NAME,
        references=References(KEY),
        messages=messages,
        secret=secret,
        now_ms=now_ms,
    )
