"""What rooms above add to letters of mailings: who makes them, and who may still hold one back just before it goes."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.utils.functional import Promise

from dialogue.customers.channels.blocks import Block
from dialogue.customers.channels.models import Delivery
from dialogue.kit.registry import Registry


@dataclass(frozen=True, slots=True)
class Draft:
    """A letter of a mailing as its maker gives it: what was written, its places unfilled, and what fills them for one customer.

    A letter of `blocks` has no text. Drafts with the same `key` share subject, text, blocks and language, so that they are compiled once; a changed text needs a new
    key. `name` is the receiver's name as the letter's To shows it.
    """

    subject: str
    text: str
    values: Mapping[str, str] = field(default_factory=dict)
    language: str = ""
    key: Hashable = ""
    name: str = ""
    blocks: Sequence[Block] = ()


# By the mailing's cause kind: given deliveries of one mailing, {delivery id: draft}; whose draft lacks is not sent.
LetterMaker = Callable[[Sequence[Delivery]], Mapping[int, Draft]]
letter_makers: Registry[LetterMaker] = Registry("letter makers")

# Asked in the transaction that hands letters over, with the deliveries of one window: a word cancels with this reason, a
# moment puts the letter off until then.
DeliveryGate = Callable[[Sequence[Delivery]], Mapping[int, str | datetime]]
delivery_gates: Registry[DeliveryGate] = Registry("delivery gates")

# Why a letter did not go, in words, by the reason code a gate gave.
held_words: Registry[str | Promise] = Registry("words of held letters")
