"""One process of a system on a machine of Elastic Beanstalk: ``python serve_system.py a 9081``.

All of a machine's processes share one port, 8000 unless SYSTEM_PORT says otherwise; each has one of its own for its
measures. The platform's PORT may be another one for each process, where the load balancer would ask nobody.
"""

from __future__ import annotations

import os
import sys
from typing import get_args

import logins

PORT = "8000"


def main(system: str, *, port: int, own_port: int) -> None:
    """Serve until told to stop."""
    from contracts.settings import load_settings  # noqa: PLC0415 - the environment is filled first
    from serve.api.run_server import System, serve  # noqa: PLC0415

    chosen = next(each for each in get_args(System) if each == system)
    everywhere = "0.0.0.0"  # noqa: S104 - the security group lets the load balancer alone in
    serve(load_settings(), host=everywhere, port=port, system=chosen, reuse_port=True, own_port=own_port)


if __name__ == "__main__":
    os.umask(0o077)
    logins.fill(os.environ)
    main(sys.argv[1], port=int(os.environ.get("SYSTEM_PORT", PORT)), own_port=int(sys.argv[2]))
