"""Why the database could not be had, in words that say what to do."""

from __future__ import annotations


class DatabaseRefusal(RuntimeError):
    """The database cannot serve; the message names the cause and the remedy."""


class DataFolderRefusal(DatabaseRefusal):
    """The data folder cannot be used: another user's, a newer version's, full, or read-only."""
