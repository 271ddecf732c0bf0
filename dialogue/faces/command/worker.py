"""`dialogue worker`: background jobs until told to stop."""

from __future__ import annotations

import argparse


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the verb's arguments."""
    parser.add_argument("--concurrency", type=int, default=2)


def run(options: argparse.Namespace) -> int:
    """Work."""
    from dialogue.faces.command.main import start_django
    from dialogue.faces.command.reaching import refuse_unreachable_named
    from dialogue.faces.command.supervisor import wait_for_word

    refuse_unreachable_named()
    start_django()
    # Registers the kind of job that fills the demonstration company.
    from procrastinate.contrib.django import app

    import dialogue.faces.command.demo  # noqa: F401

    wait_for_word()
    worker = app.with_connector(app.connector.get_worker_connector())  # type: ignore[attr-defined]
    with worker.replace_connector(worker.connector):
        worker.run_worker(
            concurrency=options.concurrency, install_signal_handlers=True, shutdown_graceful_timeout=1, delete_jobs="never"
        )
    return 0
