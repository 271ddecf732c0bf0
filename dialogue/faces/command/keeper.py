"""What a web server's first process becomes once its workers serve: small, ending with them and they with it.

It loaded the application only for the workers to be forked from; kept, its copy of every page of memory that they have
written to since would be in nobody's use: a fifth of the whole at two workers.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import time

from dialogue.faces.command.supervisor import MARK, STOPPING, StopAsked, end_with_supervisor, stop_on_signals, supervised

LAST_SECONDS = 1.0
LOOK_SECONDS = 0.02


def become_keeper(workers: int) -> None:
    """Replace this process by the keeper of its `workers` children; return only when one of them is gone already."""
    pids = [child.pid for child in multiprocessing.active_children()]
    if len(pids) != workers:
        return
    surroundings = os.environ | ({MARK: "1"} if supervised.is_set() else {})
    # What is asked meanwhile waits until the keeper can hear it.
    signal.pthread_sigmask(signal.SIG_BLOCK, STOPPING)
    # The words of this process's own start follow, for people who look at a list of processes.
    words = [sys.executable, "-m", "dialogue.faces.command.keeper", ",".join(map(str, pids)), *sys.argv[1:]]
    os.execve(sys.executable, words, surroundings)


def keep(workers: set[int]) -> int:
    """Wait until told to stop (0) or until a worker ends by itself (1), end them all and return the exit code."""
    try:
        stop_on_signals()
        signal.pthread_sigmask(signal.SIG_UNBLOCK, STOPPING)
        # As the first process of a container it is also left other people's children, which it lets go.
        while all(lives(pid) for pid in workers) and os.wait()[0] not in workers:
            pass
    except StopAsked:
        code = 0
    else:
        code = 1
    end(workers)
    return code


def lives(pid: int) -> bool:
    """Say whether the child still runs."""
    try:
        return os.waitpid(pid, os.WNOHANG)[0] == 0
    except ChildProcessError:
        return False


def end(workers: set[int]) -> None:
    """Ask the workers to end, wait a little, then insist."""
    left = {pid for pid in workers if lives(pid)}
    for pid in left:
        os.kill(pid, signal.SIGTERM)
    deadline = time.monotonic() + LAST_SECONDS
    while left and time.monotonic() < deadline:
        time.sleep(LOOK_SECONDS)
        left = {pid for pid in left if lives(pid)}
    for pid in left:
        os.kill(pid, signal.SIGKILL)


if __name__ == "__main__":
    end_with_supervisor()
    sys.exit(keep({int(word) for word in sys.argv[1].split(",")}))
