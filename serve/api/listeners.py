"""The sockets that the server listens on, taken before anything starts."""

from __future__ import annotations

import errno
import os
import socket

from contracts.errors import UsageError

BACKLOG = 2048
"""Connections that the system holds until they are taken up; uvicorn's own default."""
_NO_SUCH_ADDRESS = frozenset({errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT})


def open_sockets(host: str, port: int, *, reuse_port: bool = False) -> list[socket.socket]:
    """Return sockets that listen on every address of a host, on one port (0: a free one); else UsageError.

    ``reuse_port`` shares the port with other processes of the same user that ask for it too; the system spreads
    the connections over them.
    """
    if reuse_port and not hasattr(socket, "SO_REUSEPORT"):
        raise UsageError("--reuse-port: this system cannot share a port between processes")
    opened: list[socket.socket] = []
    failures: list[OSError] = []
    for family, address in _addresses(host, port):
        taken = opened[0].getsockname()[1] if opened else port
        try:
            opened.append(_listen(family, (address, taken), reuse_port=reuse_port))
        except OSError as error:
            failures.append(error)
    serious = [error for error in failures if not opened or error.errno not in _NO_SUCH_ADDRESS]
    if serious:
        for listener in opened:
            listener.close()
        raise UsageError(f"cannot listen on {host}, port {port}: {os.strerror(serious[0].errno or 0)}")
    return opened


def _addresses(host: str, port: int) -> list[tuple[socket.AddressFamily, str]]:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except (socket.gaierror, UnicodeError):
        raise UsageError(f"cannot listen on {host}, port {port}: no such host") from None
    return list(dict.fromkeys((family, str(address[0])) for family, _, _, _, address in found))


def _listen(family: socket.AddressFamily, address: tuple[str, int], *, reuse_port: bool) -> socket.socket:
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if reuse_port:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        if family == socket.AF_INET6:
            listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        listener.bind(address)
        listener.listen(BACKLOG)
    except OSError:
        listener.close()
        raise
    return listener
