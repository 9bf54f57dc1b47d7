"""What the query service asks an index for."""

import numpy as np

from lookalike.filters import parse_filter
from lookalike_api.search import Query


def test_every_option_of_a_search_reaches_the_index() -> None:
    vector, filters = np.zeros(2, np.float32), (parse_filter("year>=2020"),)
    asked = Query(k=3, offset=4, min_score=0.5, filters=filters, exact=True, leave_out=frozenset("a")).asked(
        vector, "f"
    )
    assert asked.vector is vector
    assert (asked.k, asked.filters, asked.fingerprint, asked.exact) == (8, filters, "f", True)
