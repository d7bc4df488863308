"""Flags as existing installations write them."""

from datetime import timedelta
from pathlib import Path

import pytest

from porch.runtime.logs import LogFormat
from porch_function_runner.flags import BadFlags, Flag, flags_of, read
from porch_function_runner.settings import RunnerSettings

# What existing installations may set, and the defaults that they rely on.
EXISTING = {
    "port": "9445",
    "disable-runtimes": "",
    "log-level": "2",
    "default-image-prefix": "ghcr.io/kptdev/krm-functions-catalog/",
    "functions": "functions",
    "warm-up-pod-cache": "true",
    "pod-namespace": "porch-fn-system",
    "pod-ttl": "30m",
    "scan-interval": "1m",
    "enable-private-registries": "false",
    "registry-auth-secret-path": "/var/tmp/config-secret/.dockerconfigjson",  # noqa: S108 (a mount)
    "registry-auth-secret-name": "auth-secret",
    "enable-private-registries-tls": "false",
    "tls-secret-path": "/var/tmp/tls-secret",  # noqa: S108 (a mount)
    "max-request-body-size": "6291456",
    "max-waitlist-length": "2",
    "max-parallel-pods-per-function": "1",
}


def flags(*arguments: str) -> RunnerSettings:
    """What a command line gives."""
    return read(RunnerSettings, arguments, program="runner")


def test_the_flags_and_defaults_of_existing_installations_are_there() -> None:
    """A Deployment that sets them must go on to work."""
    known = {each.name: each.default for each in flags_of(RunnerSettings)}

    assert EXISTING.items() <= known.items()


@pytest.mark.parametrize("dashes", ["-", "--"])
def test_one_dash_is_as_good_as_two(dashes: str) -> None:
    """With "=" or a space before the value."""
    given = flags(f"{dashes}port=1", f"{dashes}pod-ttl", "1h30m", f"{dashes}functions=/f")

    assert given.server.port == 1
    assert given.pods.pod_ttl == timedelta(minutes=90)
    assert given.functions.functions == Path("/f")


@pytest.mark.parametrize(
    ("argument", "value"),
    [
        ("-enable-private-registries", True),
        ("--enable-private-registries=true", True),
        ("--enable-private-registries=false", False),
    ],
)
def test_a_switch_needs_no_value(argument: str, value: bool) -> None:
    """As in the Go program."""
    assert flags(argument).registry.enable_private_registries is value


def test_lists_and_choices_are_read() -> None:
    """Spaces around commas do no harm."""
    given = flags("--disable-runtimes=exec, pod", "--log-format=console")

    assert given.functions.disable_runtimes == ("exec", "pod")
    assert given.log.log_format is LogFormat.CONSOLE


def test_all_bad_values_are_told_at_once() -> None:
    """With what they must be and what was found."""
    with pytest.raises(BadFlags) as caught:
        flags("--port=a", "--pod-ttl=1", "--warm-up-pod-cache=maybe")

    text = str(caught.value)
    assert "--port must be a whole number, found 'a'" in text
    assert "--pod-ttl must be a duration such as 250ms, 30s or 1h30m, found '1'" in text
    assert "--warm-up-pod-cache must be true or false, found 'maybe'" in text


def test_values_that_cannot_be_meant_are_told_with_the_others() -> None:
    """No call would ever get a turn."""
    with pytest.raises(BadFlags) as caught:
        flags("--port=a", "--max-parallel-executables=0")

    text = str(caught.value)
    assert "--port must be a whole number" in text
    assert "--max-parallel-executables must be at least 1, found 0" in text


@pytest.mark.parametrize("argument", ["--por=1", "--nonsense", "word"])
def test_an_unknown_flag_is_refused(argument: str) -> None:
    """Also one that only begins like a known one."""
    with pytest.raises(BadFlags, match="--help"):
        flags(argument)


@pytest.mark.parametrize("each", flags_of(RunnerSettings), ids=lambda each: str(each.name))
def test_each_default_can_be_written_as_it_is_told(each: Flag) -> None:
    """The documentation shows it so."""
    assert flags(f"--{each.name}={each.default}") == RunnerSettings()
