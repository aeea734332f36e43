"""Goes into an image's root and becomes the program: ``python image_entry.py JSON``, in a mount name space of its own.

Keeps the process's number, so a signal to it reaches the program, as it does in a container.
"""

from __future__ import annotations

import ctypes
import json
import os
import subprocess
import sys

PR_CAPBSET_DROP, PR_SET_NO_NEW_PRIVS, PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL = 24, 38, 47, 4
LAST_CAPABILITY = 63


def mount(*words: str) -> None:
    subprocess.run(["mount", *words], check=True, env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"})


def lay_mounts(asked: dict) -> None:
    root = asked["root"]
    mount("--bind", root, root)
    for source, place in asked["binds"]:
        mount("--rbind", source, f"{root}/{place}")
    for place in ("proc", "dev"):
        mount("--rbind", f"/{place}", f"{root}/{place}")
    if asked["read_only"]:
        for place in ("", *(f"/{place}" for _, place in asked["binds"])):
            mount("-o", "remount,bind,ro", f"{root}{place}")
    mount("-t", "tmpfs", "-o", "mode=1777,nosuid,nodev", "tmpfs", f"{root}/tmp")
    mount("--bind", asked["volume"], f"{root}/var/escore")


def become(user: list[str]) -> None:
    """Be the numbered user, with no right of root's and no way to get one."""
    libc = ctypes.CDLL(None, use_errno=True)
    for capability in range(LAST_CAPABILITY + 1):
        libc.prctl(PR_CAPBSET_DROP, capability, 0, 0, 0)
    libc.prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0)
    uid, gid = (int(number) for number in user)
    if os.geteuid() != uid:
        os.setgroups([])
        os.setgid(gid)
        os.setuid(uid)
    libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)


def main() -> None:
    asked = json.loads(sys.argv[1])
    lay_mounts(asked)
    os.chroot(asked["root"])
    os.chdir(asked["place"])
    if asked["user"] is not None:
        become(asked["user"])
    os.execvpe(asked["words"][0], asked["words"], os.environ)


if __name__ == "__main__":
    main()
