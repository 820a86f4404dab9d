"""The blind index of many values is the blind index of each, under one key and under several."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.crypto import FieldCipher, KeyRing, laid_over


def cipher(*index_keys: bytes) -> FieldCipher:
    return FieldCipher(KeyRing(keys={1: b"k" * 16}, current=1, index_keys=index_keys))


INDEX_KEYS = st.lists(st.binary(min_size=32, max_size=32), min_size=1, max_size=3, unique=True)


@pytest.mark.clause("12.1.1")
@given(texts=st.lists(st.text()), field=st.text(min_size=1, max_size=100), keys=INDEX_KEYS)
def test_many_indexes_at_once_are_those_of_each(texts: list[str], field: str, keys: list[bytes]) -> None:
    of = cipher(*keys)
    assert of.blind_indexes(texts, field=field) == [of.blind_index(text, field=field) for text in texts]


@pytest.mark.clause("12.1.2")
@given(texts=st.lists(st.text(), unique=True), keys=INDEX_KEYS)
def test_what_is_laid_over_an_index_is_the_index_under_all_keys(texts: list[str], keys: list[bytes]) -> None:
    before = cipher(keys[0]).blind_indexes(texts, field="person.identity_number")
    laid = laid_over(before, keys[1:])
    assert laid == cipher(*keys).blind_indexes(texts, field="person.identity_number")
    assert len({*laid}) == len(texts), "equal ones stay equal, and no others become so"
