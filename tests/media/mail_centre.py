"""A demo centre that reads and sends mail on the servers of the tests."""

from pathlib import Path

from cti import shipped
from cti.config import load
from tests.media.servers import PASSWORD, MailServers

SUPPORT = "support@centre.test"


def prepare(home: Path, servers: MailServers, *, acknowledge: bool = True) -> None:
    """Lay the centre file and the secret into a home that is not there yet: what an administrator would do."""
    home.mkdir(mode=0o700)
    text = (shipped.asterisk_conf() / "centre.yaml").read_text(encoding="utf-8")
    words = 'acknowledge: {en: "We got your mail {{ number }}.", ru: "Получили письмо {{ number }}."}'
    text += f"""
mail:
  support:
    name: {{en: Severny Telecom, ru: Северный Телеком}}
    address: {SUPPORT}
    queue: support
    imap: {{host: 127.0.0.1, port: {servers.imaps_port}, ca: {servers.ca}, user: {SUPPORT}, secret: mail}}
    smtp: {{host: 127.0.0.1, port: {servers.smtp_port}, tls: starttls, ca: {servers.ca}, user: {SUPPORT}, secret: mail}}
    signature:
      en: "Yours, {{{{ agent }}}}\\n{{{{ company }}}}"
      ru: "С уважением, {{{{ agent }}}}\\n{{{{ company }}}}"
    hold_for_s: 120
    {words if acknowledge else ""}
"""
    (home / "centre.yaml").write_text(text, encoding="utf-8")
    load(home / "centre.yaml")
    secrets = home / "secrets"
    secrets.mkdir(mode=0o700)
    (secrets / "mail").touch(mode=0o600)
    (secrets / "mail").write_text(PASSWORD + "\n")
