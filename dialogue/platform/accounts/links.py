"""One-time sign-in links and API keys: secrets that are shown once and kept as hashes."""

from __future__ import annotations

import secrets
from datetime import timedelta
from hashlib import sha256

from django.db import transaction
from django.utils import timezone

from dialogue.kit.scope import without_tenant
from dialogue.platform.accounts.models import Membership, SignInLink, User

LIFETIME = timedelta(hours=24)


def digest_of(secret: str) -> str:
    """Return the hash under which a secret is kept."""
    return sha256(secret.encode()).hexdigest()


def make_sign_in_token(user: User) -> str:
    """Return a fresh secret for a one-time link that works once within a day."""
    token = secrets.token_urlsafe(24)
    SignInLink.objects.create(user=user, digest=digest_of(token), expires_at=timezone.now() + LIFETIME)
    return token


def find_sign_in(token: str) -> SignInLink | None:
    """Return the link if it may still be used."""
    found = SignInLink.objects.select_related("user").filter(digest=digest_of(token), used_at=None).first()
    return found if found and found.expires_at > timezone.now() and found.user.is_active else None


def use_sign_in(token: str) -> User | None:
    """Use the link up and return its user, or None when it was used, has expired, or never was."""
    with transaction.atomic():
        found = find_sign_in(token)
        if found is None:
            return None
        used = SignInLink.objects.filter(pk=found.pk, used_at=None).update(used_at=timezone.now())
        return found.user if used == 1 else None


def may_show_link(user: User) -> bool:
    """Return whether who invited this person may see his first link: he never signed in and belongs to no other company."""
    if user.last_login or user.has_usable_password():
        return False
    with without_tenant("a link would open the person's other companies too"):
        return Membership._base_manager.filter(user=user).count() == 1
