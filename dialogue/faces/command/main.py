"""`dialogue`: reads the verb, runs its module, and turns refusals into words, problem objects and exit codes.

Exit codes: 0 done, 1 refused, 2 usage, 3 done with refused rows.
"""

from __future__ import annotations

import argparse
import errno
import json
import os
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

from dialogue import __version__
from dialogue.faces.command.loading import loading
from dialogue.faces.command.supervisor import end_with_supervisor
from dialogue.kit.environment import EnvironmentRefusal, data_folder
from dialogue.kit.folder import refuse_unusable, words_of

# PostgreSQL's code of class 53, appendix A of its manual.
DISK_FULL = "53100"
VERBS = {
    "run": "start everything on this machine: database, office, worker, second origin",
    "web": "serve the office and the API",
    "worker": "run background jobs",
    "tracker": "serve the second origin: links, opens, unsubscribe, files",
    "migrate": "bring the database to this version",
    "check": "say whether this installation can serve",
    "backup": "write database, files and keys into one file",
    "restore": "bring a backup back; sending stays locked until a person unlocks it",
    "sending": "unlock sending after a restore",
    "company": "create and list companies",
    "key": "make and revoke API keys",
    "rates": "load a central bank's exchange rates",
    "import": "load a file of customers, deals, purchases or answers",
    "undo": "take an import back",
    "campaign": "launch a campaign, or see what a launch would do",
    "segment": "count whom a rule matches; fill a segment",
}
# A module cannot be named by a word of the language.
MODULES = {"import": "importing", "undo": "undoing"}


def module_of(verb: str) -> Any:
    """Return the module that does the verb."""
    return import_module(f"dialogue.faces.command.{MODULES.get(verb, verb)}")


def parser(only: str = "") -> argparse.ArgumentParser:
    """Return the parser of the whole command line; with `only` it knows this verb's arguments and not the others'."""
    top = argparse.ArgumentParser(prog="dialogue", description="The customer base that answers back.")
    top.add_argument("--version", action="version", version=f"dialogue {__version__}")
    verbs = top.add_subparsers(dest="verb", metavar="VERB", required=True)
    for verb, words in VERBS.items():
        one = verbs.add_parser(verb, help=words, description=words[0].upper() + words[1:] + ".")
        one.add_argument("--data", metavar="DIR", help="folder of the database, files and secrets (or DIALOGUE_DATA)")
        one.add_argument("--json", action="store_true", help="one JSON object on stdout, progress on stderr")
        # Fourteen modules take longer to load than a verb such as `web` takes to begin.
        if only in {"", verb}:
            module_of(verb).arguments(one)
    return top


def start_django() -> None:
    """Load settings and rooms."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "dialogue.settings")
    with loading():
        import django

        django.setup()


def cannot_start(words: str) -> dict[str, Any]:
    """Return the problem object of an installation that cannot serve."""
    return {"type": "urn:dialogue:cannot-start", "title": words, "status": 503, "code": "cannot-start"}


def problem_of(error: Exception) -> dict[str, Any] | None:
    """Return the problem object of an expected refusal, None for a fault of ours."""
    if isinstance(error, EnvironmentRefusal):
        return cannot_start(str(error))
    if isinstance(error, OSError) and error.errno in {errno.ENOSPC, errno.EDQUOT, errno.EACCES, errno.EROFS}:
        return cannot_start(words_of(Path(error.filename or data_folder()), error))
    # Django is loaded by whoever raises these.
    from dialogue.kit.errors import Refusal
    from dialogue.platform.embedded.errors import DatabaseRefusal

    if isinstance(error, Refusal):
        return error.problem()
    if isinstance(error, DatabaseRefusal):
        return cannot_start(str(error))
    if getattr(error.__cause__ or error, "sqlstate", None) == DISK_FULL:
        return cannot_start("The disk of the database is full; nothing was changed. Free some space and try again.")
    return None


def main(argv: list[str] | None = None) -> int:
    """Run one verb and return its exit code."""
    words = sys.argv[1:] if argv is None else argv
    options = parser(words[0] if words and words[0] in VERBS else "").parse_args(words)
    if options.data:
        os.environ["DIALOGUE_DATA"] = str(Path(options.data).absolute())
    module = module_of(options.verb)
    end_with_supervisor()
    try:
        refuse_unusable(data_folder())
        return int(module.run(options) or 0)
    except KeyboardInterrupt:
        return 130
    except Exception as error:
        problem = problem_of(error)
        if problem is None:
            raise
        if options.json:
            print(json.dumps(problem, ensure_ascii=False, default=str))
        else:
            print(problem["title"], file=sys.stderr)
        return 1


def tell(options: argparse.Namespace, result: dict[str, Any], words: str) -> None:
    """Print the outcome: words, or with --json one object on one line."""
    print(json.dumps(result, ensure_ascii=False, default=str) if options.json else words, flush=True)


if __name__ == "__main__":
    sys.exit(main())
