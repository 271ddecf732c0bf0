"""The installation's own secrets, made once and kept in the data folder, readable by its owner only."""

from __future__ import annotations

import base64
import json
import os
import secrets
from pathlib import Path
from typing import TypedDict

from cryptography import fernet


class Secrets(TypedDict):
    """What an installation keeps to itself."""

    secret_key: str
    seal_key: str
    application_password: str


def load_secrets(folder: Path) -> Secrets:
    """Return the installation's secrets, making the file (0600) the first time."""
    file = folder / "secrets.json"
    try:
        known: Secrets = json.loads(file.read_text())
    except FileNotFoundError:
        known = Secrets(
            secret_key=secrets.token_urlsafe(48),
            seal_key=fernet.Fernet.generate_key().decode(),
            application_password=secrets.token_urlsafe(24),
        )
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        # Two processes may start at once: the first file wins.
        fresh = folder / f".secrets-{os.getpid()}"
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as stream:
            json.dump(known, stream)
        try:
            os.link(fresh, file)
        except FileExistsError:
            known = json.loads(file.read_text())
        finally:
            fresh.unlink()
    return known


def seal(text: str, key: str) -> str:
    """Return `text` encrypted for keeping in the database."""
    return fernet.Fernet(key.encode()).encrypt(text.encode()).decode()


def unseal(sealed: str, key: str) -> str:
    """Return the text that `seal` hid.

    Raises:
        ValueError: the key is not the one that sealed it.
    """
    try:
        return fernet.Fernet(key.encode()).decrypt(sealed.encode()).decode()
    except fernet.InvalidToken as error:
        message = "This secret was sealed with another key: restore secrets.json of the installation that wrote it."
        raise ValueError(message) from error


def key_bytes(key: str) -> bytes:
    """Return the 32 raw bytes of a seal key, for keyed hashes."""
    return base64.urlsafe_b64decode(key)
