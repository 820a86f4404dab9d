"""Who may ask data-sharing for what."""

from data_sharing.api import accesses, catalogue, letters, queries, verifications

ROUTERS = [part.router for part in (catalogue, queries, verifications, letters, accesses)]
