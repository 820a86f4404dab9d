"""The papers that people are asked for, by code: one name each in every service, and what each shows (8.2)."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import yaml


@dataclass(frozen=True, kw_only=True)
class Paper:
    """A paper. `shows`: matters in the words of data-sharing's catalogue, which knows what departments hold."""

    code: str
    title: str
    shows: tuple[str, ...]


def _load(path: Path) -> Mapping[str, Paper]:
    entries = yaml.safe_load(path.read_text(encoding="utf-8"))
    return MappingProxyType(
        {code: Paper(code=code, title=entry["title"], shows=tuple(entry["shows"])) for code, entry in entries.items()}
    )


PAPERS = _load(Path(__file__).with_name("papers.yaml"))
"""Every paper that has a name."""


def paper_title(code: str) -> str:
    """The Chinese name of a paper; for a code that has none, words that fit any."""
    return PAPERS[code].title if code in PAPERS else "有关材料"
