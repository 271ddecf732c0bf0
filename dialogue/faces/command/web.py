"""`dialogue web`: the office and the API over granian."""

from __future__ import annotations

import argparse
import os
from importlib import import_module
from typing import Any

from dialogue.faces.command.loading import loading

OFFICE_PAGES = ("kit/frame.html", "lists/list.html", "parties/card.html", "deals/deal.html", "office/home.html")


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the verb's arguments."""
    parser.add_argument("--host", default=None)
    parser.add_argument("--port", type=int, default=None)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--threads", type=int, default=4)


def serve(application: str, *, port: int, options: argparse.Namespace, pages: tuple[str, ...] = ()) -> int:
    """Serve the WSGI application, with templates of the `pages` it shows most, until told to stop."""
    from dialogue.faces.command.keeper import become_keeper
    from dialogue.faces.command.packing import make_if_aged
    from dialogue.faces.command.ports import refuse_taken
    from dialogue.faces.command.reaching import refuse_unreachable_named
    from dialogue.faces.command.supervisor import wait_for_word

    if options.host:
        os.environ["DIALOGUE_HOST"] = options.host
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "dialogue.settings")
    refuse_taken(port, pair=False)
    refuse_unreachable_named()
    from granian.constants import Interfaces
    from granian.server.mp import MPServer

    from dialogue.kit import environment

    class Server(MPServer):
        def startup(self, *args: Any) -> None:
            super().startup(*args)  # type: ignore[no-untyped-call]
            become_keeper(options.workers)

    load_before_forking(application, pages)
    wait_for_word()
    make_if_aged()
    server = Server(
        application,
        address=environment.text("DIALOGUE_HOST", "127.0.0.1"),
        port=port,
        interface=Interfaces.WSGI,
        workers=options.workers,
        blocking_threads=options.threads,
        workers_kill_timeout=1,
        log_enabled=False,
    )
    server.serve()
    return 0


def load_before_forking(application: str, pages: tuple[str, ...]) -> None:
    """Load what pages need here, so that the processes that serve share its memory and are ready at once.

    The API is left to its first request: it is a third of everything.
    """
    with loading():
        import_module(application.partition(":")[0])
        from django.db import connections
        from django.template.loader import get_template
        from django.urls import get_resolver

        # What the first page would load otherwise.
        list(get_resolver().reverse_dict)
        for name in pages:
            get_template(name)
        connections.close_all()


def run(options: argparse.Namespace) -> int:
    """Serve until told to stop."""
    from dialogue.kit import environment

    if options.port:
        os.environ["DIALOGUE_PORT"] = str(options.port)
    return serve(
        "dialogue.faces.wsgi:application", port=environment.number("DIALOGUE_PORT", 8400), options=options, pages=OFFICE_PAGES
    )
