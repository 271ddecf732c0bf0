"""A real IMAP server for tests: Debian's Dovecot on loopback addresses, in a folder of its own, with a certificate of its own."""

from __future__ import annotations

import grp
import imaplib
import os
import pwd
import shutil
import ssl
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from dialogue.kit.ports import free_port

PROGRAM = shutil.which("dovecot", path="/usr/sbin:/usr/local/sbin:/usr/bin")
PASSWORD = "пароль №1"
CONFIGURATION = """
protocols = imap
listen = 127.0.0.1
base_dir = {folder}/run
state_dir = {folder}/state
log_path = {folder}/log
ssl = yes
ssl_cert = <{folder}/cert.pem
ssl_key = <{folder}/key.pem
disable_plaintext_auth = yes
auth_mechanisms = plain
default_login_user = {login}
default_internal_user = {login}
default_internal_group = {group}
mail_location = maildir:{folder}/mail/%u
mail_uid = {user}
mail_gid = {group}
first_valid_uid = 0
first_valid_gid = 0
passdb {{
  driver = passwd-file
  args = {folder}/users
}}
userdb {{
  driver = static
  args = uid={user} gid={group} home={folder}/mail/%u
}}
namespace inbox {{
  inbox = yes
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {plain}
  }}
  inet_listener imaps {{
    port = {tls}
    ssl = yes
  }}
}}
service anvil {{
  chroot =
}}
service stats {{
  chroot =
}}
"""


@dataclass
class Dovecot:
    """The running server: its ports, its authority's file, and how letters come into a mailbox."""

    folder: Path
    plain: int
    tls: int

    @property
    def authority(self) -> str:
        """The file that trusts its certificate."""
        return str(self.folder / "cert.pem")

    def connection(self, user: str) -> imaplib.IMAP4_SSL:
        """Return a signed-in connection of a mail program."""
        connection = imaplib.IMAP4_SSL(
            "127.0.0.1", self.tls, ssl_context=ssl.create_default_context(cafile=self.authority), timeout=10
        )
        connection.authenticate("PLAIN", lambda _challenge: f"\0{user}\0{PASSWORD}".encode())
        return connection

    def put(self, user: str, *letters: bytes, folder: str = "INBOX") -> None:
        """Let letters arrive."""
        connection = self.connection(user)
        if folder != "INBOX":
            connection.create(folder)
        for letter in letters:
            status, answer = connection.append(folder, "", imaplib.Time2Internaldate(time.time()), letter)
            assert status == "OK", answer
        connection.logout()


def _certificate(folder: Path) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=2))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(IPv4Address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    (folder / "cert.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    plain = serialization.NoEncryption()
    (folder / "key.pem").write_bytes(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain))


def _account() -> tuple[str, str]:
    """Return the account and group the server's parts run under: Debian's own for root, else this one."""
    entry = pwd.getpwnam("dovenull" if os.geteuid() == 0 else pwd.getpwuid(os.geteuid()).pw_name)
    return entry.pw_name, grp.getgrgid(entry.pw_gid).gr_name


@contextmanager
def dovecot() -> Iterator[Dovecot]:
    """Run the server for the length of a block; skip with the package's name where it is not installed."""
    if PROGRAM is None:
        pytest.skip("needs an IMAP server: apt-get install dovecot-imapd")
    folder = Path(tempfile.mkdtemp(prefix="imap-", dir="/tmp"))
    try:
        folder.chmod(0o755)
        user, group = _account()
        (folder / "mail").mkdir(mode=0o777)
        (folder / "mail").chmod(0o777)
        _certificate(folder)
        # A user with any name comes in with the one password.
        (folder / "users").write_text("".join(f"{name}:{{PLAIN}}{PASSWORD}\n" for name in ("sales", "back")))
        server = Dovecot(folder, free_port(), free_port())
        words = {"folder": folder, "plain": server.plain, "tls": server.tls, "login": user, "user": user, "group": group}
        (folder / "dovecot.conf").write_text(CONFIGURATION.format(**words))
        process = subprocess.Popen(
            [PROGRAM, "-F", "-c", str(folder / "dovecot.conf")], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
        )
        try:
            _wait(server, process)
            yield server
        finally:
            process.terminate()
            process.communicate(timeout=20)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _wait(server: Dovecot, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 20
    while not _answers(server):
        log = (server.folder / "log").read_text() if (server.folder / "log").exists() else ""
        assert process.poll() is None, f"{log}\n{process.stderr.read().decode() if process.stderr else ''}"
        assert time.monotonic() < deadline, log
        time.sleep(0.05)


def _answers(server: Dovecot) -> bool:
    try:
        server.connection("sales").logout()
    except (OSError, imaplib.IMAP4.error):
        return False
    return True
