"""Real services and a filled index, started when the first test needs them and shared by parallel processes."""

import os
import signal
from collections.abc import Generator, Iterator
from pathlib import Path, PurePath
from shutil import copytree
from typing import Any

import pytest
import redis
from hypothesis import HealthCheck
from hypothesis import settings as examples

from lookalike.embedding import build_artifact, load_text, resolve
from lookalike.records import ImageRef
from lookalike.settings import Settings, read_settings
from testing.processes import make_home
from testing.services import ServiceMissing
from testing.services.opensearch import QUICK_START, OpenSearchServer, left_as_found
from testing.services.redis import RedisServer
from testing.services.s3 import S3Proxy, S3Server
from testing.shared import made_once, run_folder
from tests.browser.stage import LABELS, draw, fill
from tests.faults.model import make_model
from tests.stores import use_s3

OPENSEARCH_MISSING = pytest.StashKey[str]()
#: The key under which a worker process of pytest-xdist sends that text to the process that prints the report.
SENT = "opensearch_missing"
#: The image size of `other_model`; the default model has 224.
OTHER_SIZE = 96
LONGEST_ID = 200
#: Folders whose tests share fixtures of the whole folder, such as a browser: one process runs them.
TOGETHER = ("tests/api", "tests/browser", "tests/client", "tests/reading/stores")
#: Folders whose tests share nothing: any process runs any of them.
SINGLY = ("tests/faults",)
#: Tests that take long start first, the longest ones before the others, so that no process is left with one at the end.
FIRST = (
    *("tests/faults", "tests/examples", "tests/operations", "tests/browser", "tests/benchmarks", "tests/packaging"),
    *("tests/worker", "tests/test_end_to_end.py", "tests/test_hosts_away.py", "tests/hostile", "tests/cli"),
    *("tests/embedding", "tests/image_index", "tests/deploy", "tests/api", "tests/index", "tests/reading/stores"),
)


# How long an example takes depends on the machine, and says nothing about our code.
examples.register_profile("any machine", examples.default, deadline=None, suppress_health_check=[HealthCheck.too_slow])
examples.load_profile("any machine")


def pytest_configure(config: pytest.Config) -> None:
    """A shell starts a background command with Ctrl-C ignored, and its children inherit that; tests send it to some."""
    # pytest 9.1 forgets the fixtures of a folder if a file of the folder above is named between two of its files.
    # https://github.com/pytest-dev/pytest/issues/14635
    config.args.sort(key=lambda named: PurePath(named.partition("::")[0]).parts)
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """A short id for a long value: pytest-xdist sends the ids of all tests, and a value may have 64 MB."""
    return f"{argname} of {len(val)}" if isinstance(val, str | bytes) and len(val) > LONGEST_ID else None


@pytest.hookimpl(tryfirst=True)  # before pytest-xdist reads the groups
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Group the tests for `--dist loadgroup`: those of one module run in one process, which makes its fixtures once."""
    for item in items:
        if item.get_closest_marker("xdist_group") is None and (name := _group(item)):
            item.add_marker(pytest.mark.xdist_group(name))
    items.sort(
        key=lambda item: next((n for n, folder in enumerate(FIRST) if item.nodeid.startswith(folder)), len(FIRST))
    )


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Escape lone surrogates in captured output: file names may hold them, and pytest-xdist cannot send them."""
    report = yield
    report.sections = [(name, text.encode("utf-8", "backslashreplace").decode()) for name, text in report.sections]
    return report


def _group(item: pytest.Item) -> str:
    """The tests with the same answer run in one process; "" for a test that runs in any."""
    if os.environ.get("OPENSEARCH_URL") and "opensearch_server" in getattr(item, "fixturenames", ()):
        return "opensearch"  # tests delete indexes and change settings: one at a time on a server that they share
    module = item.nodeid.partition("::")[0]
    if module.startswith(SINGLY):
        return ""
    return next((folder for folder in TOGETHER if module.startswith(folder + "/")), module)


@pytest.fixture(scope="session")
def shared_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that all processes of this test run share."""
    return run_folder(tmp_path_factory.getbasetemp())


@pytest.fixture(scope="session")
def redis_server() -> Iterator[RedisServer]:
    """A Redis that tests may kill; the next test finds it running again."""
    with RedisServer() as server:
        yield server


@pytest.fixture
def redis_url(redis_server: RedisServer) -> str:
    """The URL of an empty Redis."""
    redis_server.revive()
    with redis.Redis.from_url(redis_server.url) as client:
        client.flushall()
    return redis_server.url


@pytest.fixture(scope="session")
def s3_server() -> Iterator[S3Server]:
    with S3Server() as server:
        yield server


@pytest.fixture
def s3(s3_server: S3Server, monkeypatch: pytest.MonkeyPatch) -> S3Server:
    """An empty S3, which this process and its children use."""
    s3_server.empty()
    use_s3(monkeypatch, s3_server.url)
    return s3_server


@pytest.fixture
def s3_proxy(s3: S3Server, monkeypatch: pytest.MonkeyPatch) -> Iterator[S3Proxy]:
    """A proxy before that S3, which this process and its children use in its place."""
    with S3Proxy(s3.url) as proxy:
        use_s3(monkeypatch, proxy.url)
        yield proxy


@pytest.fixture(scope="session")
def model_home(shared_folder: Path) -> Path:
    """A LOOKALIKE_HOME with the default model, built once per test run."""
    return made_once(shared_folder / "model-home", lambda home: build_artifact(resolve("efficientnet-lite0"), home))


@pytest.fixture(scope="session")
def other_model(shared_folder: Path, model_home: Path) -> Path:
    """A `.keras` file of another model, for images of OTHER_SIZE, also built in `model_home`, once per test run."""

    def make(folder: Path) -> None:
        folder.mkdir()
        make_model(folder, OTHER_SIZE)
        copytree(folder / "models", model_home / "models", dirs_exist_ok=True)

    return made_once(shared_folder / "other-model", make) / "tiny.keras"


@pytest.fixture(scope="session")
def text_pair(shared_folder: Path) -> Path:
    """A folder with a pair of encoders, trained on drawings of the demo's classes and their captions. In the folder
    `home` beside it, both are built."""

    def make(folder: Path) -> None:
        # It loads OpenVINO.
        from testing.text_pair.training import drawings, write_pair

        spec = resolve(str(write_pair(folder / "pair", drawings())))
        load_text(spec, build_artifact(spec, folder / "home").identity, home=folder / "home")

    return made_once(shared_folder / "text-pair", make) / "pair"


@pytest.fixture(scope="module")
def text_home(text_pair: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A LOOKALIKE_HOME with the built pair."""
    return make_home(tmp_path_factory.mktemp("texts"), text_pair.parent / "home")


@pytest.fixture(scope="session")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Folders of stored images and of queries, one folder per label; one stored file is not an image."""
    images, queries = draw(tmp_path_factory.mktemp("drawn"))
    (images / LABELS[0] / "text.jpg").write_text("not an image")
    return images, queries


@pytest.fixture(scope="session")
def stored(drawn: tuple[Path, Path]) -> list[ImageRef]:
    """The images in the index."""
    images = sorted(path for path in drawn[0].rglob("*") if path.is_file() and path.name != "text.jpg")
    return [ImageRef(str(path), path.parent.name) for path in images]


@pytest.fixture(scope="session")
def query(drawn: tuple[Path, Path]) -> bytes:
    """An encoded image that is not stored."""
    return next((drawn[1] / LABELS[0]).iterdir()).read_bytes()


@pytest.fixture(scope="session")
def broker_url() -> Iterator[str]:
    with RedisServer() as server:
        yield server.url


@pytest.fixture(scope="session")
def lance(
    tmp_path_factory: pytest.TempPathFactory, model_home: Path, broker_url: str, drawn: tuple[Path, Path]
) -> Settings:
    """The settings of a filled LanceDB index."""
    home = make_home(tmp_path_factory.mktemp("filled"), model_home)
    settings = read_settings(home=home, broker_url=broker_url, roots=(drawn[0],))
    fill(settings, broker_url, drawn[0])
    return settings


@pytest.fixture(scope="session")
def opensearch_server(pytestconfig: pytest.Config) -> Iterator[OpenSearchServer]:
    """An OpenSearch for this process; tests may kill it if it `is_ours`. Without one, tests skip, or fail in CI."""
    server = OpenSearchServer(java_options=QUICK_START)
    try:
        server.start()
    except ServiceMissing as missing:
        if os.environ.get("CI") or os.environ.get("LOOKALIKE_REQUIRE_SERVICES"):
            pytest.fail(f"OpenSearch is required here: {missing}", pytrace=False)
        pytestconfig.stash[OPENSEARCH_MISSING] = str(missing)
        pytest.skip(f"no OpenSearch: {missing}")
    yield server
    server.stop()


@pytest.fixture
def opensearch_url(opensearch_server: OpenSearchServer) -> Iterator[str]:
    """The URL of an OpenSearch; every index that appears during the test is deleted after it."""
    with left_as_found(opensearch_server) as url:
        yield url


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Under pytest-xdist, tell the process that prints the report."""
    if output := getattr(session.config, "workeroutput", None):
        output[SENT] = session.config.stash.get(OPENSEARCH_MISSING, "")


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """A worker process of pytest-xdist has ended."""
    if reason := getattr(node, "workeroutput", {}).get(SENT):
        node.config.stash[OPENSEARCH_MISSING] = reason


def pytest_unconfigure(config: pytest.Config) -> None:
    """Print the reason in the last line, because a skip in the middle of a run is easy to miss."""
    reason = config.stash.get(OPENSEARCH_MISSING, "")
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    if reason and reporter:
        reporter.write_line(f"OpenSearch tests skipped: {' '.join(reason.split())}")
