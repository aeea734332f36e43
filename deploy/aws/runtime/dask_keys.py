"""The key and the certificate by which Dask's scheduler, its workers and the run know one another.

Both are made of a secret that all of them are given, the same bytes in each: whoever has the secret belongs to them,
and nobody else does. The certificate signs itself, and is the only authority that they trust. Its dates say nothing:
the key ends when the secret is changed.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import MutableMapping
from datetime import UTC, datetime
from pathlib import Path

SEED = "DASK_SEED"
FOLDER = "dask-keys"
_TLS = "DASK_DISTRIBUTED__COMM__TLS__"


def lay_keys(environment: MutableMapping[str, str]) -> None:
    """Write key and certificate below ``SCORE_VAR``, and set Dask's variables; without a secret there is no Dask."""
    seed = environment.pop(SEED, None)
    if seed is None:
        return
    folder = Path(environment.get("SCORE_VAR", "/var/escore")) / FOLDER
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    files = {"KEY": folder / "key.pem", "CERT": folder / "cert.pem"}
    for file, content in zip(files.values(), make_keys(seed), strict=True):
        _write(file, content)
    environment[f"{_TLS}CA_FILE"] = str(files["CERT"])
    for part in ("SCHEDULER", "WORKER", "CLIENT"):
        environment |= {f"{_TLS}{part}__{name}": str(file) for name, file in files.items()}
    environment["DASK_DISTRIBUTED__COMM__REQUIRE_ENCRYPTION"] = "True"


def make_keys(seed: str) -> tuple[bytes, bytes]:
    """Return the key and the certificate of a secret, in PEM; the same for the same secret."""
    from cryptography import x509  # noqa: PLC0415 - of the run's programs alone, not of a migration
    from cryptography.hazmat.primitives import serialization  # noqa: PLC0415
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey  # noqa: PLC0415

    key = Ed25519PrivateKey.from_private_bytes(hashlib.sha256(b"escore dask " + seed.encode()).digest())
    public = key.public_key()
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "escore dask")])
    usage = dict.fromkeys(("content_commitment", "key_encipherment", "data_encipherment", "key_agreement"), False)
    usage |= dict.fromkeys(("crl_sign", "encipher_only", "decipher_only"), False)
    certificate = (
        x509.CertificateBuilder(subject_name=name, issuer_name=name, public_key=public, serial_number=1)
        .not_valid_before(datetime(2020, 1, 1, tzinfo=UTC))
        .not_valid_after(datetime(2120, 1, 1, tzinfo=UTC))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(x509.KeyUsage(digital_signature=True, key_cert_sign=True, **usage), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(public), critical=False)
        .sign(key, None)
    )
    form = serialization.PrivateFormat.PKCS8
    private = key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption())
    return private, certificate.public_bytes(serialization.Encoding.PEM)


def _write(file: Path, content: bytes) -> None:
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as opened:
        opened.write(content)
