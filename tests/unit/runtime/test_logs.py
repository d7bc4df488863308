"""Logs: one line a record, every field found, no secret let through."""

import io
import json
import logging
from collections.abc import Iterator

import pytest

from porch.runtime.logs import LogFormat, configure


@pytest.fixture
def restored() -> Iterator[None]:
    """The root logger is pytest's again afterwards."""
    root = logging.getLogger()
    level, handlers = root.level, list(root.handlers)
    for handler in handlers:
        root.removeHandler(handler)
    yield
    logging.captureWarnings(False)
    root.setLevel(level)
    root.handlers[:] = handlers


def written(form: LogFormat, message: str, **extra: object) -> str:
    stream = io.StringIO()
    configure(form=form, stream=stream)
    logging.getLogger("porch.test").info(message, extra=extra)
    return stream.getvalue()


@pytest.mark.usefixtures("restored")
def test_json_has_the_message_and_each_field() -> None:
    """A constant message can be counted; fields can be searched."""
    found = json.loads(written(LogFormat.JSON, "pass is retried", key="blue/a", failures=3))

    assert found.pop("time").endswith("Z")
    assert found == {
        "level": "INFO",
        "logger": "porch.test",
        "message": "pass is retried",
        "key": "blue/a",
        "failures": 3,
    }


@pytest.mark.usefixtures("restored")
def test_the_console_has_one_line() -> None:
    """Read by people, in a terminal."""
    line = written(LogFormat.CONSOLE, "lease acquired", lease="a/b")

    assert line.count("\n") == 1
    assert line.endswith("INFO    lease acquired  lease=a/b\n")


@pytest.mark.usefixtures("restored")
@pytest.mark.parametrize("form", list(LogFormat))
def test_an_exception_comes_with_its_trace(form: LogFormat) -> None:
    """A bug without its place is not found."""
    stream = io.StringIO()
    configure(form=form, stream=stream)
    try:
        dict[str, str]()["spec"]
    except KeyError:
        logging.getLogger("porch.test").exception("pass ended in a bug")

    assert "Traceback" in stream.getvalue()
    assert "KeyError: 'spec'" in stream.getvalue()


@pytest.mark.usefixtures("restored")
@pytest.mark.parametrize("form", list(LogFormat))
def test_secrets_are_masked_wherever_they_are(form: LogFormat) -> None:
    """By the name of the field, and by their shape in any text."""
    text = written(
        form,
        "cannot push to https://bot:hunter2@git/x.git",
        password="hunter2",  # noqa: S106 (that is the point)
        header="Authorization: Bearer hunter2hunter2",
        url="https://bot:hunter2@git/x.git",
    )

    assert "hunter2" not in text
    assert "https://bot:***@git/x.git" in text


@pytest.mark.usefixtures("restored")
def test_libraries_tell_warnings_only() -> None:
    """Kopf reports each connection at INFO."""
    stream = io.StringIO()
    configure(form=LogFormat.CONSOLE, stream=stream)
    logging.getLogger("kopf.objects").info("chatter")
    logging.getLogger("kopf.objects").warning("trouble")

    assert "chatter" not in stream.getvalue()
    assert "trouble" in stream.getvalue()
