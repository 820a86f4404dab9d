"""A small issuer of RFC 9068 access tokens, for the embedded deployment only.

It stands in the place of the district's OpenID Connect provider: discovery, key set, and a token endpoint with client
credentials (RFC 6749) and token exchange (RFC 8693), by which the mini-program gets a token that acts for a resident.
"""

import base64
import binascii
import hmac
import json
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote_plus

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse
from joserfc import jwt
from joserfc.jwk import RSAKey
from pydantic_settings import BaseSettings, SettingsConfigDict

from doudi.identities import Client, load_identities
from shared.auth import Role
from shared.ids import new_id

CLIENT_CREDENTIALS = "client_credentials"
TOKEN_EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
RESIDENT_SUBJECT = "urn:doudi:token-type:resident-subject"
_ACCESS_TOKEN = "urn:ietf:params:oauth:token-type:access_token"
_AUDIENCE = "doudi"
# Services renew theirs by themselves; a person's lasts a working day.
_SERVICE_SECONDS = 300
_PERSON_SECONDS = 8 * 3600
_LONGEST_SUBJECT = 100


class IssuerSettings(BaseSettings):
    """What the embedded deployment tells its issuer."""

    model_config = SettingsConfigDict(env_prefix="DOUDI_ISSUER_", frozen=True)

    url: str
    key_file: Path
    secrets_file: Path


class Refused(Exception):
    """A token request that gets an error of RFC 6749 section 5.2."""

    def __init__(self, error: str, description: str, *, status: int = 400) -> None:
        super().__init__(description)
        self.error = error
        self.description = description
        self.status = status


class Issuer:
    """Signs tokens for the clients it knows."""

    def __init__(self, *, url: str, key: RSAKey, clients: Mapping[str, Client], secrets: Mapping[str, str]) -> None:
        self.url = url
        self._key = key
        self._clients = clients
        self._secrets = secrets

    def key_set(self) -> dict[str, Any]:
        """The public key, as a JWK set."""
        return {"keys": [self._key.as_dict(private=False)]}

    def answer(self, client_id: str, secret: str, form: Mapping[str, str]) -> dict[str, Any]:
        """The token response to a request. Raises Refused."""
        client = self._authenticated(client_id, secret)
        grant = form.get("grant_type")
        if grant == CLIENT_CREDENTIALS:
            return self._client_token(client)
        if grant == TOKEN_EXCHANGE:
            return self._resident_token(client, form)
        if grant is None:
            raise Refused("invalid_request", "grant_type is missing")
        raise Refused("unsupported_grant_type", f"use {CLIENT_CREDENTIALS} or {TOKEN_EXCHANGE}")

    def _authenticated(self, client_id: str, secret: str) -> Client:
        expected = self._secrets.get(client_id, "")
        if not expected or not hmac.compare_digest(expected.encode(), secret.encode()):
            raise Refused("invalid_client", "unknown client or wrong secret", status=401)
        return self._clients[client_id]

    def _client_token(self, client: Client) -> dict[str, Any]:
        if not client.roles:
            raise Refused("unauthorized_client", f"{client.id} has no role of its own; it exchanges tokens")
        seconds = _SERVICE_SECONDS if Role.SERVICE in client.roles else _PERSON_SECONDS
        claims: dict[str, Any] = {"sub": client.id, "roles": list(client.roles), "streets": list(client.streets)}
        if client.department is not None:
            claims["department"] = client.department
        return self._token(client, claims, seconds)

    def _resident_token(self, client: Client, form: Mapping[str, str]) -> dict[str, Any]:
        if not client.acts_for_residents:
            raise Refused("unauthorized_client", f"{client.id} may not act for residents")
        subject = form.get("subject_token", "")
        if form.get("subject_token_type") != RESIDENT_SUBJECT or not 1 <= len(subject) <= _LONGEST_SUBJECT:
            raise Refused("invalid_request", f"subject_token is a resident's subject, its type {RESIDENT_SUBJECT}")
        claims = {"sub": subject, "roles": [Role.RESIDENT], "streets": [], "act": {"sub": client.id}}
        return {**self._token(client, claims, _PERSON_SECONDS), "issued_token_type": _ACCESS_TOKEN}

    def _token(self, client: Client, claims: Mapping[str, Any], seconds: int) -> dict[str, Any]:
        now = int(time.time())
        document = {
            "iss": self.url,
            "aud": _AUDIENCE,
            "client_id": client.id,
            "iat": now,
            "exp": now + seconds,
            "jti": str(new_id()),
            **claims,
        }
        header = {"alg": "RS256", "kid": self._key.kid, "typ": "at+jwt"}
        return {
            "access_token": jwt.encode(header, document, self._key),
            "token_type": "Bearer",
            "expires_in": seconds,
        }


def create() -> FastAPI:
    """The issuer's application, from the environment that `doudi.stack` sets."""
    settings = IssuerSettings()
    issuer = Issuer(
        url=settings.url,
        key=RSAKey.import_key(json.loads(settings.key_file.read_text(encoding="utf-8"))),
        clients=load_identities().by_id(),
        secrets=json.loads(settings.secrets_file.read_text(encoding="utf-8")),
    )
    return application(issuer)


def application(issuer: Issuer) -> FastAPI:
    """The endpoints of an issuer."""
    app = FastAPI(title="Issuer of the embedded deployment", docs_url=None, redoc_url=None, openapi_url=None)

    @app.get("/.well-known/openid-configuration")
    async def discovery() -> dict[str, Any]:
        return {
            "issuer": issuer.url,
            "jwks_uri": f"{issuer.url}/jwks.json",
            "token_endpoint": f"{issuer.url}/token",
            "grant_types_supported": [CLIENT_CREDENTIALS, TOKEN_EXCHANGE],
            "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
            "response_types_supported": [],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
        }

    @app.get("/jwks.json")
    async def key_set() -> dict[str, Any]:
        return issuer.key_set()

    @app.get("/readyz")
    async def ready() -> dict[str, str]:
        return {"status": "ready"}

    @app.post("/token")
    async def token(request: Request) -> JSONResponse:
        try:
            form = _form(await request.body())
            client_id, secret = _credentials(request.headers.get("Authorization"), form)
            answer = issuer.answer(client_id, secret, form)
        except Refused as refused:
            return JSONResponse(
                {"error": refused.error, "error_description": refused.description},
                refused.status,
                headers={"WWW-Authenticate": "Basic"} if refused.status == 401 else None,
            )
        return JSONResponse(answer, headers={"Cache-Control": "no-store"})

    return app


def _form(body: bytes) -> dict[str, str]:
    try:
        fields = parse_qs(body.decode("ascii"), strict_parsing=True)
    except ValueError as error:
        raise Refused("invalid_request", "the body is a form (application/x-www-form-urlencoded)") from error
    repeated = sorted(name for name, values in fields.items() if len(values) > 1)
    if repeated:
        raise Refused("invalid_request", f"given twice: {', '.join(repeated)}")
    return {name: values[0] for name, values in fields.items()}


def _credentials(authorization: str | None, form: Mapping[str, str]) -> tuple[str, str]:
    if authorization is None:
        return form.get("client_id", ""), form.get("client_secret", "")
    scheme, _, encoded = authorization.partition(" ")
    try:
        decoded = base64.b64decode(encoded, validate=True).decode("utf-8")
    except (binascii.Error, UnicodeDecodeError) as error:
        raise Refused("invalid_client", "the Authorization header is not Basic", status=401) from error
    client_id, colon, secret = decoded.partition(":")
    if scheme.lower() != "basic" or not colon:
        raise Refused("invalid_client", "the Authorization header is not Basic", status=401)
    return unquote_plus(client_id), unquote_plus(secret)
