"""`dialogue web`: the office and the API over granian."""

from __future__ import annotations

import argparse
import os


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the verb's arguments."""
    parser.add_argument("--host", default=None)
    parser.add_argument("--port", type=int, default=None)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--threads", type=int, default=4)


def run(options: argparse.Namespace) -> int:
    """Serve until told to stop."""
    if options.port:
        os.environ["DIALOGUE_PORT"] = str(options.port)
    if options.host:
        os.environ["DIALOGUE_HOST"] = options.host
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "dialogue.settings")
    from granian import Granian
    from granian.constants import Interfaces

    from dialogue.kit import environment

    server = Granian(
        "dialogue.faces.wsgi:application",
        address=environment.text("DIALOGUE_HOST", "127.0.0.1"),
        port=environment.number("DIALOGUE_PORT", 8400),
        interface=Interfaces.WSGI,
        workers=options.workers,
        blocking_threads=options.threads,
        workers_kill_timeout=1,
        log_enabled=False,
    )
    server.serve()
    return 0
