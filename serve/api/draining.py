"""How a process stops taking connections without losing one that it has taken, or a request on it.

A listening socket that is closed resets the connections that wait to be accepted, and those whose handshake ends in
that instant. On Linux a filter on the socket first drops the beginnings of new handshakes (the caller tries again a
second later, and is refused, or served by another process); after a moment everything begun has been accepted, and
the socket closes on nothing.
"""

from __future__ import annotations

import asyncio
import ctypes
import socket
import struct
import sys
from collections.abc import Iterable
from contextlib import suppress

DRAINING = "draining"
"""Key of the application's state that is set once the process is about to end."""
SETTLE_SECONDS = 0.1
"""From the last handshake let in to the closing of the listening sockets: those under way end, and are taken up."""

_SO_ATTACH_FILTER = 26
_DROP_SYN = (  # classic BPF over the TCP header: load the flags; SYN set: keep 0 bytes, else all
    (0x30, 0, 0, 13),
    (0x45, 0, 1, 0x02),
    (0x06, 0, 0, 0),
    (0x06, 0, 0, 0xFFFFFFFF),
)


def stop_handshakes(listeners: Iterable[socket.socket]) -> None:
    """Let no new connection begin on the listening sockets, where the system can do that."""
    if sys.platform != "linux":
        return
    code = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *step) for step in _DROP_SYN))
    program = struct.pack("HP", len(_DROP_SYN), ctypes.addressof(code))
    for listener in listeners:
        with suppress(OSError):  # a kernel without filters: handshakes that end while the socket closes are refused
            listener.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, program)


def has_input(transport: asyncio.Transport) -> bool:
    """Return whether bytes have come on a connection that were not read yet, where the system tells."""
    if sys.platform == "win32":
        return False
    import fcntl  # noqa: PLC0415 - not on Windows
    import termios  # noqa: PLC0415

    descriptor = transport.get_extra_info("socket").fileno()
    waiting = struct.pack("i", 0)
    with suppress(OSError):  # closed already: nothing waits
        waiting = fcntl.ioctl(descriptor, termios.FIONREAD, waiting)
    return bool(struct.unpack("i", waiting)[0])
