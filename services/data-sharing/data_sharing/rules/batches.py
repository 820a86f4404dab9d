"""Deliveries by file: their states, and why a whole file is refused (12.1.1)."""

from collections.abc import Mapping
from typing import Literal

BatchState = Literal["announced", "received", "loading", "published", "refused"]

REFUSALS: Mapping[str, tuple[str, str]] = {
    "header_missing": ("文件没有列名", "请在 CSV 文件第1行写列名，用 UTF-8 编码保存后重新申报"),
    "columns_missing": ("文件缺少必需的列", "请补齐所列的列后重新申报"),
    "columns_unknown": ("文件有目录以外的列", "请只保留目录中的列后重新申报；没有列名的文件请补上列名"),
    "columns_repeated": ("文件有重复的列", "请删除重复的列后重新申报"),
    "column_type": ("列的数据类型不对", "请改为文本，或目录所列的类型后重新申报"),
    "not_parquet": ("文件不是 Parquet 文件", "请核对格式后重新申报"),
    "unreadable": ("文件无法读取", "请重新导出文件后申报"),
    "row_count_differs": ("行数与清单不符", "请核对文件是否完整，按实际行数重新申报"),
    "older_than_current": ("已有更新的数据", "请提供不早于现行数据日期的文件"),
    "file_lost": ("文件已丢失", "请重新申报并上传"),
}
"""Title and way out, by code."""
