"""Credentials in files, for the time of one call of the git program, which takes them no other way.

I/O       a directory of our own that nobody else can read; it goes with the call.
Secrets   a password or a token is never in a file: it travels in the process's environment.
"""

import ssl
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from porch.storage.git.credentials import Credentials, SshKey

# No settings of this machine's user, no agent and no questions: the registration decides alone.
_SSH = "ssh -F none -o BatchMode=yes -o IdentitiesOnly=yes -o IdentityAgent=none"


@dataclass(frozen=True, slots=True)
class LoginFiles:
    """Where the git program finds what it needs."""

    ca: Path | None  # None: the system's
    ssh_command: str


@contextmanager
def login_files(credentials: Credentials) -> Generator[LoginFiles, None, None]:
    """The files of these credentials, until the end of the block."""
    if credentials.ssh is None and not credentials.ca:
        yield LoginFiles(None, _SSH)
        return
    with tempfile.TemporaryDirectory(prefix="porch-login-") as name:
        directory = Path(name)
        ca = _with_ca(directory, credentials.ca) if credentials.ca else None
        ssh = _with_key(directory, credentials.ssh) if credentials.ssh else _SSH
        yield LoginFiles(ca, ssh)


def _with_ca(directory: Path, pem: str) -> Path:
    """One file with the system's certificates and these: git reads one only."""
    system = ssl.get_default_verify_paths().cafile
    parts = [Path(system).read_text()] if system and Path(system).is_file() else []
    return _written(directory / "ca.crt", "\n".join([*parts, pem]))


def _with_key(directory: Path, key: SshKey) -> str:
    private = _written(directory / "key", key.private_key)
    hosts = _written(directory / "known_hosts", key.known_hosts)
    return (
        f"{_SSH} -o IdentityFile='{private}' -o UserKnownHostsFile='{hosts}' "
        "-o GlobalKnownHostsFile=none -o StrictHostKeyChecking=yes"
    )


def _written(path: Path, text: str) -> Path:
    path.touch(mode=0o600)
    path.write_text(text.rstrip("\n") + "\n")  # ssh takes no key without an end of line
    return path
