"""What can be set in data-sharing."""

import tempfile
from pathlib import Path

from pydantic import Field

from shared.settings import KeySettings


class Settings(KeySettings):
    """Settings of data-sharing. Environment variables carry the prefix DOUDI_."""

    intake_url: str
    """Base URL of intake, where declarations come from."""
    signers_file: Path | None = None
    """Which systems sign what they send, with their public keys: JSON that `shared.signatures.TrustedKeys` reads. A
    client that stands there signs every request. Unset: none does."""
    signing_keys_file: Path | None = None
    """Own private key, under the client id: JSON that `shared.signatures.load_signers` reads. Answers to signed
    requests are signed with it. Unset: they are not."""
    upstreams_file: Path | None = None
    """Departments that are called over REST: JSON of department to `url` and, where theirs differ, `fields`.
    Unset: none, every department has a service of its own that hears what it is asked."""
    batch_directory: Path = Path(tempfile.gettempdir()) / "doudi-batches"
    """Where delivered files wait to be loaded. All replicas must see the same one; nobody else may read it."""
    snapshot_directory: Path = Path(tempfile.gettempdir()) / "doudi-snapshots"
    """Where population snapshots lie. All replicas must see the same one; nobody else may read it."""
    snapshot_days: int = Field(default=7, ge=1, le=90)
    """How long a population snapshot is kept."""
    superseded_days: int = Field(default=30, ge=0, le=3650)
    """How long the records of a delivery are kept once the next one counts: an objection to what they say, and looking
    again, take 20 working days."""
    batch_limit_bytes: int = Field(default=1_073_741_824, ge=1)
    batch_limit_rows: int = Field(default=5_000_000, ge=1)
    batch_processes: int = Field(default=2, ge=0, le=32)
    """Processes that check delivered files; 0: a thread of the service does, and requests feel it."""
