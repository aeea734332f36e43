"""Bearer tokens: who calls, with which scopes, for which purpose (JWT, RFC 7519; HS256, for development only)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import jwt
from starlette.exceptions import HTTPException

from contracts.errors import SettingsError, UsageError
from contracts.settings import Settings

ISSUER = "escore"
AUDIENCE = "escore-api"
ALGORITHM = "HS256"
CLOCK_SKEW = timedelta(seconds=10)
REQUIRED_CLAIMS = ["exp", "nbf", "iat", "iss", "aud", "sub"]

SCOPES = {
    "clientes:ler": "cadastro e dívidas dos consumidores (Sistema A)",
    "score-data:ler": "renda, bens e endereço de um consumidor (Sistema B)",
    "score:ler": "score de um consumidor (Sistema B)",
    "eventos:ler": "últimos eventos de um CPF (Sistema C)",
}
_PURPOSE = re.compile(r"^[^\W\d][^\W\d \-]*(?:[ \-][^\W\d]+)*$")
MAX_PURPOSE_LENGTH = 80


@dataclass(frozen=True, slots=True)
class Caller:
    """Who a token speaks for: the consulente, its scopes, and its purpose if the token fixes one."""

    subject: str
    scopes: frozenset[str]
    finalidade: str | None


def mint_token(secret: str, *, subject: str, scopes: Sequence[str], finalidade: str | None, lifetime: timedelta) -> str:
    """Return a development token that starts now; UsageError if a scope does not exist or the purpose is malformed."""
    unknown = sorted(set(scopes) - set(SCOPES))
    if unknown:
        raise UsageError(f"no such scope: {', '.join(unknown)} (there are {', '.join(SCOPES)})")
    if finalidade is not None and not is_purpose(finalidade):
        raise UsageError("finalidade: words of letters only, up to 80 characters, such as concessao_de_credito")
    now = datetime.now(UTC)
    claims: dict[str, Any] = {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": subject,
        "scope": " ".join(scopes),
        "iat": now,
        "nbf": now,
        "exp": now + lifetime,
        "jti": str(uuid4()),
    }
    if finalidade is not None:
        claims["finalidade"] = finalidade
    return jwt.encode(claims, secret, ALGORITHM)


def is_purpose(text: str) -> bool:
    """Return whether a purpose is words of letters: no digit, hence no document number, ever reaches the audit.

    >>> is_purpose("concessao_de_credito"), is_purpose("concessão de crédito"), is_purpose("cpf 52998224725")
    (True, True, False)
    """
    return len(text) <= MAX_PURPOSE_LENGTH and bool(_PURPOSE.fullmatch(text))


class TokenVerifier:
    """Checks bearer tokens against one secret, with algorithm, issuer and audience fixed."""

    def __init__(self, secret: str) -> None:
        self._secret = secret

    @classmethod
    def from_settings(cls, settings: Settings) -> TokenVerifier:
        """Return the verifier of an installation; SettingsError in production, where a shared secret is refused."""
        if settings.env == "producao":
            raise SettingsError(["SCORE_JWT_SECRET: HS256 is for development; SCORE_ENV=producao refuses it"])
        return cls(settings.secret("jwt_secret"))

    def verify(self, token: str) -> Caller:
        """Return who the token speaks for; a 401 says no more than that it is not accepted."""
        try:
            claims = jwt.decode(
                token,
                self._secret,
                algorithms=[ALGORITHM],
                audience=AUDIENCE,
                issuer=ISSUER,
                leeway=CLOCK_SKEW,
                options={"require": REQUIRED_CLAIMS},
            )
        except jwt.InvalidTokenError:
            raise unauthorized("token inválido ou vencido", error="invalid_token") from None
        scopes, finalidade = claims.get("scope", ""), claims.get("finalidade")
        if not isinstance(scopes, str) or not (finalidade is None or isinstance(finalidade, str)):
            raise unauthorized("token inválido ou vencido", error="invalid_token")
        if finalidade is not None and not is_purpose(finalidade):
            raise unauthorized("token inválido ou vencido", error="invalid_token")
        return Caller(claims["sub"], frozenset(scopes.split()), finalidade)


def unauthorized(detail: str, *, error: str | None = None) -> HTTPException:
    """Return a 401 with the challenge of RFC 6750."""
    challenge = 'Bearer realm="escore"' + (f', error="{error}"' if error else "")
    return HTTPException(401, detail, {"WWW-Authenticate": challenge})


def forbidden(scope: str) -> HTTPException:
    """Return a 403 that names the scope that is missing (RFC 6750)."""
    challenge = f'Bearer realm="escore", error="insufficient_scope", scope="{scope}"'
    return HTTPException(403, f"o token não tem o escopo {scope}", {"WWW-Authenticate": challenge})
