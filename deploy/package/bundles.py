"""What each part of the installation needs: packages, folders of code, and the files that start it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
RUNTIME = ROOT / "deploy" / "aws" / "runtime"
ANY_SYSTEM = (
    "fastapi",
    "fastapi-swagger",
    "httpx",
    "prometheus-client",
    "psycopg[binary]",
    "pydantic-settings",
    "pyjwt[crypto]",
    "python-dotenv",
    "redis[hiredis]",
    "sqlalchemy[asyncio]",
    "tzdata",
)
SERVER = ("httptools", "uvicorn", "uvloop")
SYSTEM_CODE = ("contracts", "serve", "stores")
OWN_PORTS = (9081, 9082)
"""One a process: a machine has two processors."""


@dataclass(frozen=True)
class Bundle:
    """One archive: its name, what it asks for, the code in it, and the runtime's files beside the code."""

    name: str
    packages: tuple[str, ...]
    code: tuple[str, ...]
    runtime: tuple[str, ...]


SYSTEM_A = Bundle("system-a", (*ANY_SYSTEM, *SERVER, "oracledb"), SYSTEM_CODE, ("logins.py", "serve_system.py"))
SYSTEM_B = Bundle("system-b", (*ANY_SYSTEM, *SERVER), SYSTEM_CODE, ("logins.py", "serve_system.py"))
SYSTEM_C = Bundle("system-c", (*ANY_SYSTEM, "mangum", "pymongo"), SYSTEM_CODE, ("logins.py", "entry.py"))
BEANSTALK = {"a": SYSTEM_A, "b": SYSTEM_B}


def procfile(system: str) -> str:
    """Return what Elastic Beanstalk starts on a machine."""
    names = ("web", *(f"web{number}" for number in range(2, len(OWN_PORTS) + 1)))
    return "".join(
        f"{name}: python serve_system.py {system} {port}\n" for name, port in zip(names, OWN_PORTS, strict=True)
    )
