"""Loading modules without looking for garbage."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def loading() -> Iterator[None]:
    """Keep the collector away while modules load, and from what they made for ever after.

    Hardly anything is thrown away meanwhile, and looking for it would take a fifth of the time. Objects that live for ever
    stay out of its way afterwards: it would write to their pages of memory and so part what forked processes share.
    """
    gc.disable()
    try:
        yield
        gc.freeze()
    finally:
        gc.enable()
