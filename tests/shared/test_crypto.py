"""The blind index of many values is the blind index of each."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.crypto import FieldCipher, KeyRing

CIPHER = FieldCipher(KeyRing(keys={1: b"k" * 16}, current=1, index_key=b"i" * 32))


@pytest.mark.clause("12.1.1")
@given(texts=st.lists(st.text()), field=st.text(min_size=1, max_size=100))
def test_many_indexes_at_once_are_those_of_each(texts: list[str], field: str) -> None:
    assert CIPHER.blind_indexes(texts, field=field) == [CIPHER.blind_index(text, field=field) for text in texts]
