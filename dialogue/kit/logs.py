"""Log lines as JSON with request and company id; never a person's data."""

from __future__ import annotations

import json
import logging
from datetime import UTC, datetime

from dialogue.kit.scope import current_scope


class JsonLine(logging.Formatter):
    """One JSON object a line on stderr."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the record as one line of JSON."""
        scope = current_scope()
        line: dict[str, object] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "room": record.name,
            "message": record.getMessage(),
        }
        if scope.request:
            line["request"] = scope.request
        if scope.tenant is not None:
            line["company"] = scope.tenant
        if record.exc_info:
            line["error"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False)
