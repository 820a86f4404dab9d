"""The seal: what a service says of its caller counts in its database only under a key that no SQL can read.

Pure functions. The other half, which checks, is in `platform_0001.sql`; decision 18 says what it holds against.
"""

import hashlib
import hmac
from collections.abc import Iterable
from dataclasses import dataclass, field

_KEY_BYTES = 32
_BLOCK_BYTES = 64
_SESSION_SECRET_BYTES = 16
_SEAL_BYTES = 32
_SEPARATOR = "\n"
_DISTRICT_WIDE = {"service", "district"}
_OF_STREETS = {"streets", "district"}


@dataclass(frozen=True)
class SealKey:
    """A key of one service and its database, 32 random bytes. Two may be valid at a time, so each has an id."""

    secret: bytes = field(repr=False)

    @classmethod
    def read(cls, text: str) -> "SealKey":
        """Read 64 hexadecimal digits. Raises ValueError, which does not tell them."""
        try:
            secret = bytes.fromhex(text.strip())
        except ValueError:
            secret = b""
        if len(secret) != _KEY_BYTES:
            raise ValueError("a seal key is 64 hexadecimal digits; make one with: openssl rand -hex 32")
        return cls(secret)

    @property
    def key_id(self) -> str:
        """Eight digits that name the key and tell nothing of it."""
        return hashlib.sha256(b"name of seal key" + self.secret).hexdigest()[:8]

    @property
    def pads(self) -> tuple[bytes, bytes]:
        """Inner and outer pad of HMAC-SHA-256: with them, and sha256 alone, PostgreSQL makes the same seal."""
        block = self.secret.ljust(_BLOCK_BYTES, b"\0")
        return bytes(byte ^ 0x36 for byte in block), bytes(byte ^ 0x5C for byte in block)

    def session_secret(self, nonce: bytes) -> bytes:
        """The secret of the session that answered with this nonce: the database has made the same from it."""
        return hmac.digest(self.secret, nonce, "sha256")[:_SESSION_SECRET_BYTES]


def sealed(context: str, *, session_secret: bytes, number: int) -> str:
    """A context below its seal, for one transaction of one session: in another, or another time, it is void."""
    digest = hashlib.sha512(session_secret + f"{number}:{context}".encode()).digest()
    return digest[:_SEAL_BYTES].hex() + context


def context_of(*, scope: str, subject: str = "", department: str = "", streets: Iterable[str] = ()) -> str:
    """Who asks, one value a line below the seal: scope, subject, department, `*` for the whole district, then the
    streets, in the scopes in which they count. Raises ValueError for a value that would end its line, because no two
    callers may read the same.
    """
    everywhere = "*" if scope in _DISTRICT_WIDE else ""
    values = (scope, subject, department, everywhere, *(sorted(streets) if scope in _OF_STREETS else ()))
    for value in values:
        if _SEPARATOR in value or "\0" in value:
            raise ValueError(f"no line break and no NUL in what a token says of its caller: {value!r}")
    return _SEPARATOR + _SEPARATOR.join(values)
