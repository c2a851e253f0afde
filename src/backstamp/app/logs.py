"""Logging: one JSON line a record on stderr, for machines; a plain line where a person watches."""

import json
import logging
import re
import sys
import threading
import traceback
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Final

from backstamp.app.settings import Settings
from backstamp.app.settings.table import LOG_LEVEL
from backstamp.app.terminal.shown import printable

LONGEST_MESSAGE: Final = 2000
MOST_CAUSES: Final = 10
"""Of an exception, which may be its own cause."""
_USUAL: Final = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime"}
"""What every record has; the rest are facts that the caller gave (`extra`): trace id, size, outcomes."""

_OBJECTS: Final = re.compile(r"[\n(<]")
_log = logging.getLogger("backstamp")


class _WithoutWords(logging.Formatter):
    """Tells where exceptions were raised and of which types they are.

    Their words may hold what a stranger sent, or a row: PostgreSQL's say which address was twice there.
    """

    def formatException(self, ei: Any) -> str:  # noqa: N802 (the name is logging's)
        told: list[str] = []
        error: BaseException | None = ei[1]
        while error is not None and len(told) < MOST_CAUSES:
            told.append("".join(traceback.format_tb(error.__traceback__)) + type(error).__qualname__)
            error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
        return "\nbecause of\n".join(told)


class _Shortened(logging.Filter):
    """Keeps of what asyncio says of a fault what it is: the rest spells out objects, arguments and words."""

    def filter(self, record: logging.LogRecord) -> bool:
        if record.name == "asyncio" and record.exc_info:
            record.msg, record.args = _OBJECTS.split(record.getMessage(), maxsplit=1)[0].rstrip(), ()
        return True


class _JsonLines(_WithoutWords):
    """One object a line: time, level, logger, message; the traceback as one string where there is one."""

    def __init__(self, role: str) -> None:
        super().__init__()
        self._role = role

    def format(self, record: logging.LogRecord) -> str:
        entry = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "role": self._role,
            "logger": record.name,
            "message": record.getMessage()[:LONGEST_MESSAGE],
        }
        entry |= {name: value for name, value in vars(record).items() if name not in _USUAL}
        if record.exc_info:
            entry["traceback"] = self.formatException(record.exc_info)
        return json.dumps(entry, ensure_ascii=True, default=str)


class _PlainLines(_WithoutWords):
    """The same for a person; control characters are spelled out, so that no line can be forged."""

    def __init__(self, role: str) -> None:
        super().__init__(f"%(asctime)s {role} %(levelname)s %(message)s", "%H:%M:%S")

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 (the name is logging's)
        record.message = printable(record.message[:LONGEST_MESSAGE])
        return super().formatMessage(record)


def configure_logging(settings: Settings, role: str) -> None:
    """Send all logs of this process to stderr, and what ends it or a thread of it as one of them."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_PlainLines(role) if sys.stderr.isatty() else _JsonLines(role))
    handler.addFilter(_Shortened())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    logging.getLogger("backstamp").setLevel(settings[LOG_LEVEL].upper())
    sys.excepthook = _tell
    threading.excepthook = lambda of: _tell(of.exc_type, of.exc_value, of.exc_traceback)


def _tell(kind: type[BaseException], error: BaseException | None, where: TracebackType | None) -> None:
    """Log what nobody caught; Python's own way ends with its words."""
    if error is not None and not issubclass(kind, KeyboardInterrupt | SystemExit):
        _log.critical("internal error %s", kind.__qualname__, exc_info=(kind, error, where))
