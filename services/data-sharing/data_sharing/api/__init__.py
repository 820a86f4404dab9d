"""Who may ask data-sharing for what."""

from data_sharing.api import (
    accesses,
    agreements,
    batches,
    catalogue,
    comparisons,
    leads,
    letters,
    papers,
    queries,
    registries,
    snapshots,
    verifications,
)

_PARTS = (
    catalogue,
    agreements,
    queries,
    verifications,
    letters,
    papers,
    leads,
    accesses,
    batches,
    registries,
    comparisons,
    snapshots,
)
ROUTERS = [part.router for part in _PARTS]
