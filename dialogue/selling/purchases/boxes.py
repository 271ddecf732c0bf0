"""Boxes that rooms above add to the page of a purchase."""

from __future__ import annotations

from collections.abc import Callable

from dialogue.kit.registry import Registry
from dialogue.platform.accounts.doors import MemberRequest
from dialogue.selling.purchases.models import Purchase

# Each returns HTML, "" where there is nothing to show.
purchase_boxes: Registry[Callable[[MemberRequest, Purchase], str]] = Registry("purchase boxes")
