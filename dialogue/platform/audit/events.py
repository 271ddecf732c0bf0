"""The catalogue of audit events with the sentence a person reads."""

from __future__ import annotations

from django.utils.functional import Promise

from dialogue.kit.registry import Registry

event_words: Registry[str | Promise] = Registry("audit events")
