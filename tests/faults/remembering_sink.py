"""A mail server of its own that writes down each letter before it answers, so that it may be killed as well.

python -m tests.faults.remembering_sink PORT FILE   appends "recipient message-id" to FILE for each letter it takes
"""

from __future__ import annotations

import asyncio
import os
import re
import sys

MESSAGE_ID = re.compile(rb"(?im)^message-id:\s*<?([^\s>]+)")
GREETING = b"250-sink\r\n250 PIPELINING\r\n"


async def main(port: int, file: str) -> None:
    """Serve until killed."""
    kept = os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT)

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 sink\r\n")
        recipient = b""
        while line := await reader.readline():
            word = line[:4].upper()
            if word == b"EHLO":
                writer.write(GREETING)
            elif word == b"RCPT":
                recipient = line.partition(b"<")[2].partition(b">")[0]
                refused = recipient.endswith(b"7@example.org")
                writer.write(b"550 5.1.1 nobody here\r\n" if refused else b"250 fine\r\n")
                recipient = b"" if refused else recipient
            elif word == b"DATA" and recipient:
                writer.write(b"354 go on\r\n")
                data = await reader.readuntil(b"\r\n.\r\n")
                found = MESSAGE_ID.search(data)
                os.write(kept, recipient + b" " + (found[1] if found else b"-") + b"\n")
                # A moment between keeping and answering: that is where a kill leaves the sender in the dark.
                await asyncio.sleep(0.002)
                writer.write(b"250 kept\r\n")
            elif word == b"DATA":
                writer.write(b"503 no recipient\r\n")
            elif word == b"QUIT":
                break
            else:
                writer.write(b"250 fine\r\n")
            await writer.drain()
        writer.close()

    server = await asyncio.start_server(talk, "127.0.0.1", port, limit=1 << 22, reuse_address=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), sys.argv[2]))
