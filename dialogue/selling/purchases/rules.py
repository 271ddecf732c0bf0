"""Pure rules of purchases."""

from __future__ import annotations

LONGEST_COUPON = 40


def coupon_code(text: str) -> str:
    """Return a coupon's code as it is kept: capital letters and digits, without spaces and dashes people put between."""
    return "".join(text.split()).replace("-", "").upper()
