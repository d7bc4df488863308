"""Settings: everything that is wrong is told at once, with what it must be."""

from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from pathlib import Path

import pytest

from porch.runtime.client import ClientSettings
from porch.runtime.lease import LeaseSettings
from porch.runtime.queue import QueueSettings
from porch.runtime.settings import BadSettings, load, variables


class Colour(StrEnum):
    """A closed set."""

    RED = "red"
    BLUE = "blue"


@dataclass(frozen=True, slots=True, kw_only=True)
class Everything:
    """One field of each kind."""

    name: str
    poll: timedelta = timedelta(seconds=30)
    ratio: float = 0.5
    strict: bool = False
    colour: Colour = Colour.RED
    folder: Path = Path("/tmp")  # noqa: S108 (a default in a test)
    namespaces: tuple[str, ...] = ()
    token: str | None = field(default=None, metadata={"secret": True})
    pin: int = field(default=0, metadata={"secret": True})
    client: ClientSettings = field(default_factory=ClientSettings)
    queue: QueueSettings = field(default_factory=QueueSettings)
    lease: LeaseSettings = field(default_factory=LeaseSettings)


def test_what_is_not_set_has_its_default() -> None:
    """An empty variable is as good as none: that is how manifests leave things out."""
    assert load(Everything, {"PORCH_NAME": "a", "PORCH_POLL": ""}) == Everything(name="a")


def test_values_are_read_by_their_type() -> None:
    """Units are written out; nobody guesses seconds."""
    env = {
        "PORCH_NAME": "a",
        "PORCH_POLL": "1m30s",
        "PORCH_RATIO": "0.25",
        "PORCH_STRICT": "true",
        "PORCH_COLOUR": "blue",
        "PORCH_FOLDER": "/var/lib",
        "PORCH_NAMESPACES": "blue, green,",
        "PORCH_TOKEN": "t",
        "PORCH_CLIENT_MAX_ANSWER_BYTES": "64Mi",
        "PORCH_CLIENT_REQUEST_TIMEOUT": "250ms",
        "PORCH_QUEUE_WORKERS": "7",
    }
    found = load(Everything, env)

    assert found == Everything(
        name="a",
        poll=timedelta(seconds=90),
        ratio=0.25,
        strict=True,
        colour=Colour.BLUE,
        folder=Path("/var/lib"),
        namespaces=("blue", "green"),
        token="t",  # noqa: S106 (no secret)
        client=ClientSettings(
            max_answer_bytes=64 << 20, request_timeout=timedelta(milliseconds=250)
        ),
        queue=QueueSettings(workers=7),
    )


def test_all_bad_values_are_told_together() -> None:
    """One restart, not one for each mistake."""
    env = {
        "PORCH_POLL": "30",
        "PORCH_RATIO": "half",
        "PORCH_STRICT": "yes",
        "PORCH_COLOUR": "green",
        "PORCH_CLIENT_MAX_ANSWER_BYTES": "64MB",
        "PORCH_QUEUE_WORKERS": "1.5",
        "PORCH_LEASE_DURATION": "5s",
    }
    with pytest.raises(BadSettings) as caught:
        load(Everything, env)

    assert caught.value.problems == [
        "PORCH_NAME must be set",
        "PORCH_POLL must be a duration such as 250ms, 30s or 1h30m, found '30'",
        "PORCH_RATIO must be a number, found 'half'",
        "PORCH_STRICT must be true or false, found 'yes'",
        "PORCH_COLOUR must be one of red, blue, found 'green'",
        "PORCH_CLIENT_MAX_ANSWER_BYTES must be bytes such as 1048576, 512Ki or 64Mi, found '64MB'",
        "PORCH_QUEUE_WORKERS must be a whole number, found '1.5'",
        "PORCH_LEASE_*: `retry` < `renew_deadline` < `duration` must hold for a Lease",
    ]


def test_a_secret_is_never_quoted() -> None:
    """The error goes to logs."""
    with pytest.raises(BadSettings) as caught:
        load(Everything, {"PORCH_NAME": "a", "PORCH_PIN": "hunter2"})

    assert "hunter2" not in str(caught.value)
    assert "PORCH_PIN" in str(caught.value)


def test_an_optional_value_can_be_unset() -> None:
    """Empty is None there."""
    assert load(Everything, {"PORCH_NAME": "a", "PORCH_TOKEN": ""}).token is None


def test_all_variables_can_be_listed() -> None:
    """The reference page is made from this."""
    found = variables(Everything)

    assert found["PORCH_QUEUE_WORKERS"] == 32
    assert found["PORCH_LEASE_DURATION"] == timedelta(seconds=15)
    assert len(found) == 9 + 8 + 5 + 3
