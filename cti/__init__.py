"""Triune: a telephony-first CTI and contact-centre engine on Asterisk.

One direction of flow: outside event, domain event, `Acd.handle`, facts and commands, outside. `cti.domain` decides and
is pure; `cti.engine` runs it; the other packages are adapters; `cti.wiring` and `cti.app` join them.
"""

__version__ = "0.1.0"
