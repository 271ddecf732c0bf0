"""Refusals about companies."""

from dialogue.kit.errors import Conflict


class LoginTaken(Conflict):
    """Another company has this login."""

    code = "login-taken"
