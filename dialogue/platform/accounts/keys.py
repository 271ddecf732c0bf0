"""API keys: a secret shown once, kept as a hash, that names its company and its member."""

from __future__ import annotations

import secrets
from dataclasses import replace
from datetime import timedelta
from string import ascii_letters, digits

from django.utils import timezone

from dialogue.kit.actors import Actor, Reach
from dialogue.platform.accounts.models import ApiKey

BEGINNING = "dlg_"
EVERYTHING = "*"
NOTICE_EVERY = timedelta(minutes=10)


def new_secret() -> str:
    """Return a fresh secret; its beginning lets scanners of leaked secrets know it."""
    # 256 bits; its end is a word of the command line, so no dash may begin it.
    return BEGINNING + "".join(secrets.choice(ascii_letters + digits) for _place in range(43))


def note_use(key: ApiKey) -> None:
    """Remember, at most every ten minutes, that the key was used; never waits for another request of the same key."""
    if key.used_at and key.used_at > timezone.now() - NOTICE_EVERY:
        return
    free = ApiKey.objects.select_for_update(skip_locked=True, no_key=True).filter(pk=key.pk).values_list("pk", flat=True)
    ApiKey.objects.filter(pk__in=list(free)).update(used_at=timezone.now())


def narrowed(actor: Actor, key: ApiKey) -> Actor:
    """Return the member's actor with only what the key's scopes leave him."""
    named = replace(actor, kind="key", label=f"{actor.label} ({key.name})")
    if EVERYTHING in key.scopes:
        return named
    held = frozenset(name for name in key.scopes if actor.can(name))
    reach = {"*": Reach.ALL} if actor.everything else actor.reach
    return replace(named, everything=False, permissions=held, reach=reach)
