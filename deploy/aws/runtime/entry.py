"""The Lambda function's module: fills the logins in once an instance, then hands every event to System C."""

from __future__ import annotations

import os

import logins

logins.fill(os.environ, logins.fetch_secret)

from serve.lambda_c import handler  # noqa: E402 - the environment is filled first

__all__ = ["handler"]
