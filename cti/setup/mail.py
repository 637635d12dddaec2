"""Mail servers for the tests, from Debian's packages in the cache, without root: Dovecot and Exim.

A running centre needs neither. Set-up calls `install` when it is asked for the tests; they call `find`.
"""

from cti.errors import SetupFailed
from cti.setup import unpacked

ROOT_NAME = "mail"
PACKAGES = ("dovecot-imapd", "dovecot-lmtpd", "exim4-daemon-light", "libnss-wrapper")
"""Exim looks its own user up when it starts, whoever runs it; nss_wrapper gives it one."""


def find() -> unpacked.Root:
    """The folder with both. Fetches nothing; raises SetupFailed when it is not there."""
    root = unpacked.find(ROOT_NAME, PACKAGES)
    if root is None or not root.holds("usr/sbin/dovecot") or not root.holds("usr/sbin/exim4"):
        raise SetupFailed("The mail servers for the tests are missing: run `python -m cti.setup --tests`.")
    return root


def install() -> None:
    """See that both are in the cache. Raises SetupFailed."""
    try:
        find()
    except SetupFailed:
        unpacked.install(ROOT_NAME, PACKAGES, acceptable=lambda _version: True)
