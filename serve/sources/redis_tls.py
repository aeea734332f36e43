"""TLS to Redis for the API, by the options of the URL as redis-py reads them: certificate and host name are checked.

Made anew for each connection, so that renewed files count from the next one on.
"""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from typing import Any

_UNCHECKED = ("none", "CERT_NONE")


def tls_context(options: Mapping[str, Any]) -> ssl.SSLContext:
    """Return the context of a ``rediss://`` URL's options; OSError (ssl.SSLError among them) if a file is not good.

    Where the URL names authorities, only these are trusted.
    """
    context = ssl.create_default_context(
        cafile=options.get("ssl_ca_certs"), capath=options.get("ssl_ca_path"), cadata=options.get("ssl_ca_data")
    )
    if certificate := options.get("ssl_certfile"):
        context.load_cert_chain(certificate, options.get("ssl_keyfile"), options.get("ssl_password"))
    if options.get("ssl_check_hostname") is False:
        context.check_hostname = False
    if options.get("ssl_cert_reqs") in _UNCHECKED:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    if version := options.get("ssl_min_version"):
        context.minimum_version = ssl.TLSVersion(version)
    if ciphers := options.get("ssl_ciphers"):
        context.set_ciphers(ciphers)
    return context
