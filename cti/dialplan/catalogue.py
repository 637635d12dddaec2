"""What Asterisk offers: applications and functions of the modules that are loaded, and what applications do to a call.

Here: the lists read from the documentation that comes with Asterisk (exact for the installed release), and the few
properties that the rules need. Not here: the rules. Blocks on the disk, once per installation.
"""

import re
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Final

from msgspec import Struct

from cti.setup.asterisk import AsteriskInstall

_ENTRY: Final = re.compile(r'<(application|function) name="([^"]+)"[^>]*?module="([^"]+)"')
_LOAD: Final = re.compile(r"^\s*(?:pre)?load\s*=>?\s*([\w.-]+?)(?:\.so)?\s*$", re.MULTILINE)
_DIALECTS: Final = ("wav", "gsm", "ulaw", "alaw", "sln", "sln16", "g722", "wav49", "opus")

ENDS: Final = frozenset({"hangup", "return", "macroexit"})
"""Behind these a channel does not go on."""
LASTS: Final = frozenset(
    {
        "agi", "amd", "bridgewait", "chanspy", "confbridge", "dial", "disa", "eagi", "echo", "externalivr", "extenspy",
        "meetme", "milliwatt", "musiconhold", "page", "queue", "record", "retrydial", "stasis", "waitexten",
        "waitforsilence", "waitfornoise", "parkedcall", "voicemail", "voicemailmain", "speechbackground", "followme",
    }
)  # fmt: skip
"""What may hold a channel for as long as the other side likes."""
TAKES_TIME: Final = LASTS | {
    "background", "busy", "congestion", "controlplayback", "playback", "read", "saydigits", "saynumber", "sayalpha",
    "sayunixtime", "senddtmf", "sendfax", "receivefax", "wait", "waituntil", "waitforring", "transfer",
}  # fmt: skip
STARTS_PROGRAMS: Final = frozenset({"system", "trysystem", "externalivr", "eagi", "deadagi", "festival", "mysql"})
OPENS: Final = frozenset({"disa", "chanspy", "extenspy", "originate", "dumpchan", "bridge", "channelredirect"})
"""What reaches other channels, or the outside, by what a caller says."""
RUNS_TEXT: Final = frozenset({"SHELL", "EVAL", "FILE", "CURL", "ODBC", "REALTIME", "EVAL_EXTEN", "AST_CONFIG", "ENV"})
"""Functions that run, read or fetch what their argument says."""
SAYS: Final = {"playback": 0, "background": 0, "controlplayback": 0, "backgrounddetect": 0, "read": 1}
"""Which argument names sounds."""
BUILT_IN: Final = frozenset(
    {
        "ACCOUNTCODE", "ANSWEREDTIME", "BLINDTRANSFER", "CALLINGPRES", "CHANNEL", "CONTEXT", "DATETIME", "DIALEDTIME",
        "DIALEDPEERNAME", "DIALEDPEERNUMBER", "DIALSTATUS", "ENTITYID", "EPOCH", "EXTEN", "HANGUPCAUSE", "HINT",
        "INVALID_EXTEN", "LANGUAGE", "PRIORITY", "SYSTEMNAME", "TIMESTAMP", "TRANSFER_CONTEXT", "UNIQUEID", "VERSION",
        "AGIEXITONHANGUP", "AGISIGHUP", "AGISTATUS", "AMDCAUSE", "AMDSTATUS", "BRIDGEPEER", "GOSUB_RETVAL",
        "PLAYBACKSTATUS", "BACKGROUNDSTATUS", "QUEUEPOSITION", "QUEUESTATUS", "READSTATUS", "RECORDED_FILE",
        "RECORD_STATUS", "STASISSTATUS", "TRANSFERSTATUS", "WAITSTATUS", "SENDTEXTSTATUS", "TRYSTATUS", "FORWARDERNAME",
        "MEMBERINTERFACE", "MEMBERNAME", "FORWARD_CONTEXT", "FAXOPT", "DTMFSTATUS", "GROUPCOUNT", "SIPCALLID",
        "WAITEXTENSTATUS", "QUEUEJOINTIME", "QUEUEORIGINALPOSITION", "ABANDONED", "QEHOLDTIME", "QUEUENAME",
    }
)  # fmt: skip
"""Variables that Asterisk sets."""


class Offer(Struct, frozen=True, kw_only=True):
    """What is there to use."""

    applications: Mapping[str, str]
    """Every known application in lower case, and its module."""
    functions: Mapping[str, str]
    modules: frozenset[str]
    """Those that are loaded."""

    def lacks(self, kind: str, name: str) -> str | None:
        """The module that would have to be loaded for it; "" when no module has it; None when it is there."""
        known = self.applications if kind == "application" else self.functions
        module = known.get(name.lower() if kind == "application" else name.upper())
        if module is None:
            return "" if known else None
        return None if module in self.modules or not module.startswith(_LOADABLE) else module


_LOADABLE: Final = ("app_", "func_", "res_", "chan_", "pbx_dundi", "pbx_ael", "pbx_lua", "pbx_realtime", "cdr_")


def offer(install: AsteriskInstall, modules_conf: str) -> Offer:
    """What the installed Asterisk has with these modules; nothing is known when it came without its documentation."""
    applications, functions = _documented(install.data_dir / "documentation" / "core-en_US.xml")
    return Offer(applications=applications, functions=functions, modules=frozenset(_LOAD.findall(modules_conf)))


@lru_cache(maxsize=4)
def _documented(path: Path) -> tuple[dict[str, str], dict[str, str]]:
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return {}, {}
    applications: dict[str, str] = {}
    functions: dict[str, str] = {}
    for kind, name, module in _ENTRY.findall(text):
        if kind == "application":
            applications[name.lower()] = module
        else:
            functions[name.upper()] = module
    return applications, functions


def is_sound(install: AsteriskInstall, name: str, languages: tuple[str, ...]) -> bool:
    """Whether a sound of that name is there, in one of the languages, or as a file."""
    if name.startswith("/"):
        return any(Path(f"{name}.{ending}").exists() for ending in _DIALECTS)
    folders = [install.sounds_dir / language for language in languages] + [install.sounds_dir]
    return any((folder / f"{name}.{ending}").exists() for folder in folders for ending in _DIALECTS)
