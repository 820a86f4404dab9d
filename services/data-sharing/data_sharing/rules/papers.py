"""Which papers nobody may ask a family for, because departments hold what they show (8.2): from the catalogue."""

from collections.abc import Mapping

from data_sharing.rules.catalogue import Catalogue, Field
from shared.papers import PAPERS, Paper

ASKER = "civil_affairs"
"""For whom streets ask: what is closed to civil affairs is not asked for, and does not stand in for a paper."""


def held(catalogue: Catalogue, papers: Mapping[str, Paper] = PAPERS) -> Mapping[str, tuple[Field, ...]]:
    """The papers that show nothing but what stands in data sets, with the fields where it stands.

    A paper that shows one thing more is not among them: the family may be asked for it.
    """
    stands = _where_matters_stand(catalogue)
    return {
        code: tuple(field for matter in paper.shows for field in stands[matter])
        for code, paper in papers.items()
        if all(matter in stands for matter in paper.shows)
    }


def _where_matters_stand(catalogue: Catalogue) -> Mapping[str, list[Field]]:
    """By the fact that a field verifies, and by its path."""
    stands: dict[str, list[Field]] = {}
    for data_set in catalogue.data_sets.values():
        if not data_set.may_be_asked_by(ASKER):
            continue
        for field in data_set.fields.values():
            for matter in {field.path, field.verifies or field.path}:
                stands.setdefault(matter, []).append(field)
    return stands
