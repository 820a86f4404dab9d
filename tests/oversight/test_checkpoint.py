"""Signed notes against the vectors of Go's sumdb/note, and checkpoints as C2SP tlog-checkpoint defines them."""

import base64
from hashlib import sha256

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from hypothesis import given
from hypothesis import strategies as st

from oversight.rules.checkpoint import Checkpoint, CheckpointRejected, open_checkpoint, sign_checkpoint
from oversight.rules.note import BadKey, NoteRejected, SigningKey, VerifierKey, open_note
from oversight.schemas import NOTE_EXAMPLE, LogKey

# The examples and the test table of golang.org/x/mod/sumdb/note.
PETER_SEED = base64.b64decode("AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz")[1:]
PETER = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
ENOCH = "EnochRoot+af0cfe78+ATtqJ7zOtqQtYqOo0CpvDXNlMhV3HeJDpjrASKGLWdop"
TEXT = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n"
PETER_LINE = (
    "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
)
ENOCH_LINE = (
    "— EnochRoot rwz+eBzmZa0SO3NbfRGzPCpDckykFXSdeX+MNtCOXm2/5n2tiOHp+vAF1aGrQ5ovTG01oOTGwnWLox33WWd1RvMc+QQ=\n"
)
NOTE = f"{TEXT}\n{PETER_LINE}"

KEY = SigningKey("doudi.test/oversight", Ed25519PrivateKey.from_private_bytes(bytes(range(32))))
ROOT = sha256(b"root").digest()


def peter() -> SigningKey:
    return SigningKey("PeterNeumann", Ed25519PrivateKey.from_private_bytes(PETER_SEED))


def test_signing_gives_the_bytes_that_go_gives() -> None:
    assert peter().sign(TEXT) == NOTE


def test_a_verifier_key_reads_and_writes_as_in_go() -> None:
    assert str(VerifierKey.parse(PETER)) == PETER
    assert str(peter().verifier_key) == PETER
    assert VerifierKey.parse(PETER).key_id.hex() == "c74f20a3"


@pytest.mark.parametrize("trusted", [[PETER], [ENOCH], [PETER, ENOCH], [ENOCH, PETER]])
def test_a_note_of_two_signers_opens_with_either_key(trusted: list[str]) -> None:
    assert open_note(NOTE + ENOCH_LINE, [VerifierKey.parse(key) for key in trusted]) == TEXT


def test_a_note_of_a_stranger_is_rejected_and_names_its_signers() -> None:
    with pytest.raises(NoteRejected, match=r"no trusted key signed this note; it is signed by PeterNeumann"):
        open_note(NOTE, [VerifierKey.parse(ENOCH)])


def test_one_wrong_signature_of_a_trusted_key_is_enough_to_reject() -> None:
    forged = ENOCH_LINE.replace("BzmZa0", "BzmZa1")
    with pytest.raises(NoteRejected, match="the signature of EnochRoot does not fit the text"):
        open_note(NOTE + forged, [VerifierKey.parse(PETER), VerifierKey.parse(ENOCH)])


# From note_test.go: each is malformed in one way.
@pytest.mark.parametrize(
    "note",
    [
        TEXT,
        f"{TEXT}\n",
        NOTE[:-1],
        f"{TEXT[:-1]}\n{PETER_LINE}",
        f"{TEXT}\t\n{PETER_LINE}",
        f"{TEXT}\n{PETER_LINE}\n",
        f"{TEXT}\n{PETER_LINE[1:]}",
        f"{TEXT}\n{PETER_LINE.replace(' ', '  ')}",
        f"{TEXT}\n{PETER_LINE.replace('— ', '—')}",
        f"{TEXT}\n{PETER_LINE.replace('PeterNeumann', 'Peter+Neumann')}",
        f"{TEXT}\n— PeterNeumann\n",
        f"{TEXT}\n— PeterNeumann \n",
        f"{TEXT}\n— PeterNeumann x08g\n",
        f"{TEXT}\n{PETER_LINE.replace('x08go', 'x08g!')}",
        f"{TEXT}\n{PETER_LINE.replace('JnAM=', 'JnAN=')}",
        f"{TEXT}\n{PETER_LINE * 101}",
        f"\x01{NOTE}",
        "",
    ],
)
def test_a_malformed_note_is_rejected(note: str) -> None:
    with pytest.raises(NoteRejected):
        open_note(note, [VerifierKey.parse(PETER)])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("PeterNeumann", "has the form name"),
        ("PeterNeumann+c74f20a4+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW", "does not belong to name and key"),
        ("PeterNeumann+cc469956+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TWBADKEY==", "32 bytes"),
        ("PeterNeumann+173116ae+ZRpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW", "0x01"),
        ("PeterNeumann+c74f20a3+no base64", "base64"),
        ("Peter Neumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW", "holds no space and no plus"),
        ("+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW", "is not empty"),
    ],
)
def test_a_bad_verifier_key_says_what_is_wrong(text: str, message: str) -> None:
    with pytest.raises(BadKey, match=message):
        VerifierKey.parse(text)


def test_a_signing_key_is_read_from_pem() -> None:
    pem = Ed25519PrivateKey.from_private_bytes(PETER_SEED).private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
    )
    assert SigningKey.from_pem("PeterNeumann", pem).sign(TEXT) == NOTE


def test_a_signing_key_of_another_kind_is_refused() -> None:
    pem = generate_private_key(SECP256R1()).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    with pytest.raises(BadKey, match="must be Ed25519"):
        SigningKey.from_pem("doudi.test", pem)
    with pytest.raises(BadKey, match="no unencrypted PEM"):
        SigningKey.from_pem("doudi.test", b"not a key")


@pytest.mark.parametrize("text", ["no newline at the end", "a bell\x07\n"])
def test_a_text_that_no_verifier_would_read_is_not_signed(text: str) -> None:
    with pytest.raises(NoteRejected):
        KEY.sign(text)


def test_a_checkpoint_is_origin_size_and_root() -> None:
    note = sign_checkpoint(KEY, tree_size=20852163, root_hash=ROOT)
    lines = note.split("\n")
    assert lines[:4] == ["doudi.test/oversight", "20852163", base64.b64encode(ROOT).decode(), ""]
    assert lines[4].startswith("— doudi.test/oversight ")
    assert open_checkpoint(note, [KEY.verifier_key]) == Checkpoint("doudi.test/oversight", 20852163, ROOT)


@given(st.integers(min_value=0, max_value=2**62), st.binary(min_size=32, max_size=32))
def test_what_was_signed_is_what_is_read(tree_size: int, root_hash: bytes) -> None:
    note = sign_checkpoint(KEY, tree_size=tree_size, root_hash=root_hash)
    assert open_checkpoint(note, [KEY.verifier_key]) == Checkpoint(KEY.verifier_key.name, tree_size, root_hash)


@pytest.mark.clause("13.2.2")
@given(st.data())
def test_a_checkpoint_changed_anywhere_is_rejected(data: st.DataObject) -> None:
    note = bytearray(sign_checkpoint(KEY, tree_size=42, root_hash=ROOT).encode())
    place = data.draw(st.integers(min_value=0, max_value=len(note) - 1))
    note[place] = data.draw(st.integers(min_value=0, max_value=127).filter(lambda byte: byte != note[place]))
    with pytest.raises(CheckpointRejected):
        open_checkpoint(note.decode(errors="replace"), [KEY.verifier_key])


def test_a_checkpoint_of_another_log_is_rejected() -> None:
    body = str(Checkpoint("doudi.test/other", 42, ROOT))
    with pytest.raises(
        CheckpointRejected, match=r"a checkpoint of 'doudi\.test/other', not of 'doudi\.test/oversight'"
    ):
        open_checkpoint(KEY.sign(body), [KEY.verifier_key])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("doudi.test\n42\n", "at least three lines"),
        ("doudi.test\n42\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=", "ended by a newline"),
        ("doudi.test\n\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n", "none empty"),
        ("doudi.test\n042\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n", "number of leaves in decimal"),
        ("doudi.test\n-1\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n", "number of leaves in decimal"),
        ("doudi.test\n42\nnot base64\n", "root hash in base64"),
        ("doudi.test\n42\n47DEQpj8\n", "has 32 bytes"),
        ("doudi.test\n42\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFV=\n", "not in canonical base64"),
    ],
)
def test_a_malformed_checkpoint_says_what_is_wrong(text: str, message: str) -> None:
    with pytest.raises(CheckpointRejected, match=message):
        Checkpoint.parse(text)


def test_extension_lines_of_a_checkpoint_are_left_alone() -> None:
    text = f"doudi.test\n0\n{base64.b64encode(ROOT).decode()}\nTimestamp: 1\n"
    assert Checkpoint.parse(text) == Checkpoint("doudi.test", 0, ROOT)


def test_the_documented_example_is_a_true_one() -> None:
    (key,) = LogKey.model_fields["verifier_key"].examples or []
    assert open_checkpoint(NOTE_EXAMPLE, [VerifierKey.parse(key)]).tree_size == 42
