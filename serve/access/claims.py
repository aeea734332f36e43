"""What a token claims (RFC 7519, RFC 9068), checked by type and by value, after its signature.

``iss``, ``aud``, ``sub``, ``iat`` and ``exp`` must be there; ``nbf``, ``scope``, ``finalidade``, ``titular`` and
``titular_cpf`` are obeyed if they are. Whatever has a wrong type refuses the token, whole.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from serve.access.callers import MAX_SUBJECT_LENGTH, SCOPES, Caller, is_purpose, is_subject
from serve.access.strict_json import parse_object
from serve.access.titular import TITULAR, read_titular
from serve.access.token_text import TokenRefusedError

LATEST_INSTANT = 253_402_300_799
"""The end of the year 9999, in seconds since 1970."""


@dataclass(frozen=True, slots=True)
class ClaimRules:
    """Whose tokens, meant for whom, with how much difference of clocks in seconds."""

    issuer: str
    audience: str
    leeway: float

    def read(self, payload: bytes, now: float) -> tuple[Caller, float]:
        """Return who a verified payload speaks for, and until when; TokenRefusedError if any claim is wrong.

        ``now`` and the returned end are seconds since 1970; the leeway is in the end already.
        """
        try:
            claims = parse_object(payload)
        except ValueError as error:
            raise TokenRefusedError(f"payload: {error}") from None
        self._check_origin(claims)
        return self._read_caller(claims), self._check_time(claims, now)

    def _check_origin(self, claims: Mapping[str, Any]) -> None:
        audience = claims.get("aud")
        audiences = audience if isinstance(audience, list) else [audience]
        if not all(isinstance(item, str) for item in audiences) or self.audience not in audiences:
            raise TokenRefusedError("aud")
        if not isinstance(claims.get("iss"), str) or claims["iss"] != self.issuer:
            raise TokenRefusedError("iss")

    def _check_time(self, claims: Mapping[str, Any], now: float) -> float:
        expires = _instant(claims, "exp") + self.leeway
        if expires <= now:
            raise TokenRefusedError("exp")
        for name in ("iat", "nbf") if "nbf" in claims else ("iat",):
            if _instant(claims, name) > now + self.leeway:
                raise TokenRefusedError(name)
        return expires

    def _read_caller(self, claims: Mapping[str, Any]) -> Caller:
        subject, scope, purpose = claims.get("sub"), claims.get("scope", ""), claims.get("finalidade")
        if not isinstance(scope, str):
            raise TokenRefusedError("scope")
        if "finalidade" in claims and not (isinstance(purpose, str) and is_purpose(purpose)):
            raise TokenRefusedError("finalidade")
        scopes = frozenset(part.removeprefix(f"{self.audience}/") for part in scope.split(" ")) & SCOPES.keys()
        try:
            titular = read_titular(claims)
        except ValueError as error:
            raise TokenRefusedError(str(error)) from None
        if titular is not None and isinstance(subject, str) and 0 < len(subject) <= MAX_SUBJECT_LENGTH:
            return Caller(TITULAR, scopes, TITULAR, titular)
        if titular is None and isinstance(subject, str) and is_subject(subject) and not _is_titulars(purpose):
            return Caller(subject, scopes, purpose)
        raise TokenRefusedError("sub")


def _is_titulars(purpose: str | None) -> bool:
    return purpose is not None and purpose.casefold() == TITULAR


def _instant(claims: Mapping[str, Any], name: str) -> float:
    value = claims.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= LATEST_INSTANT:
        raise TokenRefusedError(name)
    return float(value)
