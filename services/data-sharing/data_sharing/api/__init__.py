"""Who may ask data-sharing for what."""

from data_sharing.api import (
    accesses,
    agreements,
    batches,
    catalogue,
    leads,
    letters,
    papers,
    queries,
    registries,
    verifications,
)

ROUTERS = [
    part.router
    for part in (catalogue, agreements, queries, verifications, letters, papers, leads, accesses, batches, registries)
]
