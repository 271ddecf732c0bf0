"""Log lines as JSON with request and company id; never a person's data.

Of an error the log keeps its kind and where it arose, not its words: those quote what was typed. A message may hold ids,
counts and names of our own; what looks like an address, a phone number or a secret is blotted out all the same.
"""

from __future__ import annotations

import json
import logging
import re
import sys
import traceback
from datetime import UTC, datetime
from pathlib import Path
from typing import TextIO

from dialogue.kit.scope import current_scope

FRAMES = 12
PERSONAL = re.compile(
    r"[^\s@<>\"'=(]+@[^\s@<>\"')]+"  # an address
    r"|\+?\d[\d ()\-]{8,}\d"  # a phone number
    r"|[A-Za-z0-9_\-]{24,}"  # a secret
)
PACKAGE = str(Path(__file__).resolve().parents[2])


def blotted(text: str) -> str:
    """Return the text without what looks like a person's data or a secret."""
    return PERSONAL.sub("…", text)


def error_facts(error: BaseException) -> dict[str, object]:
    """Return an error's kind, place and, for the database's, its code and constraint; never its words."""
    frames = traceback.extract_tb(error.__traceback__)[-FRAMES:]
    facts: dict[str, object] = {
        "type": f"{type(error).__module__}.{type(error).__qualname__}",
        "at": [f"{frame.filename.removeprefix(PACKAGE)}:{frame.lineno} {frame.name}" for frame in frames],
    }
    told = getattr(error, "diag", None)
    if told is not None:
        facts |= {"sqlstate": told.sqlstate, "constraint": told.constraint_name, "table": told.table_name}
    if isinstance(error, AttributeError | NameError | ImportError):
        # These name our own code.
        facts["words"] = blotted(str(error))
    cause = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    if cause is not None:
        facts["cause"] = error_facts(cause)
    return facts


class Stderr(logging.StreamHandler[TextIO]):
    """Lines to the stderr of the moment: one taken at the start may have been exchanged and closed since."""

    @property
    def stream(self) -> TextIO:
        """Return where stderr goes now."""
        return sys.stderr

    @stream.setter
    def stream(self, stream: TextIO) -> None:
        """Keep nothing: the stream is looked up at each line."""


class JsonLine(logging.Formatter):
    """One JSON object a line on stderr."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the record as one line of JSON."""
        scope = current_scope()
        line: dict[str, object] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "room": record.name,
            "message": blotted(record.getMessage()),
        }
        if scope.request:
            line["request"] = scope.request
        if scope.tenant is not None:
            line["company"] = scope.tenant
        line |= getattr(record, "facts", {})
        if record.exc_info and record.exc_info[1] is not None:
            line["error"] = error_facts(record.exc_info[1])
        return json.dumps(line, ensure_ascii=False, default=str)
