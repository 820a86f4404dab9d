"""What callers of oversight send and see."""

import base64
from datetime import date, datetime
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from shared.events.oversight import ClueKind

_HASH = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="
_KEY = "doudi.wuchang.gov.cn/oversight+7b128b26+AQOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4"
_SIGNATURE = "exKLJl1K/9SOOa7CdbTCTFS2WfJPeUQa6KelrSx0CX+L4ygnBn6zKMxi5iyQHFX1TerQ2GI87f8W3v4Cu6qwWuWiTwA="
NOTE_EXAMPLE = f"doudi.wuchang.gov.cn/oversight\n42\n{_HASH}\n\n— doudi.wuchang.gov.cn/oversight {_SIGNATURE}\n"
_EVENT = "01930000-0000-7000-8000-00000000000f"

EventId = Annotated[UUID, Field(description="Id of the event (CloudEvents `id`)", examples=[_EVENT])]
LeafCount = Annotated[int, Field(ge=1, le=2**63 - 1, description="Number of leaves of a tree", examples=[42])]
Hash = Annotated[str, Field(description="SHA-256, base64", examples=[_HASH])]


class _View(BaseModel):
    model_config = ConfigDict(frozen=True)


class LogKey(_View):
    """What one needs to check signed heads. Keep it apart from this platform."""

    name: str = Field(examples=["doudi.wuchang.gov.cn/oversight"])
    algorithm: Literal["Ed25519"] = "Ed25519"
    verifier_key: str = Field(
        description="As verifiers of signed notes take it: name, key id in hex, and base64 of 0x01 and the public key",
        examples=[_KEY],
    )
    former_verifier_keys: tuple[str, ...] = Field(description="Keys that signed earlier heads", examples=[[]])


class CheckpointView(_View):
    """One signed head."""

    checkpoint_id: UUID = Field(examples=["01930000-0000-7000-8000-000000000010"])
    tree_size: LeafCount = Field(examples=[42])
    root_hash: Hash
    signed_at: AwareDatetime = Field(examples=["2022-10-17T16:00:00Z"])
    note: str = Field(description="The C2SP tlog-checkpoint, exactly as signed", examples=[NOTE_EXAMPLE])

    @classmethod
    def of(cls, row: Any) -> Self:
        """From a row of `checkpoint`."""
        return cls(
            checkpoint_id=row.checkpoint_id,
            tree_size=row.tree_size,
            root_hash=in_base64(row.root_hash),
            signed_at=row.signed_at,
            note=row.note,
        )


class CheckpointsOfDay(_View):
    """The heads that were signed on one day, the first ones first."""

    on: date = Field(examples=["2022-10-18"])
    items: tuple[CheckpointView, ...]


class LogEntryView(_View):
    """One event as the log keeps it."""

    event_id: UUID = Field(examples=[_EVENT])
    leaf_index: int = Field(ge=0, examples=[17])
    type: str = Field(examples=["emergency-fund.grant-paid.v1"])
    topic: str = Field(examples=["emergency-fund"])
    occurred_at: datetime = Field(examples=["2022-10-17T03:12:45Z"])
    logged_at: datetime = Field(examples=["2022-10-17T03:12:46Z"])
    leaf: str = Field(
        description="The leaf of the tree: the exact bytes of the message (CloudEvents 1.0, JSON), base64",
        examples=["eyJzcGVjdmVyc2lvbiI6IjEuMCJ9"],
    )
    leaf_hash: Hash

    @classmethod
    def of(cls, row: Any, *, leaf_hash: bytes) -> Self:
        """From a row of `log_entry`."""
        return cls(
            event_id=row.event_id,
            leaf_index=row.leaf_index,
            type=row.type,
            topic=row.topic,
            occurred_at=row.occurred_at,
            logged_at=row.logged_at,
            leaf=in_base64(row.body),
            leaf_hash=in_base64(leaf_hash),
        )


class LogPage(_View):
    """Events of the log, the newest first."""

    items: tuple[LogEntryView, ...]
    next_before: int | None = Field(description="Send as `before` for the next page; null: there is none")


class InclusionProof(_View):
    """Shows that the event is in the tree of that size: RFC 9162 section 2.1.3."""

    event_id: UUID = Field(examples=[_EVENT])
    leaf_index: int = Field(ge=0, examples=[17])
    tree_size: LeafCount = Field(examples=[42])
    leaf_hash: Hash
    root_hash: Hash
    hashes: tuple[Hash, ...] = Field(description="The path from the leaf to the root")


class ConsistencyProof(_View):
    """Shows that the later tree only appended to the earlier one: RFC 9162 section 2.1.4."""

    first: LeafCount = Field(examples=[40])
    second: LeafCount = Field(examples=[42])
    first_root_hash: Hash
    second_root_hash: Hash
    hashes: tuple[Hash, ...]


class ClueView(_View):
    """Something late or odd in the history. It points at an event; it judges nobody."""

    model_config = ConfigDict(frozen=True, from_attributes=True)

    clue_id: UUID = Field(examples=["01930000-0000-7000-8000-00000000000e"])
    kind: ClueKind = Field(examples=["paper_debt_overdue"])
    event_id: UUID = Field(description="The event that gave rise to it; see /v1/log/entries", examples=[_EVENT])
    street: str | None = Field(examples=["420106006"])
    department: str | None = Field(examples=[None])
    raised_at: AwareDatetime = Field(examples=["2022-12-19T16:00:01Z"])


class CluePage(_View):
    """Clues, the newest first."""

    items: tuple[ClueView, ...]
    next_before: UUID | None = Field(description="Send as `before` for the next page; null: there is none")


def in_base64(data: bytes) -> str:
    """Bytes as they stand in JSON."""
    return base64.b64encode(data).decode("ascii")
