"""The hints: what lamps on colleagues' phones show of an agent, and how a static queue knows that he is at work.

They belong to no version of the dialplan and call nobody: phones subscribe to them, `app_queue` asks them. By
extension, such as `101`, every phone of an agent and his other work (`cti.asterisk.occupation`); by `sip101`, `web101`
and `desk101` one phone each and that work. Called by `cti.dialplan.versions`; named by `cti.variables`.
"""

from typing import Final

from cti.variables import AGENT_ENDPOINT_PREFIX, HINTS, SEAT_ENDPOINT_SUFFIX, WEB_ENDPOINT_SUFFIX

_AGENT: Final = f"{AGENT_ENDPOINT_PREFIX}${{EXTEN}}"
_PHONES: Final = "&".join(f"PJSIP/{_AGENT}{suffix}" for suffix in ("", WEB_ENDPOINT_SUFFIX, SEAT_ENDPOINT_SUFFIX))
_OF_DESK: Final = f"{AGENT_ENDPOINT_PREFIX}${{EXTEN:4}}"
_OF_PHONE: Final = f"{AGENT_ENDPOINT_PREFIX}${{EXTEN:3}}"

TEXT: Final = f"""
; -- what phones' lamps and static queues see of an agent
[{HINTS}]
exten => _X!,hint,{_PHONES}&Stasis:{_AGENT}
exten => _sipX!,hint,PJSIP/{_OF_PHONE}&Stasis:{_OF_PHONE}
exten => _webX!,hint,PJSIP/{_OF_PHONE}{WEB_ENDPOINT_SUFFIX}&Stasis:{_OF_PHONE}
exten => _deskX!,hint,PJSIP/{_OF_DESK}{SEAT_ENDPOINT_SUFFIX}&Stasis:{_OF_DESK}
"""
"""A context of `extensions.conf`."""
