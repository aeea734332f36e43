"""The issuer's keys over HTTPS: bounded in time and size, no redirects, no compression.

Certificates are checked against certifi's list, or SSL_CERT_FILE's as OpenSSL knows it. Plain http is for an
issuer or a proxy on the same machine.
"""

from __future__ import annotations

import asyncio
import ipaddress
import ssl

import httpx

from serve.access.jwks_source import MAX_BODY_BYTES, FetchError

TOTAL_SECONDS = 5.0
"""Of a whole fetch; a request waits for it no longer than its source's patience."""
MAX_PORT = 65_535
STEP_SECONDS = 2.0
"""To connect, to send, or from one part of the answer to the next."""


class UrlFetch:
    """Fetches the JWKS document of a URL; ValueError if the URL is none to fetch keys from."""

    def __init__(self, url: str) -> None:
        try:
            self._url = httpx.URL(url)
        except httpx.InvalidURL:
            raise ValueError("not a URL") from None
        self._is_local = _check_url(self._url)
        self._context: ssl.SSLContext | None = None

    async def __call__(self) -> bytes:
        """Return the document; FetchError if it does not come, whole, in time and with status 200."""
        try:
            async with asyncio.timeout(TOTAL_SECONDS):
                return await self._fetch()
        except TimeoutError:
            raise FetchError(f"no answer within {TOTAL_SECONDS:g} s") from None
        except (httpx.HTTPError, OSError) as error:
            raise FetchError(type(error).__name__) from None

    async def _fetch(self) -> bytes:
        if self._context is None:  # reads a file of certificates: not in the event loop
            self._context = await asyncio.to_thread(httpx.create_ssl_context)
        headers = {"Accept": "application/jwk-set+json, application/json", "Accept-Encoding": "identity"}
        async with (
            httpx.AsyncClient(verify=self._context, timeout=STEP_SECONDS, trust_env=not self._is_local) as client,
            client.stream("GET", self._url, headers=headers, follow_redirects=False) as answer,
        ):
            if answer.status_code != httpx.codes.OK or answer.headers.get("content-encoding", "identity") != "identity":
                raise FetchError(f"status {answer.status_code}, or a compressed answer")
            body = b""
            async for part in answer.aiter_raw():
                body += part
                if len(body) > MAX_BODY_BYTES:
                    raise FetchError(f"an answer longer than {MAX_BODY_BYTES} bytes")
            return body


def _check_url(url: httpx.URL) -> bool:
    """Return whether a URL is on this machine; ValueError unless it is https, or http on this machine."""
    if not url.host or (url.port or 0) > MAX_PORT:
        raise ValueError("no host, or no such port, in the URL")
    if url.userinfo:
        raise ValueError("no user or password in the URL of public keys")
    is_local = _is_loopback(url.host)
    if url.scheme != "https" and not (url.scheme == "http" and is_local):
        raise ValueError("https, or http on this machine, is needed")
    return is_local


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
