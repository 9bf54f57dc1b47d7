"""An index changes its model while it is searched: reembed, promote and rollback with real workers."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, nullcontext
from pathlib import Path
from typing import Any

import pytest
import typer

from lookalike import embedding, factories
from lookalike.errors import IndexMissing, LookalikeError, ModelMismatch, SourceMissing
from lookalike.metadata import field_type
from lookalike.records import Match, document_id
from lookalike.samples import draw_samples
from lookalike.settings import Settings, read_settings
from lookalike_api.search import Searcher
from lookalike_api.wiring import open_searcher
from lookalike_cli.failed import list_all as list_failed
from lookalike_cli.failed import retry as retry_failed
from lookalike_cli.ingest import ingest
from lookalike_cli.promotion import promote, roll_back
from lookalike_cli.reembed import reembed
from testing.processes import await_true
from tests.faults.model import PREPROCESSING

Printed = Callable[..., dict[str, Any]]
K = 3


@pytest.fixture
def tiny(other_model: Path) -> dict[str, str]:
    """The options of another model with the same dimension as the default one."""
    return {"model": str(other_model), "preprocessing": PREPROCESSING}


@pytest.fixture
def images(tmp_path: Path) -> Path:
    folder = tmp_path / "images"
    draw_samples(folder, per_class=1, seed=5)
    return folder


@pytest.fixture
def settings(environment: dict[str, str]) -> Settings:
    return read_settings(
        home=environment["LOOKALIKE_HOME"],
        index=environment["LOOKALIKE_INDEX"],
        index_url=environment.get("LOOKALIKE_INDEX_URL"),
    )


class Loop(threading.Thread):
    """Searches for one stored image again and again."""

    def __init__(self, searcher: Searcher, data: bytes) -> None:
        super().__init__()
        self.answers: list[list[Match]] = []
        self.errors: list[LookalikeError] = []
        self._searcher, self._data = searcher, data
        self._over = threading.Event()

    def run(self) -> None:
        while not self._over.wait(0.1):
            try:
                self.answers.append(self._searcher.like_image(self._data, K))
            except LookalikeError as error:
                self.errors.append(error)

    def end(self) -> None:
        self._over.set()
        self.join()


@contextmanager
def searching(settings: Settings, image: Path) -> Iterator[Loop]:
    loop = Loop(open_searcher(settings), image.read_bytes())
    loop.start()
    try:
        yield loop
    finally:
        loop.end()


def scores(matches: list[Match]) -> list[float]:
    return [round(match.score, 3) for match in matches]


@pytest.fixture
def printed(
    environment: dict[str, str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Printed:
    """Call a command in this process and return the JSON object that it prints."""
    for name, value in environment.items():
        monkeypatch.setenv(name, value)

    def call(command: Callable[..., None], *arguments: Any, code: int = 0, **options: Any) -> dict[str, Any]:
        with nullcontext() if code == 0 else pytest.raises(typer.Exit) as ended:
            command(*arguments, **options, json=True)
        assert ended is None or ended.value.exit_code == code
        last: dict[str, Any] = json.loads(capsys.readouterr().out.splitlines()[-1])
        return last

    return call


def test_an_index_changes_its_model_and_back_while_it_is_searched(
    printed: Printed, settings: Settings, images: Path, tiny: dict[str, str]
) -> None:
    name = settings.index
    (images / "zero.jpg").touch()
    first = printed(ingest, [str(images)])
    found = first["indexed"]
    image, gone = sorted(path for path in images.rglob("*") if path.is_file())[:2]
    with searching(settings, image) as loop:
        before = await_true(lambda: loop.answers and scores(loop.answers[-1]))
        done = printed(reembed, **tiny)
        assert (done["found"], done["indexed"], done["index"], done["alias"]) == (found, found, f"{name}-v2", name)
        assert scores(loop.answers[-1]) == before

        assert printed(promote, index=name)["physical"] == f"{name}-v2"
        after = await_true(lambda: scores(loop.answers[-1]) != before and scores(loop.answers[-1]))
        plain = printed(ingest, [str(image)])
        assert (plain["model"], plain["unchanged"]) == (done["model"], 1)
        with pytest.raises(ModelMismatch) as refused:
            printed(ingest, [str(images)], model="efficientnet-lite0")
        assert all(part in str(refused.value) for part in ("tiny", "efficientnet-lite0", "LOOKALIKE_MODEL"))

        assert printed(roll_back, index=name)["physical"] == f"{name}-v1"
        await_true(lambda: scores(loop.answers[-1]) == before)
    assert loop.errors == []
    assert {tuple(scores(matches)) for matches in loop.answers} == {tuple(before), tuple(after)}
    assert {(matches[0].uri, round(matches[0].score, 2)) for matches in loop.answers} == {(str(image), 1.0)}

    gone.unlink()
    with closing(factories.open_index(settings)) as index:
        # The version that is filled further gets what was declared meanwhile.
        index.declare({"taken": field_type("date")})
        index.delete([document_id(str(image))])
    again = printed(reembed, **tiny)
    assert (again["index"], again["found"], again["indexed"], again["unchanged"], again["rejected"]) == (
        *(f"{name}-v2", found - 1, 0),
        *(found - 2, 1),
    )
    rejected = printed(list_failed, again["job"])["failed"]
    assert [(item["uri"], item["reason"]) for item in rejected] == [(str(gone), "not_found")]
    with closing(factories.open_index(settings, f"{name}-v2")) as version:
        assert version.count() == found - 1, "what was deleted from the index stays in its new version"
        assert version.fields() == {"taken": field_type("date")}

    printed(promote, index=name)
    (rejection,) = printed(list_failed, first["job"])["failed"]
    assert (Path(rejection["uri"]).name, rejection["job"]) == ("zero.jpg", first["job"]), "it followed the name"
    retried = printed(retry_failed, first["job"], code=1)
    assert (retried["index"], retried["model"], retried["rejected"]) == (name, done["model"], 1)


def test_the_same_model_leaves_nothing_to_do(printed: Printed, settings: Settings) -> None:
    with closing(factories.open_index(settings)) as index:
        index.ensure(embedding.identify(factories.model_spec(settings), settings.home))
    assert printed(reembed, "efficientnet-lite0")["job"] is None


def test_a_missing_or_empty_index_cannot_be_reembedded(
    printed: Printed, settings: Settings, tiny: dict[str, str]
) -> None:
    with pytest.raises(IndexMissing, match=settings.index):
        printed(reembed, **tiny)
    with closing(factories.open_index(settings)) as index:
        index.ensure(embedding.identify(factories.model_spec(settings), settings.home))
        with pytest.raises(SourceMissing, match="empty"):
            printed(reembed, **tiny)
    assert [info.version for info in factories.list_indexes(settings) if info.name == settings.index] == [
        f"{settings.index}-v1"
    ]
