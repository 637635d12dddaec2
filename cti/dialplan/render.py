"""The configuration of both Asterisks, rendered from the centre file into a new folder that is then swapped whole.

Here: the values that the templates get, and the swap. Not here: the templates (`asterisk-conf/`, `HOME/templates`),
the versions of a configuration and telling a running Asterisk to read one (`cti.dialplan.releases`). An admin's own
templates are rendered in a process apart (`cti.dialplan.bounded`). All of a folder or nothing: a mistake leaves what is
in force untouched.
"""

import ipaddress
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cti import actions, prompts, shipped, variables
from cti.config import Centre, Number, Trunk
from cti.dialplan import bounded, lines, material, templates, versions
from cti.dialplan.lines import Origin
from cti.home import Home, NodePaths
from cti.setup.asterisk import AsteriskInstall

_KEPT: Final = 5
"""Folders kept beside the one in force."""
_PRIVATE_NETWORKS: Final = ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "127.0.0.0/8")

DIALPLAN: Final = "extensions.conf"

Files = Mapping[str, str]
"""Texts by file name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrunkView:
    """A trunk as the templates need it, the emulated one's addresses filled in."""

    endpoint: str
    transport: str
    host: str
    port: int
    match: tuple[str, ...]
    codecs: tuple[str, ...]
    from_domain: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberView:
    """A number as the dialplan needs it: exactly one of `queue`, `agi` and `echo` says where it leads."""

    key: str
    project: str
    language: str
    queue: str
    agi: str
    """Path of the FastAGI request: `vN/menu/KEY` or `vN/hours/KEY`; the IVR serves several versions side by side."""
    echo: bool
    operator: str
    """The default queue when the IVR is away."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rendered:
    """What became of the templates: contexts have their plain names."""

    texts: Files
    origins: Mapping[str, tuple[Origin, ...]]
    """Of the files asked for: where each line comes from."""


def centre_texts(
    centre: Centre, home: Home, install: AsteriskInstall, *, own: Mapping[str, str] | None = None, version: int = 1
) -> Files:
    """Every file of the centre's Asterisk, this version alone in its dialplan.

    `own` are templates that go before the shipped ones. Raises ConfigError when a template or a value is wrong.
    """
    texts = {**material.of_triune(), **(own or {})}
    plain = rendered(centre, home, install, texts=texts, own=frozenset(own or {}), version=version).texts
    return {**plain, DIALPLAN: versions.compose(version, {version: plain[DIALPLAN]})}


def rendered(
    centre: Centre,
    home: Home,
    install: AsteriskInstall,
    *,
    texts: Mapping[str, str],
    own: frozenset[str],
    version: int,
    located: tuple[str, ...] = (),
) -> Rendered:
    """Every file of the centre's Asterisk from these templates, as this version of it.

    `located`: files of which it is to be known where their lines come from. Raises ConfigError.
    """
    values = _values(centre, home, install, version=version)
    open_names: list[str] = []
    private: list[str] = []
    for name in sorted(texts):
        if name.endswith(".conf.j2") and not name.startswith("_"):
            (open_names if material.is_editable(name) else private).append(name)
    marked = [f"{file}.j2" for file in located]
    if own:
        found, marks = bounded.render(texts, values, names=open_names, marked=marked)
    else:
        found, marks = bounded.in_process(texts, {**values, "v": variables}, names=open_names, marked=marked)
    # What may be edited from afar never sees a secret.
    known = {**values, "secrets": home.secrets}
    if own.intersection(private) or any(name.startswith("_") for name in own):
        found |= bounded.render(texts, known, names=private)[0]
    else:
        found |= bounded.in_process(texts, {**known, "v": variables}, names=private)[0]
    return Rendered(
        texts={name.removesuffix(".j2"): text for name, text in sorted(found.items())},
        origins={
            name.removesuffix(".j2"): lines.origins(text, plain=found[name], file=name) for name, text in marks.items()
        },
    )


def _values(centre: Centre, home: Home, install: AsteriskInstall, *, version: int) -> dict[str, object]:
    settings = home.settings
    return {
        "version": version,
        "centre": centre,
        "numbers": [_number(number, centre, version=version) for number in centre.numbers.values()],
        "trunks": [_trunk(trunk, home, first=index == 0) for index, trunk in enumerate(centre.trunks.values())],
        "music": _music(centre, home, install),
        "ports": home.ports,
        "rtp": home.ports.rtp,
        "install": install,
        "node": home.asterisk,
        "log": home.log("asterisk"),
        "voicemail": home.voicemail,
        "surveyed": [key for key in centre.queues if centre.survey_of(key) is not None],
        "announced": [key for key in centre.queues if (policy := centre.recording_of(key)) and policy.announce],
        "notices": home.prompts / prompts.NOTICES,
        "listen": settings.listen,
        "bound_address": settings.bound_address,
        "public_address": settings.public_address,
        "local_networks": _PRIVATE_NETWORKS,
        "tls_cert": settings.tls_cert,
        "tls_key": settings.tls_key,
    }


def carrier_texts(home: Home, install: AsteriskInstall) -> Files:
    """Every file of the emulated carrier's Asterisk. Raises ConfigError when a template is wrong."""
    return _render(
        "carrier",
        {
            "v": variables,
            "ports": home.ports,
            "rtp": home.ports.carrier_rtp,
            "secrets": home.secrets,
            "install": install,
            "node": home.carrier,
            "log": home.log("carrier"),
        },
    )


def render_centre(centre: Centre, home: Home, install: AsteriskInstall) -> Path:
    """Render and put in force the centre's configuration; returns the new folder."""
    return put(centre_texts(centre, home, install), home.asterisk)


def render_carrier(home: Home, install: AsteriskInstall) -> Path:
    """Render and put in force the emulated carrier's configuration; returns the new folder."""
    return put(carrier_texts(home, install), home.carrier)


def _render(folder: str, values: Mapping[str, object]) -> Files:
    source = shipped.asterisk_conf()
    environment = templates.environment(source)
    return {
        path.name.removesuffix(".j2"): templates.rendered(environment, f"{folder}/{path.name}", values)
        for path in sorted((source / folder).glob("[!_]*.conf.j2"))
    }


def _number(number: Number, centre: Centre, *, version: int) -> NumberView:
    queue = agi = ""
    match number.to:
        case actions.ToQueue(key):
            queue = key
        case actions.ToMenu(key):
            agi = f"v{version}/menu/{key}"
        case actions.ToHours(key):
            agi = f"v{version}/hours/{key}"
        case _:
            pass
    return NumberView(
        key=number.key,
        project=number.project,
        language=number.language,
        queue=queue,
        agi=agi,
        echo=isinstance(number.to, actions.ToEcho),
        operator=centre.operator_queue(number),
    )


def _trunk(trunk: Trunk, home: Home, *, first: bool) -> TrunkView:
    host = trunk.host or home.ports.CARRIER_ADDRESS
    return TrunkView(
        endpoint=variables.TRUNK_ENDPOINT if first else f"{variables.TRUNK_ENDPOINT}-{trunk.key}",
        transport=trunk.transport,
        host=f"[{host}]" if ":" in host else host,
        port=home.ports.carrier_sip if trunk.emulated else trunk.port,
        match=trunk.match or (host,),
        codecs=trunk.codecs,
        from_domain=_told_address(home),
    )


def _told_address(home: Home) -> str:
    """The address that the other side is told; never the unspecified one."""
    settings = home.settings
    if settings.public_address:
        return settings.public_address
    return "localhost" if ipaddress.ip_address(settings.listen).is_unspecified else settings.listen


def _music(centre: Centre, home: Home, install: AsteriskInstall) -> dict[str, Path]:
    """Music classes: a folder of that name in HOME/music, else the music that comes with Asterisk."""
    names = {"default", *(queue.music for queue in centre.queues.values())}
    own = {name: home.path / "music" / name for name in sorted(names)}
    return {name: path if path.is_dir() else install.moh_dir for name, path in own.items()}


def put(texts: Files, node: NodePaths) -> Path:
    """Write `texts` into a new folder and point `etc` at it in one step; returns the folder.

    What is in force stays when the texts are the same, and when anything fails. Files have mode 600: they hold secrets.
    """
    for name in ("run", "log/cdr-custom", "spool", "lib/keys", "db"):
        node.directory(name).mkdir(parents=True, exist_ok=True)
    present = sorted(node.root.glob("etc-[0-9]*"), key=_serial)
    if node.etc.is_dir() and read(node.etc) == dict(texts):
        return node.etc.resolve()
    folder = node.root / f"etc-{_serial(present[-1]) + 1 if present else 1:03d}"
    unfinished = node.root / ".etc-unfinished"
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(mode=0o700)
    for name, text in texts.items():
        path = unfinished / name
        path.touch(mode=0o600)
        path.write_text(text, encoding="utf-8")
    unfinished.rename(folder)
    link = node.root / ".etc-link"
    link.unlink(missing_ok=True)
    link.symlink_to(folder.name)
    link.replace(node.etc)
    for old in present[:-_KEPT]:
        shutil.rmtree(old, ignore_errors=True)
    return folder


def read(folder: Path) -> dict[str, str]:
    """The texts of a folder by file name."""
    return {path.name: path.read_text(encoding="utf-8") for path in sorted(folder.glob("*.conf"))}


def _serial(folder: Path) -> int:
    number = folder.name.removeprefix("etc-")
    return int(number) if number.isdigit() else 0
