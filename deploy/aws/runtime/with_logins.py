"""Runs a command with the logins filled in: ``python with_logins.py escore migrate``."""

from __future__ import annotations

import os
import sys

import logins

if __name__ == "__main__":
    logins.fill(os.environ)
    os.execvp(sys.argv[1], sys.argv[1:])  # noqa: S606 - the command is the task's own
