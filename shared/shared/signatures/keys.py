"""Keys that sign and keys that check: Ed25519 (RFC 8032) and SM2 with SM3 (GB/T 32918), read from files."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Protocol, Self

import gmssl_pyx
from cryptography.exceptions import InvalidSignature as CryptographyInvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey


class PublicKey(Protocol):
    """What checks signatures."""

    def verify(self, signature: bytes, message: bytes) -> bool:
        """Whether the signature is of this message, by the private key that belongs to this one."""
        ...


class Signer(Protocol):
    """What makes signatures: a key in a file, or a certified module behind the same two names."""

    @property
    def key_id(self) -> str:
        """By which the other side finds the public key."""
        ...

    def sign(self, message: bytes) -> bytes:
        """The signature of a message."""
        ...


@dataclass(frozen=True)
class Ed25519Key:
    """RFC 8032. A public key of 32 bytes."""

    public: bytes

    def verify(self, signature: bytes, message: bytes) -> bool:
        try:
            Ed25519PublicKey.from_public_bytes(self.public).verify(signature, message)
        except CryptographyInvalidSignature:
            return False
        return True


@dataclass(frozen=True)
class Sm2Key:
    """GB/T 32918.2 with SM3 and the default identity `1234567812345678`. A public key of 64 bytes, x and y."""

    public: bytes

    def verify(self, signature: bytes, message: bytes) -> bool:
        return bool(gmssl_pyx.sm2_verify(self.public, message, signature))


@dataclass(frozen=True, kw_only=True)
class Ed25519Signer:
    """Signs with a private key of 32 bytes."""

    key_id: str
    private: bytes

    def sign(self, message: bytes) -> bytes:
        return Ed25519PrivateKey.from_private_bytes(self.private).sign(message)


@dataclass(frozen=True, kw_only=True)
class Sm2Signer:
    """Signs with a private key of 32 bytes. Signatures are in DER, as `openssl` writes them."""

    key_id: str
    private: bytes
    public: bytes

    def sign(self, message: bytes) -> bytes:
        signature: bytes = gmssl_pyx.sm2_sign(self.private, self.public, message)
        return signature


@dataclass(frozen=True, kw_only=True)
class TrustedKey:
    """A public key on file: whose it is, and when it counts. A successor is put on file before it ends."""

    key_id: str
    client_id: str
    public_key: PublicKey
    not_before: datetime | None
    not_after: datetime | None

    def counts_at(self, now: datetime) -> bool:
        """Whether signatures of this instant may be made with it."""
        return (self.not_before is None or self.not_before <= now) and (self.not_after is None or now < self.not_after)


@dataclass(frozen=True)
class TrustedKeys:
    """The public keys of other systems."""

    by_id: Mapping[str, TrustedKey]

    @cached_property
    def clients(self) -> frozenset[str]:
        """Those that have a key on file, and sign everything that they send."""
        return frozenset(key.client_id for key in self.by_id.values())

    @classmethod
    def load(cls, path: Path) -> Self:
        """From JSON: client id to a list of `key_id`, `algorithm`, `public_key` (hex) and, where it has them,
        `not_before` and `not_after`. Raises KeyError and ValueError for one that is not sound.
        """
        document = json.loads(path.read_text(encoding="ascii"))
        return cls.of(_trusted(client_id, entry) for client_id, entries in document.items() for entry in entries)

    @classmethod
    def of(cls, keys: Iterable[TrustedKey]) -> Self:
        """Raises ValueError where two have one id."""
        by_id: dict[str, TrustedKey] = {}
        for key in keys:
            if key.key_id in by_id:
                raise ValueError(f"two trusted keys have the id {key.key_id}")
            by_id[key.key_id] = key
        return cls(by_id)


def load_signers(path: Path) -> dict[str, Signer]:
    """Own private keys by client id, from JSON: `key_id`, `algorithm`, `private_key` in hex, for SM2 also `public_key`.

    Raises KeyError and ValueError for one that is not sound.
    """
    document = json.loads(path.read_text(encoding="ascii"))
    return {client_id: _signer(entry) for client_id, entry in document.items()}


def _signer(entry: Mapping[str, str]) -> Signer:
    private = _bytes(entry, "private_key", 32)
    if entry["algorithm"] == "ed25519":
        return Ed25519Signer(key_id=entry["key_id"], private=private)
    if entry["algorithm"] == "sm2-sm3":
        return Sm2Signer(key_id=entry["key_id"], private=private, public=_bytes(entry, "public_key", 64))
    raise ValueError(f"key {entry['key_id']}: unknown algorithm {entry['algorithm']}")


def _trusted(client_id: str, entry: Mapping[str, str]) -> TrustedKey:
    kinds: dict[str, tuple[type[Ed25519Key] | type[Sm2Key], int]] = {
        "ed25519": (Ed25519Key, 32),
        "sm2-sm3": (Sm2Key, 64),
    }
    if entry["algorithm"] not in kinds:
        raise ValueError(f"key {entry['key_id']}: unknown algorithm {entry['algorithm']}")
    kind, length = kinds[entry["algorithm"]]
    return TrustedKey(
        key_id=entry["key_id"],
        client_id=client_id,
        public_key=kind(_bytes(entry, "public_key", length)),
        not_before=_instant(entry.get("not_before")),
        not_after=_instant(entry.get("not_after")),
    )


def _bytes(entry: Mapping[str, str], name: str, length: int) -> bytes:
    value = bytes.fromhex(entry[name])
    if len(value) != length:
        raise ValueError(f"key {entry['key_id']}: {name} has {len(value)} bytes instead of {length}")
    return value


def _instant(text: str | None) -> datetime | None:
    if text is None:
        return None
    instant = datetime.fromisoformat(text)
    if instant.tzinfo is None:
        raise ValueError(f"{text} has no time zone")
    return instant
