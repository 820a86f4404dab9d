"""The formats in which the ledger is handed out."""

from enum import StrEnum


class ExportFormat(StrEnum):
    """As callers name it."""

    CSV = "csv"
    XLSX = "xlsx"
    BEANCOUNT = "beancount"


MEDIA_TYPES = {
    ExportFormat.CSV: "text/csv; charset=utf-8",
    ExportFormat.XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ExportFormat.BEANCOUNT: "text/plain; charset=utf-8",
}
