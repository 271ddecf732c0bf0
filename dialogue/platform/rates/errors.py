"""Refusals about rates."""

from dialogue.kit.errors import Refusal


class RateMissing(Refusal):
    """No rate of these currencies is known on or before the day."""

    code = "rate-missing"
