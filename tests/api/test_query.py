"""What the query service asks an index for."""

import numpy as np

from lookalike.filters import parse_filter
from lookalike.queries.pages import Paging
from lookalike_api.search import Query


def test_every_option_of_a_search_reaches_the_index() -> None:
    vector, filters = np.zeros(2, np.float32), (parse_filter("year>=2020"),)
    asked = Query(Paging(k=3, offset=4), filters, exact=True).asked(vector, 8, "f")
    assert asked.vector is vector
    assert (asked.k, asked.filters, asked.fingerprint, asked.exact) == (8, filters, "f", True)
