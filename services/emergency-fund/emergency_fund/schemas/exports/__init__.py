"""What callers take away of the ledger: CSV, a workbook, a journal for Beancount."""
