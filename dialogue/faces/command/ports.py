"""The two ports of an installation: who has them when they are taken, and which are free."""

from __future__ import annotations

import http.client
from pathlib import Path

from dialogue.kit.environment import EnvironmentRefusal
from dialogue.kit.ports import is_free


def port_holder(port: int) -> str:
    """Return who listens on the port, as far as this user may see."""
    wanted = f":{port:04X}"
    inodes = set()
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        try:
            lines = Path(table).read_text().splitlines()[1:]
        except OSError:
            continue
        inodes |= {line.split()[9] for line in lines if line.split()[1].endswith(wanted) and line.split()[3] == "0A"}
    for process in Path("/proc").glob("[0-9]*"):
        try:
            for descriptor in (process / "fd").iterdir():
                if any(f"socket:[{inode}]" == str(descriptor.readlink()) for inode in inodes):
                    command = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
                    return f"process {process.name} ({command[:60]})"
        except OSError:
            continue
    return "another program"


def refuse_taken(port: int, *, pair: bool = True) -> None:
    """Refuse a port somebody else listens on, and propose a free one; `pair` asks for the next port too.

    Raises:
        EnvironmentRefusal: names the holder and another port.
    """
    if not 0 < port < 65535:
        message = f"A port is a number from 1 to 65534, not {port}."
        raise EnvironmentRefusal(message)
    for taken in (port, port + 1) if pair else (port,):
        if not is_free(taken):
            others = range(port + 10, 65000, 10)
            other = next((p for p in others if is_free(p) and is_free(p + 1)), 8400)
            message = f"Port {taken} is taken by {port_holder(taken)}. Stop it, or use another port: --port {other}."
            raise EnvironmentRefusal(message)


def answers(port: int, path: str) -> bool:
    """Return whether the address answers 200 now."""
    # urllib would ask a proxy named in the environment.
    asking = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        asking.request("GET", path, headers={"Host": "127.0.0.1"})
        return asking.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        asking.close()
