"""Runs a command with the logins filled in: ``python with_logins.py escore migrate``."""

from __future__ import annotations

import os
import sys

import dask_keys
import logins

if __name__ == "__main__":
    os.umask(0o077)
    logins.fill(os.environ)
    dask_keys.lay_keys(os.environ)
    os.execvp(sys.argv[1], sys.argv[1:])  # noqa: S606 - the command is the task's own
