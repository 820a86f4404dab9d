"""Identity numbers at rest: SM4-GCM with key id and associated data, found again by a keyed HMAC-SM3 index.

A software implementation behind a small interface; production puts a certified module behind `FieldCipher`. How keys
are changed while a service runs is in `shared.keys`.
"""

import json
import os
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers import Cipher, modes
from cryptography.hazmat.primitives.ciphers.algorithms import SM4
from cryptography.hazmat.primitives.hmac import HMAC
from gmssl_pyx import sm3_hmac

_FORMAT = 1
_NONCE_BYTES = 12
_TAG_BYTES = 16
_KEY_BYTES = 16
_INDEX_BYTES = 16
_CHECK_BYTES = 4


class CannotDecrypt(Exception):
    """The ciphertext is altered, belongs to another field, or its key is not in the ring."""


class KeyFileBroken(ValueError):
    """The key file is missing, half written, or not a key ring. Says nothing of what stands in it."""


class KeysClosed(RuntimeError):
    """The keys of this process do not fit its database: it must neither write nor look for anything."""


@dataclass(frozen=True, kw_only=True)
class KeyRing:
    """Keys by id, the one that new values are written with, and the key of the blind index."""

    keys: dict[int, bytes] = field(repr=False)
    current: int
    index_keys: tuple[bytes, ...] = field(repr=False)
    """Of the blind index, in order: the first over the text, each further one over the index under those before it."""

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read a key file: JSON with `current`, `keys` (id to hex of 16 bytes) and `index_keys` (hex of 32 bytes each);
        `index_key` where there is one only.

        Raises KeyFileBroken.
        """
        try:
            document = json.loads(path.read_text(encoding="ascii"))
            return cls(
                keys={int(key_id): bytes.fromhex(key) for key_id, key in document["keys"].items()},
                current=int(document["current"]),
                index_keys=tuple(bytes.fromhex(key) for key in document.get("index_keys") or [document["index_key"]]),
            )
        except (OSError, ValueError, LookupError, TypeError, AttributeError) as error:
            # Not the error's own words: they may repeat what stands in the file.
            raise KeyFileBroken(f"{path.name} is no key ring ({type(error).__name__})") from None

    def __post_init__(self) -> None:
        if self.current not in self.keys:
            raise ValueError(f"the key ring has no key with its current id {self.current}")
        for key_id, key in self.keys.items():
            if len(key) != _KEY_BYTES or not 0 <= key_id <= 255:
                raise ValueError(f"key {key_id} of the key ring is not {_KEY_BYTES} bytes with an id of 0 to 255")
        if any(len(key) < 32 for key in self.index_keys) or not self.index_keys:
            raise ValueError("an index key of the key ring is shorter than 32 bytes, or there is none")

    def check_values(self) -> dict[int, str]:
        """What tells each key from another of the same id, and nothing of it: eight digits."""
        return {key_id: _check_value(key) for key_id, key in self.keys.items()}

    def index_check_values(self) -> list[str]:
        """The same of the keys of the blind index, in their order."""
        return [_check_value(key) for key in self.index_keys]


def _check_value(key: bytes) -> str:
    mac = HMAC(key, hashes.SM3())
    mac.update(b"check value of a key")
    return mac.finalize()[:_CHECK_BYTES].hex()


def key_id_of(value: bytes) -> int:
    """The id of the key that a value was encrypted with. Raises CannotDecrypt for what is no value of ours."""
    if len(value) < 2 + _NONCE_BYTES + _TAG_BYTES or value[0] != _FORMAT:
        raise CannotDecrypt("unknown format")
    return value[1]


class FieldCipher:
    """Encrypts short fields. `field` (table.column) is bound in, so a value cannot be moved to another column."""

    def __init__(self, ring: KeyRing) -> None:
        self._ring: KeyRing | None = ring

    @property
    def ring(self) -> KeyRing:
        """The keys of now. Raises KeysClosed. Whoever does several things with them asks once: they may change."""
        if self._ring is None:
            raise KeysClosed("the keys of this process are not those of its database")
        return self._ring

    def use(self, ring: KeyRing) -> None:
        """From now on these keys."""
        self._ring = ring

    def close(self) -> None:
        """From now on none, until `use`."""
        self._ring = None

    def encrypt(self, text: str, *, field: str) -> bytes:
        """Version, key id, nonce, ciphertext, tag. Two calls give two different values."""
        ring = self.ring
        nonce = os.urandom(_NONCE_BYTES)
        encryptor = Cipher(SM4(ring.keys[ring.current]), modes.GCM(nonce)).encryptor()
        header = bytes([_FORMAT, ring.current])
        encryptor.authenticate_additional_data(header + field.encode())
        ciphertext = encryptor.update(text.encode()) + encryptor.finalize()
        return header + nonce + ciphertext + encryptor.tag

    def decrypt(self, value: bytes, *, field: str) -> str:
        """The text again. Raises CannotDecrypt."""
        keys = self.ring.keys
        if key_id_of(value) not in keys:
            raise CannotDecrypt(f"{field}: no key {value[1]}")
        header, nonce = value[:2], value[2 : 2 + _NONCE_BYTES]
        ciphertext, tag = value[2 + _NONCE_BYTES : -_TAG_BYTES], value[-_TAG_BYTES:]
        decryptor = Cipher(SM4(keys[value[1]]), modes.GCM(nonce, tag)).decryptor()
        decryptor.authenticate_additional_data(header + field.encode())
        try:
            return (decryptor.update(ciphertext) + decryptor.finalize()).decode()
        except InvalidTag as error:
            raise CannotDecrypt(f"{field}: the value was altered") from error

    def blind_index(self, text: str, *, field: str) -> bytes:
        """What equal values share and nobody without the keys can compute: 16 bytes of HMAC-SM3."""
        said = field.encode() + b"\x00" + text.encode()
        for key in self.ring.index_keys:
            mac = HMAC(key, hashes.SM3())
            mac.update(said)
            said = mac.finalize()[:_INDEX_BYTES]
        return said

    def blind_indexes(self, texts: Iterable[str], *, field: str) -> list[bytes]:
        """The blind index of each text, of one field: the same values at a third of the time, from a library that
        makes little ado about each.
        """
        (first, *further), prefix = self.ring.index_keys, field.encode() + b"\x00"
        indexes = [sm3_hmac(first, prefix + text.encode())[:_INDEX_BYTES] for text in texts]
        return laid_over(indexes, further) if further else indexes


def laid_over(indexes: Iterable[bytes], keys: Iterable[bytes]) -> list[bytes]:
    """Blind indexes under further keys: equal ones stay equal, and whoever has the keys of before alone makes none."""
    laid = list(indexes)
    for key in keys:
        laid = [sm3_hmac(key, index)[:_INDEX_BYTES] for index in laid]
    return laid
