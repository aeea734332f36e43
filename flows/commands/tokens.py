"""The commands ``escore token`` and ``escore jwks``: tokens for development, and for trying out production's keys."""

from __future__ import annotations

import json
import sys
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from contracts.errors import UsageError
from contracts.settings import load_settings
from flows.commands.completion import complete_scope
from flows.commands.options import AsJson
from flows.commands.output import print_json
from flows.commands.panels import examples

if TYPE_CHECKING:
    from serve.access.minting import Grant, SigningKey
    from serve.access.titular import Titular

TOKEN_EXAMPLES = examples(
    'TOKEN=$(escore token --scope score:ler --purpose "análise de crédito")',
    "TOKEN=$(escore token --private-key chave.pem --subject banco-do-sul)",
    "TOKEN=$(escore token --scope score:ler --titular 7b1f2c9e-5d34-4e0a-9c86-2f1a0b3c4d5e)",
)
JWKS_EXAMPLES = examples("escore jwks --private-key chave.pem > jwks.json")
_WHO = "Whom it names"
_KEY = "Which key signs"
Kid = Annotated[
    str | None, typer.Option(help="Name of the key; default: its thumbprint (RFC 7638).", rich_help_panel=_KEY)
]


def token(
    *,
    scope: Annotated[
        list[str] | None,
        typer.Option(help="A scope; repeat for more. Default: all.", metavar="SCOPE", autocompletion=complete_scope),
    ] = None,
    purpose: Annotated[
        str, typer.Option("--purpose", "--finalidade", help="finalidade: why the data are read.")
    ] = "demonstração",
    minutes: Annotated[int, typer.Option(min=1, max=1440, help="Lifetime in minutes.")] = 60,
    subject: Annotated[
        str, typer.Option(help="The consulente that the token names.", rich_help_panel=_WHO)
    ] = "consulente-demo",
    titular: Annotated[
        str | None,
        typer.Option(help="Speak for this consumer alone: cliente.id of Base A.", metavar="ID", rich_help_panel=_WHO),
    ] = None,
    titular_cpf: Annotated[
        str | None,
        typer.Option(help="The same consumer's CPF, for what is read by CPF.", metavar="CPF", rich_help_panel=_WHO),
    ] = None,
    private_key: Annotated[
        Path | None, typer.Option(help="Sign as an issuer does, by this key (PEM).", rich_help_panel=_KEY)
    ] = None,
    kid: Kid = None,
    as_json: AsJson = False,
) -> None:
    """Mint a bearer token: HS256, refused when SCORE_ENV=producao, or RS256 or ES256 by a private key."""
    from serve.access.callers import SCOPES
    from serve.access.minting import Grant, sign_by_secret

    settings = load_settings()
    grant = Grant(
        subject,
        scope or sorted(SCOPES),
        purpose,
        timedelta(minutes=minutes),
        titular=_titular(titular, titular_cpf),
        issuer=settings.jwt_issuer,
        audience=settings.jwt_audience,
    )
    if private_key is not None:
        minted = _read_key(private_key, kid).sign(grant)
    elif kid is not None:
        raise UsageError("--kid names a private key: give --private-key too")
    elif settings.env == "producao":
        raise UsageError("without --private-key tokens are for development only, and SCORE_ENV is producao")
    else:
        minted = sign_by_secret(settings.secret("jwt_secret"), grant)
    if as_json:
        _print_as_issuers_do(minted, grant)
    else:
        sys.stdout.write(minted + "\n")


def jwks(
    private_key: Annotated[Path, typer.Option(help="RSA (2048 bits or more) or EC (P-256), in PEM.")],
    kid: Kid = None,
) -> None:
    """Print the public half of a private key as a JWKS document, for SCORE_JWKS."""
    sys.stdout.write(json.dumps(_read_key(private_key, kid).public_jwks(), indent=1) + "\n")


def _print_as_issuers_do(minted: str, grant: Grant) -> None:
    """Print the token as an OAuth 2.0 issuer answers with it (RFC 6749, 5.1)."""
    seconds = int(grant.lifetime.total_seconds())
    scope = " ".join(grant.scopes)
    print_json({"access_token": minted, "token_type": "Bearer", "expires_in": seconds, "scope": scope})


def _titular(client_id: str | None, cpf: str | None) -> Titular | None:
    from contracts.cpf_number import normalize_cpf
    from serve.access.titular import Titular

    if client_id is None:
        if cpf is not None:
            raise UsageError("--titular-cpf goes with --titular")
        return None
    try:
        return Titular(client_id, None if cpf is None else normalize_cpf(cpf) or "")
    except ValueError as error:
        raise UsageError(str(error)) from None


def _read_key(path: Path, kid: str | None) -> SigningKey:
    from serve.access.minting import SigningKey

    try:
        pem = path.read_bytes()
    except OSError as error:
        raise UsageError(f"--private-key: the file cannot be read ({error.strerror})") from None
    return SigningKey.read(pem, kid)
