"""The programs of every page run in order, as a reader types them, and print what the page shows."""

from pathlib import Path

import pytest

from documentation.snippets.block import blocks, pages
from documentation.snippets.output import differences
from documentation.snippets.session import first_failure, run
from testing.processes import processes
from tests.documentation.scene import LOOKALIKE_HOME, join_cluster, rent_bucket, set_stage

SHOP, SCALE_OUT = "docs/how-to/shop.md", "docs/how-to/scale-out.md"
#: The tests that run in the same process as a page, because they use the same service.
BESIDE = {SHOP: "tests/cli/test_stores.py", SCALE_OUT: "tests/examples/test_cluster.py"}
#: Pages of which something is run. Other pages are groups of their own: any process of the tests may run them.
RUN = [
    pytest.param(page, id=page, marks=pytest.mark.xdist_group(BESIDE.get(page, page)))
    for page in pages()
    if any(block.is_run for block in blocks(page))
]


@pytest.mark.parametrize("page", RUN)
def test_the_programs_of_a_page_print_what_it_shows(
    page: str, tmp_path: Path, model_home: Path, request: pytest.FixtureRequest
) -> None:
    stage = set_stage(tmp_path, model_home, page)
    if page == SHOP:
        rent_bucket(stage.home, request.getfixturevalue("s3_server"))
    elif page == SCALE_OUT:
        join_cluster(stage.home, request.getfixturevalue("redis_url"), request.getfixturevalue("opensearch_url"))
    done = run(blocks(page), stage)
    failed = first_failure(done)
    assert failed is None, f"{failed.step.place}\nexit code {failed.code}\n{failed.printed}"
    assert [each.printed for each in done if "Traceback" in each.printed] == []
    found = [(each, differences(each.step.shown, each.printed, stage)) for each in done if each.step.shown is not None]
    assert "\n\n".join(f"{each.step.place}\n{wrong}" for each, wrong in found if wrong) == ""
    assert processes(stage.home / LOOKALIKE_HOME) == {}
