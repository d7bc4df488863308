"""Where the API server is: pods, kubeconfigs, login programs; and no secret in any error."""

import base64
import json
import os
import stat
import sys
import textwrap
from collections.abc import Mapping
from pathlib import Path

import pytest

from porch.runtime.connection import BadConnection, TokenFile, in_cluster, load_connection
from porch.runtime.kubeconfig import load_kubeconfig
from porch.runtime.login import LoginFailed

PEM = "-----BEGIN CERTIFICATE-----\nnot one\n-----END CERTIFICATE-----\n"


def kubeconfig(
    folder: Path, user: Mapping[str, object] | None = None, *, name: str = "config"
) -> Path:
    path = folder / name
    body = {
        "clusters": [{"name": "c", "cluster": {"server": "http://a"}}],
        "users": [{"name": "u", "user": dict(user or {})}],
        "contexts": [{"name": "x", "context": {"cluster": "c", "user": "u", "namespace": "blue"}}],
        "current-context": "x",
    }
    path.write_text(json.dumps(body))
    return path


def a_program(folder: Path, text: str) -> str:
    path = folder / "login"
    path.write_text(f"#!{sys.executable}\n{textwrap.dedent(text)}")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return str(path)


def exec_user(command: str, **more: object) -> dict[str, object]:
    return {"apiVersion": "client.authentication.k8s.io/v1", "command": command, **more}


async def test_a_token_a_password_and_nothing(tmp_path: Path) -> None:
    """The three that never change."""
    token = load_kubeconfig([kubeconfig(tmp_path, {"token": "t"})])
    basic = load_kubeconfig([kubeconfig(tmp_path, {"username": "u", "password": "p"})])
    none = load_kubeconfig([kubeconfig(tmp_path)])

    assert (token.server, token.namespace) == ("http://a", "blue")
    assert await token.credentials.header() == "Bearer t"
    assert await basic.credentials.header() == f"Basic {base64.b64encode(b'u:p').decode()}"
    assert await none.credentials.header() == ""


async def test_a_token_file_is_read_anew_when_it_was_refused(tmp_path: Path) -> None:
    """The kubelet renews it every hour."""
    path = tmp_path / "token"
    path.write_text("one\n")
    credentials = TokenFile(path)
    assert await credentials.header() == "Bearer one"

    path.write_text("two\n")
    assert await credentials.header() == "Bearer one"
    credentials.refused()
    assert await credentials.header() == "Bearer two"


async def test_the_first_file_that_names_something_wins(tmp_path: Path) -> None:
    """As kubectl merges several files."""
    first = kubeconfig(tmp_path, {"token": "1"}, name="first")
    second = kubeconfig(tmp_path, {"token": "2"}, name="second")
    env = {"KUBECONFIG": os.pathsep.join([str(tmp_path / "none"), str(first), str(second)])}

    assert await load_connection(env).credentials.header() == "Bearer 1"


async def test_a_pod_is_its_service_account(tmp_path: Path) -> None:
    """The files of the projected volume."""
    (tmp_path / "token").write_text("t")
    (tmp_path / "namespace").write_text("porch-system")
    with pytest.raises(BadConnection, match=r"ca\.crt"):
        in_cluster({"KUBERNETES_SERVICE_HOST": "::1"}, files=tmp_path)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("a: [\n", "line 2"),
        ("clusters: 5", "clusters"),
        ("{}", "context ''"),
        ("token: hunter2: hunter2", "line 1"),
    ],
)
def test_a_broken_file_is_told_by_name_and_place(tmp_path: Path, text: str, says: str) -> None:
    """And nothing of its content, which may be a token."""
    path = tmp_path / "config"
    path.write_text(text)
    with pytest.raises(BadConnection, match=says) as caught:
        load_kubeconfig([path])

    assert "hunter2" not in str(caught.value)
    assert str(path) in str(caught.value)


@pytest.mark.parametrize(
    ("user", "says"),
    [
        ({"auth-provider": {"name": "gcp"}}, "auth-provider"),
        ({"as": "somebody"}, "`as`"),
        ({"client-certificate-data": "bm90"}, "together"),
        ({"client-key-data": "=== no base64 é"}, "base64"),
        ({"client-certificate": "none.pem", "client-key": "none.pem"}, "none.pem"),
    ],
)
def test_what_cannot_be_used_is_refused(tmp_path: Path, user: dict[str, object], says: str) -> None:
    """At the start, not at the first call."""
    with pytest.raises(BadConnection, match=says):
        load_kubeconfig([kubeconfig(tmp_path, user)])


def test_a_ca_that_is_none_is_refused(tmp_path: Path) -> None:
    """It would otherwise be every call's error."""
    path = tmp_path / "config"
    data = base64.b64encode(PEM.encode()).decode()
    cluster = {"server": "https://a", "certificate-authority-data": data}
    context = {"name": "x", "context": {"cluster": "c"}}
    body = {
        "clusters": [{"name": "c", "cluster": cluster}],
        "contexts": [context],
        "current-context": "x",
    }
    path.write_text(json.dumps(body))
    with pytest.raises(BadConnection, match="CA"):
        load_kubeconfig([path])


async def test_a_login_program_is_asked_once_until_it_is_refused(tmp_path: Path) -> None:
    """It may open a browser; its answer is kept."""
    program = a_program(
        tmp_path,
        """
        import json, os, pathlib
        runs = pathlib.Path(__file__).with_name("runs")
        runs.write_text(runs.read_text() + "x" if runs.exists() else "x")
        asked = json.loads(os.environ["KUBERNETES_EXEC_INFO"])
        assert asked["kind"] == "ExecCredential"
        token = os.environ["WHO"] + str(len(runs.read_text()))
        end = "2999-01-01T00:00:00Z"
        print(json.dumps({"status": {"token": token, "expirationTimestamp": end}}))
        """,
    )
    user = {"exec": exec_user(program, env=[{"name": "WHO", "value": "me"}])}
    credentials = load_kubeconfig([kubeconfig(tmp_path, user)]).credentials

    assert await credentials.header() == "Bearer me1"
    assert await credentials.header() == "Bearer me1"
    credentials.refused()
    assert await credentials.header() == "Bearer me2"


async def test_an_answer_that_ends_soon_is_not_kept(tmp_path: Path) -> None:
    """A call must not begin with a token that ends on its way."""
    program = a_program(
        tmp_path,
        """
        import datetime, json, secrets
        end = (datetime.datetime.now(datetime.UTC) + datetime.timedelta(seconds=5)).isoformat()
        print(json.dumps({"status": {"token": secrets.token_hex(), "expirationTimestamp": end}}))
        """,
    )
    user = {"exec": exec_user(program)}
    credentials = load_kubeconfig([kubeconfig(tmp_path, user)]).credentials

    assert await credentials.header() != await credentials.header()


@pytest.mark.parametrize(
    "text", ["raise SystemExit(3)", "print('hunter2')", "print('{\"status\": {}}')"]
)
async def test_a_login_that_fails_is_tried_again_later(tmp_path: Path, text: str) -> None:
    """A provider may be away; what the program printed may be a secret."""
    user = {"exec": exec_user(a_program(tmp_path, text))}
    credentials = load_kubeconfig([kubeconfig(tmp_path, user)]).credentials
    with pytest.raises(LoginFailed) as caught:
        await credentials.header()

    assert "hunter2" not in str(caught.value)


async def test_a_login_program_that_is_not_installed_says_how_to_get_it(tmp_path: Path) -> None:
    """The kubeconfig has a hint for that."""
    user = {"exec": exec_user("no-such-program-x", installHint="brew install it")}
    credentials = load_kubeconfig([kubeconfig(tmp_path, user)]).credentials
    with pytest.raises(BadConnection, match="brew install it"):
        await credentials.header()
