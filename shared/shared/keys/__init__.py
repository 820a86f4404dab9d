"""Keys of encrypted fields are changed while their service runs (decision 30).

A `Keeper` reads the key file again and again and takes it over where nothing that stands in the database would be lost.
A new key is written with once every replica has had the time to read it; then a job goes through all encrypted columns
and writes what an older key encrypted again, some rows at a time. A further key of the blind index is laid over what
stands there while the service is down: `python -m shared.keys.laying`.
"""

from shared.keys.columns import EncryptedColumn, IndexedColumn
from shared.keys.keeper import RENEW_JOB, Keeper
from shared.keys.report import KeyReport, router

__all__ = ["RENEW_JOB", "EncryptedColumn", "IndexedColumn", "Keeper", "KeyReport", "router"]
