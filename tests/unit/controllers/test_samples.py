"""The Secrets that the documentation shows are ones that we take."""

from __future__ import annotations

import base64
from pathlib import Path

import yaml

from porch.controllers.secretkinds import Found, read
from porch.storage.git.credentials import Credentials

SAMPLES = Path(__file__).parents[3] / "manifests" / "samples"


def found(manifest: dict[str, dict[str, str]]) -> Found:
    """What is read of a Secret as the API server stores it."""
    fields = manifest["stringData"]
    data = {key: base64.b64encode(text.encode()).decode() for key, text in fields.items()}
    return read(manifest["metadata"]["name"], data, is_http="known_hosts" not in fields)


def test_every_sample_is_a_way_in() -> None:
    """One of each kind."""
    samples = yaml.safe_load_all((SAMPLES / "repository-secrets.yaml").read_text())
    password, token, ssh, app = map(found, samples)

    assert password.credentials == Credentials.basic("porch", "replace-me")
    assert token.credentials == Credentials.bearer("replace-me")
    assert ssh.credentials is not None
    assert ssh.credentials.ssh is not None
    assert app.app is not None
