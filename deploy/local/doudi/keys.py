"""Keys and secrets of the embedded deployment: made anew at each start, in files that only their owner reads."""

import json
import secrets
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import gmssl_pyx
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from joserfc.jwk import RSAKey


def make_token_key(path: Path) -> None:
    """The RSA key that signs tokens, as a JWK."""
    key = RSAKey.generate_key(2048, parameters={"kid": secrets.token_hex(8), "alg": "RS256", "use": "sig"})
    write_private(path, json.dumps(key.as_dict(private=True)))


def make_log_key(path: Path) -> None:
    """The Ed25519 key that signs the heads of oversight's log, PKCS#8 in PEM."""
    pem = Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    write_private(path, pem.decode("ascii"))


def make_key_ring(path: Path) -> None:
    """The keys of encrypted fields and of their blind index, as `shared.crypto.KeyRing` reads them."""
    ring = {"current": 1, "keys": {"1": secrets.token_hex(16)}, "index_keys": [secrets.token_hex(32)]}
    write_private(path, json.dumps(ring))


def make_seal_key() -> str:
    """A key that a service and its database share, as `shared.seal.SealKey` reads it."""
    return secrets.token_hex(32)


def make_client_secrets(path: Path, client_ids: Iterable[str]) -> dict[str, str]:
    """A secret for each client, written as one JSON object."""
    made = {client_id: secrets.token_urlsafe(32) for client_id in client_ids}
    write_private(path, json.dumps(made))
    return made


def make_signing_keys(directory: Path, service: str, clients: Iterable[str]) -> None:
    """Keys with which clients and a service sign to each other, as `shared.signatures` reads them: the private ones of
    each side, and for each side the public ones of the other. Clients sign with SM2, the service with Ed25519.
    """
    own = Ed25519PrivateKey.generate()
    made = {client: gmssl_pyx.sm2_key_generate() for client in clients}
    of_service = {"key_id": f"{service}-1", "algorithm": "ed25519"}
    of_clients = {client: {"key_id": f"{client}-1", "algorithm": "sm2-sm3"} for client in made}
    files: dict[str, dict[str, Any]] = {
        f"signing-key-{service}.json": {service: of_service | {"private_key": own.private_bytes_raw().hex()}},
        f"trusted-{service}.json": {service: [of_service | {"public_key": own.public_key().public_bytes_raw().hex()}]},
        "signing-keys.json": {
            client: of_clients[client] | {"private_key": private.hex(), "public_key": public.hex()}
            for client, (public, private) in made.items()
        },
        "trusted-clients.json": {
            client: [of_clients[client] | {"public_key": public.hex()}] for client, (public, _) in made.items()
        },
    }
    for name, content in files.items():
        write_private(directory / name, json.dumps(content))


def write_private(path: Path, text: str) -> None:
    """Write a file that nobody else may read, not even for the moment between making and closing it."""
    path.unlink(missing_ok=True)
    path.touch(mode=0o600)
    path.write_text(text, encoding="utf-8")
