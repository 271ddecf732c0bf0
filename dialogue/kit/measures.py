"""Numbers of this process for a monitor: how many requests ended how, and how long they took; nobody's data."""

from __future__ import annotations

import threading
from collections import Counter, defaultdict

_lock = threading.Lock()
requests: Counter[str] = Counter()
seconds: defaultdict[str, float] = defaultdict(float)


def note(outcome: str, spent: float) -> None:
    """Count a request that ended in `outcome` (2xx, 4xx, …) after `spent` seconds."""
    with _lock:
        requests[outcome] += 1
        seconds[outcome] += spent
