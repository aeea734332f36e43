"""Bearer tokens: who calls, with which scopes, for which purpose (JWT, RFC 7519, by the practices of RFC 8725).

RS256 and ES256 by the issuer's published keys; HS256 by a shared secret, in development only. A token that was
verified is remembered until it expires or the keys change, so that its next request costs a hash and a look-up.
"""

from __future__ import annotations

import hashlib
import time
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path

from contracts.errors import SettingsError
from contracts.settings import Settings
from serve.access.callers import SCOPES, Caller, is_purpose
from serve.access.claims import ClaimRules
from serve.access.jwks import KeySet, KeySetError
from serve.access.jwks_source import FILE_PACE, URL_PACE, FetchError, FileFetch, KeySource
from serve.access.minting import AUDIENCE, ISSUER, mint_token
from serve.access.refusals import forbidden, invalid_token
from serve.access.token_text import TokenRefusedError, TokenText, check_signature, read_token

__all__ = [
    "AUDIENCE",
    "ISSUER",
    "SCOPES",
    "Caller",
    "TokenVerifier",
    "forbidden",
    "is_purpose",
    "mint_token",
]

MAX_REMEMBERED = 10_000
"""Verified tokens kept at most; some 1 kB each."""
PRODUCTION = "producao"
_HS256 = "HS256"


class TokenVerifier:
    """Checks bearer tokens in one event loop; ``now`` gives seconds since 1970."""

    def __init__(
        self,
        rules: ClaimRules,
        *,
        source: KeySource | None = None,
        secret: bytes | None = None,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._rules = rules
        self._source = source
        self._secret = secret
        self._now = now
        self._remembered: OrderedDict[bytes, tuple[float, Caller]] = OrderedDict()
        self._remembered_under: KeySet | None = None

    @classmethod
    def from_settings(cls, settings: Settings) -> TokenVerifier:
        """Return the verifier of an installation; SettingsError lists all that is wrong with its keys."""
        problems = _missing_keys(settings)
        source = None
        if settings.jwks is not None:
            try:
                source = open_source(settings.jwks)
            except ValueError as error:
                problems.append(f"SCORE_JWKS: {error}")
        if problems:
            raise SettingsError(problems)
        takes_secret = settings.jwt_secret is not None and settings.env != PRODUCTION
        rules = ClaimRules(settings.jwt_issuer, settings.jwt_audience, settings.jwt_leeway_seconds)
        return cls(rules, source=source, secret=settings.secret("jwt_secret").encode() if takes_secret else None)

    def recall(self, token: str) -> Caller | None:
        """Return who a token that was verified before speaks for, if that still holds; None: ``verify`` it."""
        if self._keys_at_hand() is not self._remembered_under:
            return None
        key = _name(token)
        found = self._remembered.get(key)
        if found is None:
            return None
        expires, caller = found
        if expires <= self._now():
            del self._remembered[key]
            return None
        self._remembered.move_to_end(key)
        return caller

    async def verify(self, token: str) -> Caller:
        """Return who the token speaks for; a 401 says no more than that it is not accepted, a 503 that no keys are."""
        try:
            text = read_token(token)
            if text.algorithm == _HS256:
                keys, payload = self._keys_at_hand(), self._check_by_secret(text)
            else:
                keys, payload = await self._check_by_key(text)
            caller, expires = self._rules.read(payload, self._now())
        except TokenRefusedError:
            raise invalid_token() from None
        self._remember(_name(token), expires, caller, under=keys)
        return caller

    async def open(self) -> None:
        """Ask for the keys before the first request does; their absence stops nothing."""
        if self._source is not None:
            self._source.at_hand()

    async def close(self) -> None:
        """Stop asking for keys."""
        if self._source is not None:
            await self._source.close()

    def _keys_at_hand(self) -> KeySet | None:
        return None if self._source is None else self._source.at_hand()

    def _check_by_secret(self, text: TokenText) -> bytes:
        if self._secret is None:
            raise TokenRefusedError("HS256 is not accepted here")
        return check_signature(text, self._secret, _HS256)

    async def _check_by_key(self, text: TokenText) -> tuple[KeySet, bytes]:
        if self._source is None:
            raise TokenRefusedError("there are no public keys here")
        keys = await self._source.load()
        key = keys.find(text.kid)
        if key is None and text.kid is not None:
            keys = await self._source.load_anew()
            key = keys.find(text.kid)
        if key is None:
            raise TokenRefusedError("unknown key")
        return keys, check_signature(text, key.key, key.algorithm)

    def _remember(self, key: bytes, expires: float, caller: Caller, *, under: KeySet | None) -> None:
        if under is not self._remembered_under:
            self._remembered.clear()
            self._remembered_under = under
        self._remembered[key] = (expires, caller)
        if len(self._remembered) > MAX_REMEMBERED:
            self._remembered.popitem(last=False)


def _missing_keys(settings: Settings) -> list[str]:
    if settings.jwks is not None:
        return []
    if settings.env != PRODUCTION:
        text = "SCORE_JWKS (public keys of the tokens' issuer) or SCORE_JWT_SECRET (for development) must be set"
        return [] if settings.jwt_secret is not None else [text]
    problems = ["SCORE_JWKS is not set: SCORE_ENV=producao needs the public keys of the tokens' issuer"]
    if settings.jwt_secret is not None:
        problems.append("SCORE_JWT_SECRET: HS256 is for development; SCORE_ENV=producao refuses it")
    return problems


def open_source(jwks: str) -> KeySource:
    """Return the keys of a file, read at once, or of a URL; ValueError if they are none."""
    if "://" not in jwks:
        fetch = FileFetch(Path(jwks))
        source = KeySource(fetch, FILE_PACE)
        try:
            source.put(fetch.read())
        except (FetchError, KeySetError) as error:
            raise ValueError(str(error)) from None
        return source
    from serve.access.jwks_url import UrlFetch  # noqa: PLC0415 - the HTTP client waits for those who need it

    return KeySource(UrlFetch(jwks), URL_PACE)


def _name(token: str) -> bytes:
    """Return the name under which a token is remembered, from which the token cannot be found."""
    return hashlib.blake2b(token.encode("utf-8", "surrogatepass"), digest_size=16).digest()
