"""What allauth may do here: sign in, not sign up."""

from __future__ import annotations

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from django.http import HttpRequest


class AccountAdapter(DefaultAccountAdapter):
    """Accounts are made by a company's administrator or by registration, never by allauth's open form."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Return False: an account without a company would have nowhere to go."""
        return False

    def populate_username(self, request: HttpRequest, user: Any) -> None:
        """Do nothing: the e-mail address is the name."""
