"""What keeps letters from leaving: higher rooms register gates, because only they know the company.

Whoever claims letters asks `refuse_shut()` before he claims; `way_out()` asks it again.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum

from dialogue.kit.errors import Refusal
from dialogue.kit.registry import Registry


class Gate(StrEnum):
    """What a gate says of the open company's letters now."""

    OPEN = "open"
    STAY = "stay"
    SHUT = "shut"


class SendingShut(Refusal):
    """Nothing may be sent now; waiting letters wait on."""

    status = 409
    code = "sending-locked"


sending_gates: Registry[Callable[[], tuple[Gate, str]]] = Registry("sending gates")


def refuse_shut() -> None:
    """Refuse while any gate is shut.

    Raises:
        SendingShut: with the gate's words.
    """
    for gate in sending_gates:
        state, words = gate()
        if state is Gate.SHUT:
            raise SendingShut(words)


def must_stay() -> bool:
    """Return whether the open company's letters may never leave this machine."""
    return any(gate()[0] is Gate.STAY for gate in sending_gates)
