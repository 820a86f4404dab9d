"""Signed notes, the C2SP signed-note format (that of Go's sumdb/note), with Ed25519 keys: a text, a blank line, and
one line per signature. Knows nothing of trees; `checkpoint.py` says what the text of a log's head is.
"""

import base64
import binascii
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Self

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

_ED25519 = b"\x01"
_KEY_BYTES = 32
_KEY_ID_BYTES = 4
_SIGNATURE_PREFIX = "— "
# As many as Go's verifier reads: a bound on the work that a forged note can cause.
_MOST_SIGNATURES = 100


class NoteRejected(ValueError):
    """The text is no well-formed note, or no trusted key signed it."""


class BadKey(ValueError):
    """The text is no verifier key or signing key that can be used."""


@dataclass(frozen=True, slots=True)
class VerifierKey:
    """A public key with the name it signs under. Its text is what auditors keep: `name+key id+base64`."""

    name: str
    public_key: bytes

    def __post_init__(self) -> None:
        _check_name(self.name)
        if len(self.public_key) != _KEY_BYTES:
            raise BadKey(f"an Ed25519 public key has {_KEY_BYTES} bytes, this one has {len(self.public_key)}")

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `name+key id in hex+base64(0x01 and the public key)`. Raises BadKey."""
        name, _, rest = text.partition("+")
        key_id, plus, encoded = rest.partition("+")
        if not plus:
            raise BadKey(f"a verifier key has the form name+keyid+key, this is {text!r}")
        key = _decode(encoded)
        if key is None or key[:1] != _ED25519:
            raise BadKey("the key of a verifier key is base64 of 0x01 (Ed25519) and 32 bytes")
        result = cls(name, key[1:])
        if key_id != result.key_id.hex():
            raise BadKey(f"the key id {key_id!r} does not belong to name and key, which give {result.key_id.hex()}")
        return result

    @property
    def key_id(self) -> bytes:
        """First four bytes of SHA-256 over name, newline, algorithm and key: which key a signature line means."""
        return sha256(self.name.encode() + b"\n" + _ED25519 + self.public_key).digest()[:_KEY_ID_BYTES]

    def __str__(self) -> str:
        return f"{self.name}+{self.key_id.hex()}+{_encode(_ED25519 + self.public_key)}"


class SigningKey:
    """An Ed25519 private key with the name it signs under."""

    def __init__(self, name: str, private_key: Ed25519PrivateKey) -> None:
        self._private_key = private_key
        self.verifier_key = VerifierKey(name, private_key.public_key().public_bytes_raw())

    @classmethod
    def from_pem(cls, name: str, pem: bytes) -> Self:
        """From an unencrypted PKCS#8 file, as `openssl genpkey -algorithm ed25519` writes. Raises BadKey."""
        try:
            private_key = load_pem_private_key(pem, password=None)
        except (ValueError, TypeError) as error:
            raise BadKey(f"the signing key is no unencrypted PEM private key: {error}") from error
        if not isinstance(private_key, Ed25519PrivateKey):
            raise BadKey(f"the signing key must be Ed25519, this is {type(private_key).__name__}")
        return cls(name, private_key)

    def sign(self, text: str) -> str:
        """The note: text, blank line, signature line. The text is lines, each ended by a newline.

        Raises NoteRejected for a text that no verifier would read.
        """
        _check_characters(text)
        if not text.endswith("\n"):
            raise NoteRejected("the text of a note ends with a newline")
        signature = self._private_key.sign(text.encode())
        key = self.verifier_key
        return f"{text}\n{_SIGNATURE_PREFIX}{key.name} {_encode(key.key_id + signature)}\n"


def open_note(note: str, trusted: Sequence[VerifierKey]) -> str:
    """The text of a note that at least one trusted key signed and none signed wrongly. Other keys' lines are ignored.

    Raises NoteRejected.
    """
    _check_characters(note)
    # The last blank line: a text may hold blank lines of its own.
    text, blank, signatures = note.rpartition("\n\n")
    if not blank or not signatures.endswith("\n"):
        raise NoteRejected("a note is a text, a blank line and signature lines, each ended by a newline")
    text += "\n"
    lines = signatures[:-1].split("\n")
    if len(lines) > _MOST_SIGNATURES:
        raise NoteRejected(f"{len(lines)} signature lines are more than {_MOST_SIGNATURES}")
    keys = {(key.name, key.key_id): key for key in trusted}
    verified = False
    for name, key_id, signature in [_parse_signature(line) for line in lines]:
        key = keys.get((name, key_id))
        if key is not None:
            _check_signature(key, signature, text)
            verified = True
    if not verified:
        signers = ", ".join(line.split(" ")[1] for line in lines)
        raise NoteRejected(f"no trusted key signed this note; it is signed by {signers}")
    return text


def _parse_signature(line: str) -> tuple[str, bytes, bytes]:
    name, space, encoded = line.removeprefix(_SIGNATURE_PREFIX).partition(" ")
    blob = _decode(encoded)
    well_formed = line.startswith(_SIGNATURE_PREFIX) and space and _is_name(name)
    if not well_formed or blob is None or len(blob) <= _KEY_ID_BYTES:
        raise NoteRejected(f"a signature line is an em dash, a name and base64, this is {line!r}")
    return name, blob[:_KEY_ID_BYTES], blob[_KEY_ID_BYTES:]


def _check_signature(key: VerifierKey, signature: bytes, text: str) -> None:
    try:
        Ed25519PublicKey.from_public_bytes(key.public_key).verify(signature, text.encode())
    except InvalidSignature as error:
        raise NoteRejected(f"the signature of {key.name} does not fit the text: one of them was changed") from error


def _check_characters(text: str) -> None:
    for character in text:
        if character < " " and character != "\n":
            raise NoteRejected(f"a note holds no control character but newline, this one holds {character!r}")


def _is_name(name: str) -> bool:
    return bool(name) and "+" not in name and not any(character.isspace() for character in name)


def _check_name(name: str) -> None:
    if not _is_name(name):
        raise BadKey(f"the name of a key is not empty and holds no space and no plus, this is {name!r}")


def _encode(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")


def _decode(text: str) -> bytes | None:
    """Standard base64 with padding, or None. Only the one canonical spelling, so that no character can be changed."""
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None
    return data if _encode(data) == text else None
