"""Login programs of a kubeconfig (`exec`): EKS, GKE, AKS, OIDC and the like.

I/O       runs the program when there is no valid answer of its yet; one run at a time.
Values    expiry as an aware UTC datetime; the answer is renewed `_EARLY` before it.
Secrets   tokens stay in memory; the program's stderr is passed on to the user's terminal.
Errors    LoginFailed (RETRY: a provider may be down), BadConnection (no such program).
Source    https://kubernetes.io/docs/reference/access-authn-authz/authentication/#client-go-credential-plugins
"""

import asyncio
import os
import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec

from porch.errors import Transient
from porch.runtime.connection import BadConnection, present

_EARLY = timedelta(seconds=30)
_PATIENCE = timedelta(minutes=5)  # a person may be signing in with a browser
_VERSIONS = ("client.authentication.k8s.io/v1", "client.authentication.k8s.io/v1beta1")


class LoginFailed(Transient):
    """The login program gave no credentials."""

    reason = "LoginFailed"


class _Variable(msgspec.Struct):
    name: str
    value: str = ""


class ExecSpec(msgspec.Struct, rename="camel"):
    """`users[].user.exec` of a kubeconfig."""

    command: str
    api_version: str = _VERSIONS[0]
    args: list[str] | None = None
    env: list[_Variable] | None = None
    install_hint: str = ""


class _Answer(msgspec.Struct, rename="camel"):
    token: str = ""
    client_certificate_data: str = ""
    client_key_data: str = ""
    expiration_timestamp: datetime | None = None


class _ExecCredential(msgspec.Struct):
    status: _Answer


class LoginProgram:
    """Credentials that a program prints, kept until they end or are refused."""

    def __init__(self, spec: ExecSpec, *, folder: Path, tls: ssl.SSLContext | None) -> None:
        if spec.api_version not in _VERSIONS:
            raise BadConnection(f"`exec.apiVersion` must be one of {_VERSIONS}")
        self._spec = spec
        self._folder = folder  # where a relative command is
        self._tls = tls
        self._answer: _Answer | None = None
        self._turn = asyncio.Lock()

    async def header(self) -> str:
        if not self._valid():
            async with self._turn:
                if not self._valid():
                    await self._sign_in()
        return f"Bearer {self._answer.token}" if self._answer and self._answer.token else ""

    def refused(self) -> None:
        self._answer = None

    def _valid(self) -> bool:
        if self._answer is None:
            return False
        end = self._answer.expiration_timestamp
        return end is None or end.astimezone(UTC) - datetime.now(UTC) > _EARLY

    async def _sign_in(self) -> None:
        answer = _parsed(await self._output(), self._spec.command)
        if answer.client_certificate_data and self._tls is not None:
            present(
                self._tls, certificate=answer.client_certificate_data, key=answer.client_key_data
            )
        self._answer = answer

    async def _output(self) -> bytes:
        command = self._spec.command
        if os.sep in command:
            command = str(self._folder / command)
        info = {"apiVersion": self._spec.api_version, "kind": "ExecCredential"}
        info_json = msgspec.json.encode(info | {"spec": {"interactive": False}}).decode()
        extra = {variable.name: variable.value for variable in self._spec.env or ()}
        try:
            process = await asyncio.create_subprocess_exec(
                command,
                *(self._spec.args or ()),
                env={**os.environ, **extra, "KUBERNETES_EXEC_INFO": info_json},
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
            )
        except OSError as err:
            hint = self._spec.install_hint or err.strerror
            raise BadConnection(f"login program {command!r} must be installed: {hint}") from err
        return await _finished(process, command)


async def _finished(process: asyncio.subprocess.Process, command: str) -> bytes:
    try:
        async with asyncio.timeout(_PATIENCE.total_seconds()):
            output, _ = await process.communicate()
    except TimeoutError as err:
        raise LoginFailed(f"login program {command!r} must answer in {_PATIENCE}") from err
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode:
        raise LoginFailed(f"login program {command!r} must succeed, exited {process.returncode}")
    return output


def _parsed(output: bytes, command: str) -> _Answer:
    try:
        answer = msgspec.json.decode(output, type=_ExecCredential).status
    except msgspec.DecodeError:
        # NB: no cause: the message of a decoding error may quote the output.
        raise LoginFailed(f"login program {command!r} must print an ExecCredential") from None
    if not answer.token and not answer.client_certificate_data:
        raise LoginFailed(f"login program {command!r} must print a token or a certificate")
    return answer
