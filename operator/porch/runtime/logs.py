"""Logs: a constant message, what varies in fields; JSON for machines, one line for people.

I/O       writes to a stream, standard error by default. Configures the root logger, once.
Fields    time, level, logger, message, and those given as `extra`; `trace` for an exception.
Secrets   fields named like one are masked; so are bearer tokens and passwords in URLs, wherever
          they are in a text. That is the last line of defence, not a licence to log them.
"""

import logging
import re
import sys
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, TextIO

from pythonjsonlogger.core import RESERVED_ATTRS
from pythonjsonlogger.json import JsonFormatter

_MASK = "***"
_SECRET_NAMES = re.compile(
    r"token|password|passwd|secret|authorization|credential|private_key", re.I
)
_SECRET_TEXT = re.compile(r"(?i)(\b(?:bearer|basic)\s+)[\w.~+/=-]{8,}|(://[^/\s:@]*:)[^/\s@]+(?=@)")
_RESERVED = frozenset(RESERVED_ATTRS) | {"message", "asctime", "taskName"}

# Libraries that tell at INFO what is no news to us.
_QUIET = ("kopf", "aiohttp", "asyncio", "urllib3")


class LogFormat(StrEnum):
    """How records are written."""

    JSON = "json"
    CONSOLE = "console"


def configure(*, level: str = "INFO", form: LogFormat, stream: TextIO | None = None) -> None:
    """Send all logs of the process to one place in one format."""
    handler = _Masking(stream or sys.stderr)
    handler.setFormatter(_Json() if form is LogFormat.JSON else _Console())
    logging.basicConfig(level=level, handlers=[handler], force=True)
    for name in _QUIET:
        logging.getLogger(name).setLevel(max(logging.WARNING, logging.getLogger().level))
    logging.captureWarnings(True)


class _Masking(logging.StreamHandler[TextIO]):
    """Writes a copy without secrets; the record itself may have other readers."""

    def format(self, record: logging.LogRecord) -> str:
        clean = logging.makeLogRecord(record.__dict__)
        clean.msg, clean.args = _masked(record.getMessage()), None
        for name, value in _extras(record).items():
            clean.__dict__[name] = _MASK if _SECRET_NAMES.search(name) else _masked(value)
        return str(_masked(super().format(clean)))  # once more: a trace quotes values, too


class _Json(JsonFormatter):
    """One object a line."""

    def __init__(self) -> None:
        super().__init__(
            "{levelname}{name}{message}",
            style="{",
            rename_fields={"levelname": "level", "name": "logger", "exc_info": "trace"},
            defaults=None,
        )

    def add_fields(
        self,
        log_data: dict[str, Any],
        record: logging.LogRecord,
        message_dict: dict[str, Any],
    ) -> None:
        log_data["time"] = _time(record)
        super().add_fields(log_data, record, message_dict)


class _Console(logging.Formatter):
    """A line for a terminal, a trace below it."""

    def format(self, record: logging.LogRecord) -> str:
        fields = " ".join(f"{name}={value}" for name, value in _extras(record).items())
        line = f"{_time(record)} {record.levelname:<7} {record.getMessage()}  {fields}".rstrip()
        return f"{line}\n{self.formatException(record.exc_info)}" if record.exc_info else line


def _masked(value: object) -> object:
    return _SECRET_TEXT.sub(rf"\1\2{_MASK}", value) if isinstance(value, str) else value


def _extras(record: logging.LogRecord) -> dict[str, Any]:
    return {
        name: value
        for name, value in record.__dict__.items()
        if name not in _RESERVED and not name.startswith("_")
    }


def _time(record: logging.LogRecord) -> str:
    stamp = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
    return stamp.replace("+00:00", "Z")
