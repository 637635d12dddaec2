"""The parts of a home: what is started, how it is asked, how long it may take.

Here: the list. Not here: keeping them running (`cti.supervise.supervisor`), their configuration (`cti.dialplan`).
"""

import sys
from typing import Final

from cti.home import Home, JournalPlace
from cti.setup.asterisk import AsteriskInstall
from cti.supervise import health
from cti.supervise.health import Probe
from cti.supervise.supervisor import Part

STANDBY: Final = b"503 Standby"
"""What an engine answers that waits while one on another machine leads: it is well."""
AWAITS_DATABASE: Final = b"503 Database"
"""What one answers that can go no further before PostgreSQL is back."""


def of(home: Home, install: AsteriskInstall) -> tuple[Part, ...]:
    """Every part of this home, in the order of starting; they are stopped in the reverse order."""
    parts = [_asterisk(home, install)]
    if home.settings.demo:
        parts.append(_carrier(home, install))
    engine = _engine(home)
    parts += [_ivr(home), engine]
    if home.settings.spare:
        parts.append(_spare(home, engine))
    return tuple(parts)


def _asterisk(home: Home, install: AsteriskInstall) -> Part:
    ports, secrets = home.ports, home.secrets
    ping, is_loaded = _ari_probes(
        ports.CENTRE_ADDRESS, ports.http, user=secrets.ari_user, password=secrets.ari_password
    )
    return Part(
        name="asterisk",
        command=install.start_command(home.asterisk.conf),
        log=home.log("asterisk"),
        is_ready=health.both(ping, is_loaded),
        answers=ping,
        grace_s=60,
        stop_within_s=8,
        ready_words=f"Asterisk {_release(install)} ready on {home.settings.listen}:{ports.sip}",
    )


def _carrier(home: Home, install: AsteriskInstall) -> Part:
    ports = home.ports
    ping, is_loaded = _ari_probes(
        ports.CARRIER_ADDRESS, ports.carrier_http, user="demo", password=home.secrets.carrier_ari_password
    )
    return Part(
        name="carrier",
        command=install.start_command(home.carrier.conf),
        log=home.log("carrier"),
        is_ready=health.both(ping, is_loaded),
        answers=ping,
        grace_s=60,
        stop_within_s=8,
        ready_words=f"Emulated carrier ready on {ports.CARRIER_ADDRESS}:{ports.carrier_sip}",
    )


def _ari_probes(host: str, port: int, *, user: str, password: str) -> tuple[Probe, Probe]:
    """Does Asterisk answer, and has it read its dialplan, the last of its modules?"""
    return (
        health.http(host, port, "/ari/asterisk/ping", user=user, password=password),
        health.http(host, port, "/ari/asterisk/modules/pbx_config.so", user=user, password=password),
    )


def _ivr(home: Home) -> Part:
    ping = health.line(home.ports.CENTRE_ADDRESS, home.ports.agi, b"ping\n", b"pong\n")
    return Part(
        name="ivr",
        command=(sys.executable, "-m", "ivr", "--home", str(home.path)),
        log=home.log("ivr"),
        is_ready=ping,
        answers=ping,
        grace_s=90,
        stop_within_s=5,
        ready_words=f"IVR ready on {home.ports.CENTRE_ADDRESS}:{home.ports.agi}",
    )


def _engine(home: Home) -> Part:
    tls = home.settings.tls_cert is not None
    ping = health.http(home.host_here, home.ports.web, "/healthz", tls=tls)
    ping_or_standby = health.http(home.host_here, home.ports.web, "/healthz", tls=tls, statuses=(health.OK, STANDBY))
    return Part(
        name="engine",
        command=(sys.executable, "-m", "cti", "engine", "--home", str(home.path)),
        log=home.log("engine"),
        is_ready=ping_or_standby,
        answers=ping,
        waits=health.http(home.host_here, home.ports.web, "/healthz", tls=tls, statuses=(AWAITS_DATABASE,)),
        waits_words=f"The engine waits for PostgreSQL, see {home.log('engine')}; the other parts run meanwhile",
        stands_by=ping_or_standby if home.settings.journal is JournalPlace.DATABASE else None,
        grace_s=90,
        stop_within_s=20,
        busy_s=10,
        ready_words=f"Engine and desktop ready on {home.web_url}",
        after=("asterisk",),
    )


def _spare(home: Home, engine: Part) -> Part:
    """The same as the engine: who of the two leads, they make out themselves. They write one log."""
    return Part(
        name="spare",
        command=engine.command,
        log=engine.log,
        is_ready=health.local(home.spare_socket, b"ping\n", (health.FOLLOWS,)),
        answers=health.local(home.spare_socket, b"ping\n", (health.FOLLOWS, health.PREPARES)),
        grace_s=90,
        stop_within_s=5,
        ready_words="Spare engine ready to take over",
        spare_of=engine.name,
    )


def _release(install: AsteriskInstall) -> str:
    return install.version.split("+")[0]
