"""Searches that the query service answers, because LOOKALIKE_API_URL names it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import lookalike
from lookalike import Image as Example
from lookalike import Stored
from lookalike.errors import BadSetting, NotIndexed, QueryRejected
from lookalike.settings import Settings
from tests.api.service import serving
from tests.browser.stage import LABELS


@pytest.fixture(scope="module")
def url(lance: Settings) -> Iterator[str]:
    with serving(lance) as http:
        yield str(http.base_url)


@pytest.fixture
def query_file(drawn: tuple[Path, Path]) -> Path:
    return next((drawn[1] / LABELS[0]).iterdir())


def test_the_service_gives_the_same_results_as_a_local_handle(
    url: str, lance: Settings, query_file: Path, tmp_path: Path
) -> None:
    with lookalike.open(home=lance.home) as here, lookalike.open("images", api_url=url, home=tmp_path) as there:
        with Image.open(query_file) as opened:
            image = opened.convert("RGB")
        for query in (query_file, query_file.read_bytes(), image, np.asarray(image)):
            expected = here.search(query, k=3, filters={"label": LABELS[0]})
            found = there.search(query, k=3, filters={"label": LABELS[0]})
            assert [match.id for match in found] == [match.id for match in expected]
            assert found.model == expected.model and list(found.stages_ms) == list(expected.stages_ms)
            assert np.allclose([match.score for match in found], [match.score for match in expected], atol=1e-3)
        assert list(there.search(query, k=3, filters={"label": LABELS[0]}, exact=True)) == list(found)
        assert list(there.search(uri=found[0].uri, k=2)) == list(there.search(id=found[0].id, k=2))
        examples = [
            Example(query_file, weight=2, region="pct:0,0,90,90"),
            Stored(found[1].id),
            -Stored(found[2].id),
        ]
        for several in (examples, examples[:1], examples[1:]):
            expected, mixed = here.search(several, k=3), there.search(several, k=3)
            assert [match.id for match in mixed] == [match.id for match in expected]
        options: dict[str, Any] = {"sort": "label", "group_by": "label", "min_score": 0.1}
        assert [match.id for match in there.search(query, **options)] == [m.id for m in here.search(query, **options)]
        assert len(there.search(query, k=4, diversity=0.5)) == 4
        assert found._repr_html_().count("data:image/jpeg;base64,") == 3
    assert found._repr_html_().count("cannot be shown") == 3


def test_an_error_of_the_service_is_raised(url: str, tmp_path: Path) -> None:
    with lookalike.open(api_url=url, home=tmp_path) as images:
        with pytest.raises(QueryRejected, match="unsupported"):
            images.search(b"hello")
        with pytest.raises(QueryRejected, match="bad_region"):
            images.search(Example(np.zeros((9, 9), np.uint8), region="9,9,1,1"))
        with pytest.raises(NotIndexed):
            images.search(id="0" * 40)
    for chosen, named in (({"model": "resnet50"}, "model"), ({"index": "other"}, "other")):
        with lookalike.open(api_url=url, home=tmp_path, **chosen) as images, pytest.raises(BadSetting, match=named):
            images.search(b"hello")
