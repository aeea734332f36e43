"""The answers to those who do not get in: 401, 403, 429 and 503, none of which says more than it must."""

from __future__ import annotations

from math import ceil

from serve.api.problem_error import ProblemError, ProblemType
from serve.api.problem_types import BAD_TOKEN, NO_KEYS, NO_SCOPE, NO_TOKEN, OTHER_PERSON

_REALM = 'Bearer realm="escore"'


def no_token() -> ProblemError:
    """Return the 401 of a request without a token."""
    return ProblemError(NO_TOKEN, headers={"WWW-Authenticate": _REALM})


def several_tokens() -> ProblemError:
    """Return the 401 of a request with more than one Authorization."""
    headers = {"WWW-Authenticate": f'{_REALM}, error="invalid_request"'}
    return ProblemError(NO_TOKEN, "há mais de um Authorization", headers)


def invalid_token() -> ProblemError:
    """Return the one 401 of every token that is not accepted: why is not told."""
    return ProblemError(BAD_TOKEN, headers={"WWW-Authenticate": f'{_REALM}, error="invalid_token"'})


def forbidden(scope: str) -> ProblemError:
    """Return a 403 that names the scope that is missing (RFC 6750)."""
    challenge = f'{_REALM}, error="insufficient_scope", scope="{scope}"'
    return ProblemError(NO_SCOPE, f"o token não tem o escopo {scope}", {"WWW-Authenticate": challenge})


def not_the_titular() -> ProblemError:
    """Return the 403 of a titular's token for anybody or anything else, the same whether that exists or not."""
    return ProblemError(OTHER_PERSON)


def keys_unavailable(seconds: float) -> ProblemError:
    """Return the 503 of a process that has no keys to verify tokens with, to be tried again after so long."""
    return ProblemError(NO_KEYS, headers={"Retry-After": str(ceil(max(1.0, seconds)))})


def too_many(kind: ProblemType, *, policy: str, name: str, seconds: float) -> ProblemError:
    """Return a 429 with Retry-After and the RateLimit fields of draft-ietf-httpapi-ratelimit-headers-10."""
    wait = max(1, ceil(seconds))
    headers = {"Retry-After": str(wait), "RateLimit-Policy": policy, "RateLimit": f'"{name}";r=0;t={wait}'}
    return ProblemError(kind, headers=headers)
