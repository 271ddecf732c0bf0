"""`dialogue run`: everything on this machine under one supervisor."""

from __future__ import annotations

import argparse
import gc
import os
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from dialogue.faces.command.ports import answers, refuse_taken
from dialogue.faces.command.supervisor import DATABASE_SECONDS, LOOK_SECONDS, StopAsked, Supervisor, stop_on_signals

if TYPE_CHECKING:
    from dialogue.platform.embedded.server import EmbeddedServer

STEP_WIDTH = 34
CHILDREN = ("web", "tracker", "worker")
FIRST_PAGE = "/account/login/"
FIRST_PAGE_SECONDS = 60.0
MODULE = [sys.executable, "-m", "dialogue.faces.command.main"]


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the verb's arguments."""
    parser.add_argument("--port", type=int, default=None, help="port of the office; the next one serves public pages")
    parser.add_argument("--no-demo", action="store_true", help="start without companies")
    parser.add_argument("--reset", action="store_true", help="delete the data folder first (asks)")
    parser.add_argument("--yes", action="store_true", help="answer yes to --reset")


@contextmanager
def step(words: str) -> Iterator[None]:
    """Say what is being done and, when it is, how many seconds it took."""
    begun = time.monotonic()
    print(f"{words:<{STEP_WIDTH}}", end="", file=sys.stderr, flush=True)
    try:
        yield
    except BaseException:
        print(file=sys.stderr, flush=True)
        raise
    print(f" {time.monotonic() - begun:5.1f} s", file=sys.stderr, flush=True)


def confirm_reset(folder: Path, *, yes: bool) -> bool:
    """Ask before the data is deleted; return whether it was agreed."""
    if yes or not folder.exists():
        return True
    print(f"Delete everything in {folder}? Type yes: ", end="", file=sys.stderr, flush=True)
    return sys.stdin.readline().strip().lower() == "yes"


def prepare(supervisor: Supervisor, folder: Path) -> EmbeddedServer | None:
    """Bring the database up and to this version; return the embedded server, if it is ours to watch.

    This process loads the program meanwhile. Where nothing has changed since the last start the office begins at once; where the
    database is brought up to date first, the children load during that.
    """
    from dialogue.faces.command.main import start_django
    from dialogue.faces.command.migrate import bring_up_to_date, is_marked
    from dialogue.kit.environment import text
    from dialogue.platform.embedded.server import server_for

    server = None
    loaded = ThreadPoolExecutor(1).submit(start_django)
    if not text("DATABASE_URL"):
        server = server_for(folder)
        with step("starting the database"):
            server.start()
        if is_marked(folder):
            for name in CHILDREN[:2]:
                supervisor.start(name, [*MODULE, name])
    with step("loading the program"):
        loaded.result()
    if server is not None and not supervisor.children:
        for name in CHILDREN:
            supervisor.start(name, [*MODULE, name], ahead=True)
    # A first start makes hundreds of thousands of objects that it soon lets go: to look for them meanwhile takes a tenth of it.
    gc.disable()
    with step("bringing the database up to date"):
        bring_up_to_date()
    supervisor.tell()
    gc.enable()
    # While the children begin.
    gc.collect()
    return server


def wait_for_first_page(supervisor: Supervisor, port: int) -> bool:
    """Return whether both origins answered in time; what dies meanwhile is started again."""
    deadline = time.monotonic() + FIRST_PAGE_SECONDS
    while time.monotonic() < deadline:
        if answers(port, FIRST_PAGE) and answers(port + 1, "/healthz"):
            return True
        supervisor.look()
        time.sleep(LOOK_SECONDS)
    return False


def serve(supervisor: Supervisor, port: int, *, demo: bool, server: EmbeddedServer | None) -> int:
    """Start the children, say that we are ready, and watch until told to stop."""
    from dialogue.faces.command import first_start

    with step("starting web, worker, tracker"):
        for name in CHILDREN:
            if name not in supervisor.children:
                supervisor.start(name, [*MODULE, name])
        if not wait_for_first_page(supervisor, port):
            print("The office did not answer within a minute; see the lines above.", file=sys.stderr)
            return 1
    link = first_start.companies_and_link(demo=demo)
    print(f"ready http://127.0.0.1:{port}/ sign-in {link}", flush=True)
    supervisor.watch(server)
    return 0


def run(options: argparse.Namespace) -> int:
    """Start, watch, stop."""
    from dialogue.kit.environment import data_folder, number
    from dialogue.kit.folder import hold, refuse_unusable

    port = options.port or number("DIALOGUE_PORT", 8400)
    os.environ["DIALOGUE_PORT"] = str(port)
    folder = data_folder()
    refuse_unusable(folder)
    refuse_taken(port)
    # Held until this process ends.
    hold(folder, "dialogue run")
    if options.reset:
        if not confirm_reset(folder, yes=options.yes):
            print("Nothing was deleted.", file=sys.stderr)
            return 1
        from dialogue.platform.embedded.server import server_for

        server_for(folder).erase()
    stop_on_signals()
    supervisor = Supervisor()
    try:
        server = prepare(supervisor, folder)
        return serve(supervisor, port, demo=not options.no_demo, server=server)
    except StopAsked:
        end(supervisor, folder)
        # All is tidied; the interpreter's own end would only take time.
        os._exit(0)
    finally:
        end(supervisor, folder)


def end(supervisor: Supervisor, folder: Path) -> None:
    """End the children, then the database; safe to repeat."""
    from dialogue.kit.environment import text
    from dialogue.platform.embedded.server import server_for

    supervisor.stop()
    if not text("DATABASE_URL"):
        server = server_for(folder)
        server.stop(within=DATABASE_SECONDS)
        server.release()
    sys.stdout.flush()
    sys.stderr.flush()
