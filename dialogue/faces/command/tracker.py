"""`dialogue tracker`: the second origin, which never sees an office cookie."""

from __future__ import annotations

import argparse


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the verb's arguments."""
    parser.add_argument("--host", default=None)
    parser.add_argument("--port", type=int, default=None, help="the office's port and one, unless named")
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--threads", type=int, default=4)


def run(options: argparse.Namespace) -> int:
    """Serve until told to stop."""
    from dialogue.faces.command.web import serve
    from dialogue.kit import environment

    port = options.port or environment.number("DIALOGUE_PORT", 8400) + 1
    return serve("dialogue.faces.tracker.wsgi:application", port=port, options=options)
