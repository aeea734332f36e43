"""The answers to those who do not get in: 401, 403, 429 and 503, none of which says more than it must."""

from __future__ import annotations

from math import ceil

from starlette.exceptions import HTTPException

_REALM = 'Bearer realm="escore"'


def unauthorized(detail: str, *, error: str | None = None) -> HTTPException:
    """Return a 401 with the challenge of RFC 6750."""
    return HTTPException(401, detail, {"WWW-Authenticate": _REALM + (f', error="{error}"' if error else "")})


def invalid_token() -> HTTPException:
    """Return the one 401 of every token that is not accepted: why is not told."""
    return unauthorized("token inválido ou vencido", error="invalid_token")


def forbidden(scope: str) -> HTTPException:
    """Return a 403 that names the scope that is missing (RFC 6750)."""
    challenge = f'{_REALM}, error="insufficient_scope", scope="{scope}"'
    return HTTPException(403, f"o token não tem o escopo {scope}", {"WWW-Authenticate": challenge})


def not_the_titular() -> HTTPException:
    """Return the 403 of a titular's token for anybody or anything else, the same whether that exists or not."""
    return HTTPException(403, "o token do titular só lê os dados do próprio titular")


def keys_unavailable(seconds: float) -> HTTPException:
    """Return the 503 of a process that has no keys to verify tokens with, to be tried again after so long."""
    detail = "as chaves que verificam os tokens não estão disponíveis; tente de novo"
    return HTTPException(503, detail, {"Retry-After": str(ceil(max(1.0, seconds)))})


def too_many(detail: str, *, policy: str, name: str, seconds: float) -> HTTPException:
    """Return a 429 with Retry-After and the RateLimit fields of draft-ietf-httpapi-ratelimit-headers-10."""
    wait = max(1, ceil(seconds))
    headers = {"Retry-After": str(wait), "RateLimit-Policy": policy, "RateLimit": f'"{name}";r=0;t={wait}'}
    return HTTPException(429, detail, headers)
