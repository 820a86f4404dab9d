"""No service asks for a paper that departments' data stand in for (8.2), and all call papers by one name."""

import pytest

from data_sharing.rules.catalogue import load_packed
from data_sharing.rules.papers import held
from eligibility.rules import TOOLBOOK
from shared.papers import PAPERS

HELD = held(load_packed())
MATERIALS = [(policy.id, paper) for policy in TOOLBOOK.policies for paper in policy.materials]


@pytest.mark.clause("8.2")
@pytest.mark.parametrize(("policy", "paper"), MATERIALS, ids=[f"{policy}-{paper}" for policy, paper in MATERIALS])
def test_no_policy_asks_for_what_a_department_holds(policy: str, paper: str) -> None:
    assert paper in PAPERS, f"{policy} asks for a paper without a name"
    assert paper not in HELD, f"{policy} asks for what stands in {[field.path for field in HELD[paper]]}"


@pytest.mark.clause("8.2", "8.4")
def test_one_certificate_and_two_signatures_go_with_every_application() -> None:
    assert not {"identity_card", "household_book", "authorisation", "commitment"} & HELD.keys()


def test_papers_have_each_a_name_of_their_own_and_show_something() -> None:
    titles = [paper.title for paper in PAPERS.values()]
    assert len(titles) == len(set(titles))
    assert all(paper.shows for paper in PAPERS.values())


def test_what_a_paper_shows_is_spelt_as_in_the_catalogue_or_stands_nowhere() -> None:
    """A word with a full stop is the catalogue's: a slip of the pen would let the paper be asked for."""
    known = {
        matter
        for data_set in load_packed().data_sets.values()
        for field in data_set.fields.values()
        for matter in (field.path, field.verifies)
    }
    named = {matter for paper in PAPERS.values() for matter in paper.shows if "." in matter}
    assert named <= known, sorted(named - known)
