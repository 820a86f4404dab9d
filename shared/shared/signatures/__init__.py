"""Signed requests and signed answers between systems: HTTP Message Signatures (RFC 9421) with Ed25519 or SM2 (12.1.2).

A request is signed over method, path, query and the digest of its body (RFC 9530), with the instant and a nonce; an
answer over its status, the digest of its body and the signature that it answers. Keys are known by their id: the id
says whose key it is and of which algorithm, never the message. Instants are of real time, as those of tokens are.
"""

from shared.signatures.answers import AnswerSigner, remember_signed, request_of
from shared.signatures.keys import (
    Ed25519Key,
    Ed25519Signer,
    PublicKey,
    Signer,
    Sm2Key,
    Sm2Signer,
    TrustedKey,
    TrustedKeys,
    load_signers,
)
from shared.signatures.messages import (
    CLOCK_TOLERANCE,
    Answer,
    Message,
    Reason,
    SignatureRefused,
    Signed,
    Signing,
    fields_of,
    sign_answer,
    sign_request,
    verify_answer,
    verify_request,
)

__all__ = [
    "CLOCK_TOLERANCE",
    "Answer",
    "AnswerSigner",
    "Ed25519Key",
    "Ed25519Signer",
    "Message",
    "PublicKey",
    "Reason",
    "SignatureRefused",
    "Signed",
    "Signer",
    "Signing",
    "Sm2Key",
    "Sm2Signer",
    "TrustedKey",
    "TrustedKeys",
    "fields_of",
    "load_signers",
    "remember_signed",
    "request_of",
    "sign_answer",
    "sign_request",
    "verify_answer",
    "verify_request",
]
