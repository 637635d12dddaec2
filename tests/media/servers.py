"""A real Dovecot and a real Exim for tests, started in a folder of their own on free ports of loopback.

Exim takes mail for every address at `DOMAINS` and hands it to Dovecot over LMTP; any mailbox exists, with the password
`PASSWORD`. The programs are Debian's, unpacked in the cache; they run without root (as root: as nobody), so a copy that
nobody else owns is made, with its paths written into scripts and, where Dovecot has one built in, into the copy.
"""

import contextlib
import email.message
import imaplib
import os
import shutil
import signal
import smtplib
import socket
import ssl
import subprocess
import tempfile
from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path
from typing import Final

from cti.setup import mail, unpacked
from tests.running import eventually

PASSWORD: Final = "word of a test"
DOMAINS: Final = ("centre.test", "customer.test", "other.test")
NOBODY: Final = 65_534
_PARTS: Final = ("usr/lib", "usr/sbin/exim4", "usr/sbin/dovecot", "usr/bin/doveadm", "usr/bin/doveconf")
_BUILT_IN: Final = b"/usr/lib/dovecot/modules\0"


class MailServers:
    """Both servers, running."""

    def __init__(self) -> None:
        found = mail.find()
        self._folder = Path(tempfile.mkdtemp(prefix="tm", dir="/tmp"))
        self._folder.chmod(0o755)
        self._root = unpacked.Root(path=self._folder / "r")
        for part in _PARTS:
            target = self._root.path / part
            target.parent.mkdir(parents=True, exist_ok=True)
            source = found.path / part
            if source.is_dir():
                shutil.copytree(source, target, symlinks=True, ignore=shutil.ignore_patterns("perl*", "debug", "gconv"))
            else:
                shutil.copy2(source, target)
        self.imap_port, self.imaps_port, self.smtp_port, self.smtps_port = _free_ports(4)
        self._make_certificate()
        for name in ("run", "spool", "log", "home"):
            (self._folder / name).mkdir()
        self._write_dovecot()
        self._write_exim()
        if os.geteuid() == 0:
            for path in (self._folder, *self._folder.rglob("*")):
                if self._root.path not in path.parents:
                    os.chown(path, NOBODY, NOBODY, follow_symlinks=False)
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self.start()

    # -- life --------------------------------------------------------------------------------------------------------

    def start(self) -> None:
        self.start_dovecot()
        self.start_exim()

    def start_dovecot(self) -> None:
        """One that was killed may have left its lock on a mailbox, which the next waits out for two minutes."""
        for lock in (self._folder / "home").rglob("*.lock"):
            lock.unlink(missing_ok=True)
        self._start("dovecot", self._scripts / "dovecot", "-F", "-c", self._folder / "dovecot.conf")
        eventually(lambda: _answers(self.imap_port), what="Dovecot answers", within_s=30)

    def start_exim(self) -> None:
        self._start("exim", self._scripts / "exim4", "-C", self._folder / "exim.conf", "-bdf", "-q1s")
        eventually(lambda: _answers(self.smtp_port), what="Exim answers", within_s=30)

    def stop_one(self, name: str) -> None:
        """Its processes end at once, connections and all."""
        process = self._running.pop(name)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait(10)
        port = self.imap_port if name == "dovecot" else self.smtp_port
        eventually(lambda: not _answers(port), what=f"{name} is gone", within_s=30)

    def remove(self) -> None:
        for name in list(self._running):
            self.stop_one(name)
        shutil.rmtree(self._folder, ignore_errors=True)

    def _start(self, name: str, *command: str | Path) -> None:
        environment = {"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8"}
        as_nobody = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"] if os.geteuid() == 0 else []
        with (self._folder / "log" / f"{name}.out").open("ab") as output:
            self._running[name] = subprocess.Popen(
                [*as_nobody, *map(str, command)],
                stdout=output,
                stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL,
                cwd=self._folder,
                start_new_session=True,
                env=environment,
            )

    def log(self) -> str:
        return "\n".join(path.read_text(errors="replace") for path in sorted((self._folder / "log").iterdir()))

    # -- their folders -----------------------------------------------------------------------------------------------

    @property
    def ca(self) -> Path:
        """The certificate that both show, for localhost."""
        return self._folder / "cert.pem"

    @property
    def _scripts(self) -> Path:
        return self._folder / "b"

    def _make_certificate(self) -> None:
        command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost"]
        names = ["-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"]
        files = ["-keyout", str(self._folder / "key.pem"), "-out", str(self.ca)]
        subprocess.run([*command, *names, *files], check=True, capture_output=True, timeout=60)

    def _script(self, path: Path, program: str, *options: str) -> None:
        loader, *rest = self._root.command(program)
        rest[1] += f":{self._root.path}/usr/lib/dovecot"
        lines = [
            "#!/bin/sh",
            f"export NSS_WRAPPER_PASSWD={self._folder}/passwd NSS_WRAPPER_GROUP={self._folder}/group",
            f"export DOVECONF_PATH={self._scripts}/doveconf",
            f'exec {loader} --argv0 {path} {" ".join([*options, *rest])} "$@"',
        ]
        path.parent.mkdir(exist_ok=True)
        path.write_text("\n".join(lines) + "\n")
        path.chmod(0o755)

    def _write_dovecot(self) -> None:
        programs = self._root.path / "usr/lib/dovecot"
        modules = self._folder / "m"
        modules.symlink_to(programs / "modules")
        for path in programs.iterdir():
            if path.is_file() and not path.is_symlink():
                content = path.read_bytes()
                if _BUILT_IN in content:
                    path.write_bytes(content.replace(_BUILT_IN, str(modules).encode().ljust(len(_BUILT_IN), b"\0")))
                if os.access(path, os.X_OK) and ".so" not in path.name:
                    self._script(self._folder / "x" / path.name, f"usr/lib/dovecot/{path.name}")
        for program in ("usr/sbin/dovecot", "usr/bin/doveconf", "usr/bin/doveadm"):
            self._script(self._scripts / Path(program).name, program)
        uid = NOBODY if os.geteuid() == 0 else os.geteuid()
        gid = NOBODY if os.geteuid() == 0 else os.getegid()
        user = "nobody" if os.geteuid() == 0 else str(_name(os.geteuid()))
        group = "nogroup" if os.geteuid() == 0 else str(_group(os.getegid()))
        (self._folder / "dovecot.conf").write_text(f"""\
dovecot_config_version = 2.4.0
dovecot_storage_version = 2.4.0
base_dir = {self._folder}/run
state_dir = {self._folder}/run
libexec_dir = {self._folder}/x
log_path = {self._folder}/log/dovecot.log
protocols {{
  imap = yes
  lmtp = yes
}}
listen = 127.0.0.1
default_internal_user = {user}
default_internal_group = {group}
default_login_user = {user}
ssl = yes
ssl_server_cert_file = {self.ca}
ssl_server_key_file = {self._folder}/key.pem
auth_allow_cleartext = yes
mail_driver = maildir
mail_path = ~/Maildir
mail_uid = {uid}
mail_gid = {gid}
mail_max_userip_connections = 200
first_valid_uid = 1
first_valid_gid = 1
passdb static {{
  password = {PASSWORD}
}}
userdb static {{
  fields {{
    uid = {uid}
    gid = {gid}
    home = {self._folder}/home/%{{user}}
  }}
}}
service anvil {{
  chroot =
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {self.imap_port}
  }}
  inet_listener imaps {{
    port = {self.imaps_port}
    ssl = yes
  }}
}}
service lmtp {{
  unix_listener lmtp {{
    mode = 0666
  }}
}}
namespace inbox {{
  inbox = yes
}}
""")

    def _write_exim(self) -> None:
        uid = NOBODY if os.geteuid() == 0 else os.geteuid()
        gid = NOBODY if os.geteuid() == 0 else os.getegid()
        (self._folder / "passwd").write_text(f"root:x:0:0::/:/bin/sh\nDebian-exim:x:{uid}:{gid}::/tmp:/bin/sh\n")
        (self._folder / "group").write_text(f"root:x:0:\nDebian-exim:x:{gid}:\n")
        wrapper = next((self._root.path / "usr/lib").glob("*/libnss_wrapper.so"))
        self._script(self._scripts / "exim4", "usr/sbin/exim4", "--preload", str(wrapper))
        config = self._folder / "exim.conf"
        config.write_text(f"""\
exim_path = {self._scripts}/exim4
exim_user = Debian-exim
exim_group = Debian-exim
keep_environment =
never_users =
spool_directory = {self._folder}/spool
log_file_path = {self._folder}/log/%slog
pid_file_path = {self._folder}/run/exim.pid
primary_hostname = mx.test
domainlist local_domains = {" : ".join(DOMAINS)}
deliver_drop_privilege = true
local_interfaces = 127.0.0.1
daemon_smtp_ports = {self.smtp_port} : {self.smtps_port}
tls_on_connect_ports = {self.smtps_port}
tls_advertise_hosts = *
tls_certificate = {self.ca}
tls_privatekey = {self._folder}/key.pem
acl_smtp_rcpt = acl_rcpt
acl_smtp_data = accept
message_size_limit = 40M
smtp_accept_max = 200
queue_only_load = 1000
return_path_remove = false
begin acl
acl_rcpt:
  deny local_parts = refused
       message = 5.1.1 There is nobody of that name here
  defer local_parts = later
       message = 4.2.2 The mailbox is full
  accept authenticated = *
  accept domains = +local_domains
  deny message = relay not permitted
begin routers
unknown:
  driver = redirect
  local_parts = unknown
  allow_fail
  data = :fail: 5.1.1 No such user here
local:
  driver = accept
  transport = lmtp
begin transports
lmtp:
  driver = lmtp
  socket = {self._folder}/run/lmtp
  user = Debian-exim
  return_path_add
begin retry
* * F,1h,1s
begin authenticators
plain:
  driver = plaintext
  public_name = PLAIN
  server_condition = ${{if eq{{$auth3}}{{{PASSWORD}}}}}
  server_set_id = $auth2
""")
        if os.geteuid() == 0:
            os.chown(config, 0, 0)

    # -- what a person does with a mail program ----------------------------------------------------------------------

    def send(self, mail: EmailMessage | bytes, *, sender: str, to: str) -> None:
        """Hand the mail to Exim as another server would."""
        content = mail if isinstance(mail, bytes) else mail.as_bytes()
        with smtplib.SMTP("127.0.0.1", self.smtp_port, timeout=30) as client:
            client.sendmail(sender, [to], content)

    def session(self) -> smtplib.SMTP:
        """For many mails."""
        return smtplib.SMTP("127.0.0.1", self.smtp_port, timeout=60)

    @contextlib.contextmanager
    def mailbox(self, user: str) -> Iterator[imaplib.IMAP4]:
        client = imaplib.IMAP4("127.0.0.1", self.imap_port, timeout=30)
        try:
            client.login(user, PASSWORD)
            yield client
        except OSError:
            client.shutdown()
            raise
        client.logout()

    def mails(self, user: str, folder: str = "INBOX") -> list[email.message.Message]:
        """What lies in the folder, in order; nothing when there is no such folder."""
        with self.mailbox(user) as client:
            if client.select(f'"{folder}"', readonly=True)[0] != "OK":
                return []
            _, found = client.search(None, "ALL")
            numbers = found[0].split()
            if not numbers:
                return []
            _, parts = client.fetch(b",".join(numbers).decode(), "(BODY.PEEK[])")
        return [email.message_from_bytes(part[1]) for part in parts if isinstance(part, tuple)]

    def count(self, user: str, folder: str = "INBOX") -> int:
        """How many mails lie in the folder."""
        with self.mailbox(user) as client:
            answer, found = client.select(f'"{folder}"', readonly=True)
            return int(found[0] or 0) if answer == "OK" else 0

    def put(self, user: str, content: bytes, folder: str = "INBOX") -> None:
        """Lay a mail into the folder as it is, past Exim."""
        with self.mailbox(user) as client:
            client.append(folder, "", "", content)

    def renumber(self, user: str) -> None:
        """Deal the UIDs of the mailbox out anew (another UIDVALIDITY), as a server does that lost its index."""
        home = self._folder / "home" / user / "Maildir"
        for path in home.glob("dovecot*"):
            path.unlink()


def _answers(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), 5) as connection:
            connection.settimeout(5)
            return bool(connection.recv(1))
    except OSError:
        return False


def _free_ports(count: int) -> list[int]:
    with contextlib.ExitStack() as stack:
        probes = [stack.enter_context(socket.socket()) for _ in range(count)]
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [probe.getsockname()[1] for probe in probes]


def _name(uid: int) -> str:
    import pwd

    return pwd.getpwuid(uid).pw_name


def _group(gid: int) -> str:
    import grp

    return grp.getgrgid(gid).gr_name


def trusting(servers: MailServers) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=servers.ca)
