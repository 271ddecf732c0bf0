"""How often one caller may ask: a bucket of tokens for each, in this process's memory.

Every process keeps its own buckets, so N processes let N times as much through: the limits hold off floods and guessing, they
are no accounting.
"""

from __future__ import annotations

import math
import threading
import time
from collections import OrderedDict

MOST_CALLERS = 50_000


class Throttle:
    """Lets each caller ask `per_minute` times at once and as often again each minute; 0 lets everybody through."""

    def __init__(self, per_minute: int) -> None:
        self.per_minute = per_minute
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()
        self._lock = threading.Lock()

    def wait(self, caller: str, *, cost: float = 1.0, now: float | None = None) -> int:
        """Take the cost from the caller's bucket and return 0, or take nothing and return the seconds to wait."""
        if not self.per_minute:
            return 0
        moment = time.monotonic() if now is None else now
        rate = self.per_minute / 60
        with self._lock:
            left, last = self._buckets.pop(caller, (float(self.per_minute), moment))
            left = min(float(self.per_minute), left + (moment - last) * rate)
            allowed = left >= cost
            self._buckets[caller] = (left - cost if allowed else left, moment)
            if len(self._buckets) > MOST_CALLERS:
                self._buckets.popitem(last=False)
        return 0 if allowed else math.ceil((cost - left) / rate)

    def forget(self) -> None:
        """Fill every bucket again."""
        with self._lock:
            self._buckets.clear()
