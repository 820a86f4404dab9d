"""The head of the log as a C2SP tlog-checkpoint: origin, number of leaves and root hash, signed as a note."""

import base64
import binascii
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from oversight.rules.note import NoteRejected, SigningKey, VerifierKey, open_note

_ROOT_BYTES = 32
_TEXT = re.compile(r"([^\n]+)\n([^\n]+)\n([^\n]+)\n(?:[^\n]+\n)*")
_SIZE = re.compile(r"0|[1-9][0-9]{0,18}", re.ASCII)


class CheckpointRejected(ValueError):
    """The text is no checkpoint, not signed by the trusted key, or of another log."""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What is signed: this log had this many leaves, and this was its root."""

    origin: str
    tree_size: int
    root_hash: bytes

    def __str__(self) -> str:
        return f"{self.origin}\n{self.tree_size}\n{base64.b64encode(self.root_hash).decode('ascii')}\n"

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read the text of a checkpoint; lines after the third are extensions and not looked at.

        Raises CheckpointRejected.
        """
        match = _TEXT.fullmatch(text)
        if match is None:
            raise CheckpointRejected("a checkpoint has at least three lines, none empty, each ended by a newline")
        origin, size, root = match.groups()
        if _SIZE.fullmatch(size) is None:
            raise CheckpointRejected(f"the second line is the number of leaves in decimal, this is {size!r}")
        try:
            root_hash = base64.b64decode(root, validate=True)
        except (binascii.Error, ValueError) as error:
            raise CheckpointRejected(f"the third line is the root hash in base64, this is {root!r}") from error
        if len(root_hash) != _ROOT_BYTES:
            raise CheckpointRejected(f"the root hash has {_ROOT_BYTES} bytes, this one has {len(root_hash)}")
        if base64.b64encode(root_hash).decode("ascii") != root:
            raise CheckpointRejected(f"the root hash is not in canonical base64: {root!r}")
        return cls(origin, int(size), root_hash)


@dataclass(frozen=True, kw_only=True)
class KeyRing:
    """What heads are signed with, and what earlier heads were."""

    signing_key: SigningKey
    former: tuple[VerifierKey, ...] = ()

    @property
    def trusted(self) -> tuple[VerifierKey, ...]:
        """Keys whose signature on an earlier head counts."""
        return (self.signing_key.verifier_key, *self.former)


def sign_checkpoint(key: SigningKey, *, tree_size: int, root_hash: bytes) -> str:
    """The signed note. The key's name is the log's origin."""
    return key.sign(str(Checkpoint(key.verifier_key.name, tree_size, root_hash)))


def open_checkpoint(note: str, trusted: Sequence[VerifierKey]) -> Checkpoint:
    """The checkpoint of a note which one of these keys signed for its own log. Raises CheckpointRejected."""
    try:
        text = open_note(note, trusted)
    except NoteRejected as error:
        raise CheckpointRejected(str(error)) from error
    checkpoint = Checkpoint.parse(text)
    if checkpoint.origin not in {key.name for key in trusted}:
        names = " or ".join(sorted({repr(key.name) for key in trusted}))
        raise CheckpointRejected(f"this is a checkpoint of {checkpoint.origin!r}, not of {names}")
    return checkpoint
