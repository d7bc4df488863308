"""A real sshd that serves git repositories, run by whoever runs the tests, root or not.

sshd is found in its usual places; without one, Debian's packages are fetched with apt-get into the
cache directory and used from there: nothing is installed. `nss_wrapper` gives the one user a name
and a shell, so neither root nor an account of this machine is needed.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from porch_devcluster.cache import cache_root, locked
from tests.integration.waiting import until

PACKAGES = ("openssh-server", "libwrap0", "libnss-wrapper")
NOBODY = 65534


@dataclass(frozen=True, slots=True)
class SshServer:
    """One sshd on the loopback."""

    directory: Path
    port: int
    private_key: str  # that may log in as `git`

    def url(self, path: Path) -> str:
        """The address of a repository of this machine."""
        return f"ssh://git@127.0.0.1:{self.port}{path}"

    @property
    def known_hosts(self) -> str:
        """Its host key, as ssh-keyscan prints it."""
        kind, key = (self.directory / "host.pub").read_text().split()[:2]
        return f"[127.0.0.1]:{self.port} {kind} {key}\n"


def new_key(path: Path) -> str:
    """A key pair; the private half."""
    command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "test", "-f", str(path)]
    subprocess.run(command, check=True)
    return path.read_text()


@contextmanager
def ssh_server(directory: Path, *, port: int, repositories: Path) -> Iterator[SshServer]:
    """Serve until the end of the block; the repositories' files are given to its user."""
    directory.mkdir()
    files = directory / "files"  # the cache may lie where its user cannot look
    shutil.copytree(_unpacked() / "usr", files / "usr", symlinks=True)
    new_key(directory / "host")
    private = new_key(directory / "client")
    (directory / "authorized_keys").write_text((directory / "client.pub").read_text())
    user = NOBODY if os.getuid() == 0 else os.getuid()
    _write_settings(directory, port, user)
    _hand_over(user, directory, repositories)
    log = directory / "log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [str(files / "usr/sbin/sshd"), "-D", "-e", "-f", str(directory / "sshd_config")],
            env=_environment(directory, files),
            user=user if os.getuid() == 0 else None,
            group=user if os.getuid() == 0 else None,
            extra_groups=[] if os.getuid() == 0 else None,
            stdout=output,
            stderr=output,
        )
    try:
        until(lambda: "listening" in log.read_text(), what=f"sshd listens: {log}")
        yield SshServer(directory, port, private)
    finally:
        process.terminate()
        process.wait()


def _write_settings(directory: Path, port: int, user: int) -> None:
    (directory / "passwd").write_text(f"git:x:{user}:{user}:git:{directory}:/bin/sh\n")
    (directory / "group").write_text(f"git:x:{user}:\n")
    (directory / ".gitconfig").write_text('[safe]\n\tdirectory = "*"\n')
    (directory / "sshd_config").write_text(
        f"ListenAddress 127.0.0.1:{port}\n"
        f"HostKey {directory}/host\n"
        f"AuthorizedKeysFile {directory}/authorized_keys\n"
        "PidFile none\nStrictModes no\nUsePAM no\n"
        "PasswordAuthentication no\nKbdInteractiveAuthentication no\n"
    )


def _hand_over(user: int, *roots: Path) -> None:
    """Let the server's user own these files, and pass through the directories above them."""
    if os.getuid() != 0:
        return
    for root in roots:
        for path in (root, *root.rglob("*")):
            os.chown(path, user, user)
        for parent in root.parents:
            if parent.stat().st_uid == 0 and str(parent).startswith("/tmp/"):  # noqa: S108
                parent.chmod(parent.stat().st_mode | 0o011)


def _environment(directory: Path, files: Path) -> dict[str, str]:
    wrapper = next(files.rglob("libnss_wrapper.so"))
    return {
        "PATH": os.environ["PATH"],
        "LD_LIBRARY_PATH": str(wrapper.parent),
        "LD_PRELOAD": str(wrapper),
        "NSS_WRAPPER_PASSWD": str(directory / "passwd"),
        "NSS_WRAPPER_GROUP": str(directory / "group"),
    }


def _unpacked() -> Path:
    """The files of the packages, fetched once."""
    place = cache_root() / "sshd"
    with locked(cache_root() / "sshd.lock"):
        if place.is_dir():
            return place
        aside = cache_root() / f"sshd.{os.getpid()}.{time.monotonic_ns()}"
        aside.mkdir()
        options = ["-o", "APT::Sandbox::User=root"] if os.getuid() == 0 else []
        subprocess.run(
            ["apt-get", "-q", *options, "download", *PACKAGES],
            cwd=aside,
            check=True,
            capture_output=True,
        )
        for package in sorted(aside.glob("*.deb")):
            subprocess.run(["dpkg", "-x", str(package), str(aside)], check=True)
            package.unlink()
        shutil.move(aside, place)
    return place
