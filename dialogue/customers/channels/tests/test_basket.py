"""The basket of the second origin writes in whatever process the server put it."""

from __future__ import annotations

import os
import threading

from django.utils import timezone

from dialogue.customers.channels.hits import Basket, Judged, Seen
from dialogue.customers.channels.models import HitKind
from dialogue.customers.channels.rules import Verdict


def test_basket_writes_after_a_fork() -> None:
    basket = Basket()
    basket.start()
    seen = Seen(timezone.now(), 1, 1, HitKind.LINK, "https://example.org/", Judged(next(iter(Verdict)), ""))
    child = os.fork()
    if child == 0:
        basket.put(seen)
        os._exit(0 if any(one.name == "hits" and one.is_alive() for one in threading.enumerate()) else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def test_basket_that_was_not_started_waits_to_be_flushed() -> None:
    basket = Basket()
    basket.put(Seen(timezone.now(), 1, 1, HitKind.LINK, "https://example.org/", Judged(next(iter(Verdict)), "")))
    assert not any(one.name == "hits" for one in threading.enumerate())
