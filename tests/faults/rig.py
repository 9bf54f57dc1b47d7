"""A rig: Redis, an index, a proxy in front of each, supervised workers and a producer. Scenarios break it.

It uses an object store behind one more proxy; a scenario that needs one puts a server there (`store.behind`).
"""

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

import redis

from lookalike.errors import BrokerUnavailable
from lookalike.queue import make_app
from lookalike.workers import consuming_workers
from testing.processes import await_true
from testing.proxy import Proxy
from testing.services.opensearch import OpenSearchServer
from testing.services.process_guard import guarded
from testing.services.redis import RedisServer
from testing.services.s3 import S3Proxy, variables
from testing.workers import Workers
from tests.faults.broker import Broker
from tests.faults.busy_proxy import BusyProxy
from tests.faults.images import Source
from tests.faults.invariants import Findings, Reference, examine
from tests.faults.model import PREPROCESSING
from tests.faults.pace import Pace
from tests.faults.recovery import Watch, WorkState

PATCHES = Path(__file__).parent / "patches"
#: How often the same ingest is run again after it gave up, as a user does.
MOST_RUNS = 6
#: How much longer an image takes to decode, so that every fault hits work: about 50 images per second and process.
DECODE_S = 0.02
CHUNK_SIZE = 16
TIME_LIMIT_S = 20
#: How long to wait for an answer of the workers, before the next try.
ANSWER_TIMEOUT_S = 0.5
STALLED_AFTER_S = 60.0
#: Leases, grace and backoff of the product add up to a minute and a half at worst.
END_TIMEOUT_S = 180.0
#: For hosts and stores that ask to wait, and so say how fast the work is.
PATIENT_TIMEOUT_S = 1200.0
#: Longer than any outage of a scenario, however slow the machine is.
HOST_WAIT_S = 1200
#: The messages of an ingest that gave up; the user then runs it again.
GAVE_UP = ("is not available", "Run the same command again")


@dataclass(frozen=True)
class Place:
    """What the rigs of one test run share."""

    opensearch: OpenSearchServer
    #: The folder of the built model.
    model_home: Path
    model: Path
    pace: Pace


@dataclass
class Rig:
    """The services and workers of an ingest, in one folder. `settings` and `patches` are for all its processes."""

    place: Place
    folder: Path
    index: str
    patches: tuple[str, ...] = ()
    settings: Mapping[str, object] = field(default_factory=dict)
    workers_count: int = 2
    concurrency: int = 2
    decode_s: float = DECODE_S
    #: How often an ingest was started.
    runs: int = 0
    #: Fault -> how often it was injected.
    injected: Counter[str] = field(default_factory=Counter)

    def __enter__(self) -> Self:
        self.folder.mkdir(parents=True)
        home = self.folder / "home"
        home.mkdir()
        (home / "models").symlink_to(self.place.model_home / "models")
        with ExitStack() as stack:
            self.redis = stack.enter_context(RedisServer())
            self.broker = Broker(self.redis.url)
            stack.callback(self.broker.close)
            self.busy_proxy = stack.enter_context(BusyProxy(self.place.opensearch.url))
            self.to_redis = stack.enter_context(Proxy("127.0.0.1", urlsplit(self.redis.url).port or 0))
            self.to_index = stack.enter_context(Proxy("127.0.0.1", self.busy_proxy.port))
            self.store = stack.enter_context(S3Proxy())
            self.watch = stack.enter_context(Watch(self.redis.url, CHUNK_SIZE))
            self.environment = self._base_environment = self._environment(home)
            self.app = make_app(self.redis.url, int(self.environment["LOOKALIKE_TIME_LIMIT_S"]))
            stack.callback(self.app.close)
            self.workers = stack.enter_context(
                Workers(self.environment, self.folder, self.workers_count, self.concurrency)
            )
            self._producers: list[Producer] = []
            stack.callback(self._end_producers)
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def begin(self, index: str, settings: Mapping[str, object]) -> None:
        """Continue with another index: from now on only jobs for it count. `settings` are only for its producers."""
        self.index = self.broker.index = index
        self.environment = {**self._base_environment, **_variables({**settings, "index": index})}
        self.runs = 0
        self.injected = Counter()
        self.watch.forget()

    @property
    def index_url(self) -> str:
        """The direct URL, without a proxy."""
        return self.place.opensearch.url

    def ingest(self, source: Source) -> "Producer":
        """Start `lookalike ingest`; it ends with the rig at the latest."""
        self.runs += 1
        producer = Producer(self.environment, self.folder, source, self.runs)
        self._producers.append(producer)
        return producer

    def complete(self, producer: "Producer", timeout_s: float = END_TIMEOUT_S) -> dict[str, Any]:
        """Wait for the end of an ingest and of all jobs; an ingest that gave up runs again. Returns its summary."""
        for _ in range(MOST_RUNS):
            if producer.wait(timeout_s) == 0:
                break
            message = producer.errors()
            assert any(words in message for words in GAVE_UP), message
            producer = self.ingest(producer.source)
        else:
            raise AssertionError(f"{MOST_RUNS} ingests gave up: {producer.errors()}")
        await_true(lambda: not self.broker.active_jobs(), END_TIMEOUT_S)
        return producer.summary()

    def continues_for(self, producer: "Producer", images: int) -> bool:
        """True once this many more images are done; False if the ingest ends before."""
        wanted = self.done() + images
        await_true(lambda: self.done() >= wanted or not producer.is_running(), END_TIMEOUT_S)
        return self.done() >= wanted

    def done(self) -> int:
        """How many images are done; 0 while Redis is away."""
        try:
            return self.broker.done()
        except redis.RedisError:
            return 0

    def inject(self, fault: str, action: Callable[[], object]) -> None:
        """Call `action` while chunks are in work. When it returns, work can continue, and the recovery is measured.

        If no work is left, nothing is done or counted.
        """
        await_true(lambda: self.broker.held() or not self.broker.outstanding(), END_TIMEOUT_S)
        before = self.watch.before()
        if not before.held:
            return
        began = time.monotonic()
        action()
        self.watch.exclude(time.monotonic() - began)
        self.injected[fault] += 1
        self.watch.begin_recovery(before)

    def only_waits(self) -> bool:
        """Whether all references are known, and all chunks that are not closed wait for the hosts of their images."""
        states = {self.broker.job(job).get("state") for job in self.broker.active_jobs()}
        return states == {"draining"} and len(self.broker.outstanding()) == self.broker.aside() > 0

    def host_is_back(self) -> None:
        """Images that wait can continue, and the recovery is measured."""
        self.watch.begin_recovery(WorkState(frozenset(), self.done()))

    def stalled(self) -> tuple[str, ...]:
        """The workers that do not consume messages after they had time to restart."""
        deadline = time.monotonic() + STALLED_AFTER_S
        while True:
            missing = tuple(sorted(set(self.workers.names) - self._consuming()))
            if not missing and self.broker.listeners() >= len(self.workers.names):
                return ()
            if time.monotonic() > deadline:
                return missing or (f"only {self.broker.listeners()} connections wait for messages",)
            time.sleep(0.5)

    def _consuming(self) -> set[str]:
        try:
            return {name.partition("@")[0] for name in consuming_workers(self.app, ANSWER_TIMEOUT_S)}
        except BrokerUnavailable:  # the connection is older than a restart of Redis: the next one is new
            return set()

    def examine(self, source: Source, reference: Reference | None) -> Findings:
        """Check all invariants after every worker consumes messages again."""
        return examine(source, self.broker, self.index_url, self.index, reference, self.stalled())

    def product_environment(self) -> dict[str, str]:
        """The LOOKALIKE_ variables with which a process joins this rig."""
        return {name: value for name, value in self.environment.items() if name.startswith("LOOKALIKE_")}

    def _end_producers(self) -> None:
        for producer in self._producers:
            producer.kill()

    def _environment(self, home: Path) -> dict[str, str]:
        chosen = {
            "home": home,
            "broker_url": f"redis://127.0.0.1:{self.to_redis.port}/0",
            "index_url": f"http://127.0.0.1:{self.to_index.port}",
            "index": self.index,
            "model": self.place.model,
            "preprocessing": PREPROCESSING,
            "precision": "f32",
            "chunk_size": CHUNK_SIZE,
            "time_limit_s": TIME_LIMIT_S,
            "host_wait_s": HOST_WAIT_S,
            "roots": '["/", "127.0.0.0/8", "s3://"]',
            **self.settings,
        }
        patches = {
            "LOOKALIKE_KEEP_ENV": "PYTHONPATH,FAULT_*",
            "PYTHONPATH": str(PATCHES),
            "FAULT_PATCHES": ",".join(("slow", *self.place.pace.patches, *self.patches)),
            "FAULT_DECODE_S": str(self.decode_s),
        }
        return {**os.environ, **variables(self.store.url), **_variables(chosen), **patches}


def _variables(settings: Mapping[str, object]) -> dict[str, str]:
    return {f"LOOKALIKE_{name.upper()}": str(value) for name, value in settings.items()}


class Producer:
    """One `lookalike ingest SOURCE --json` as a process."""

    def __init__(self, environment: Mapping[str, str], folder: Path, source: Source, number: int) -> None:
        self.source = source
        self._stdout = folder / f"ingest{number}.json"
        self._stderr = folder / f"ingest{number}.log"
        command = guarded(
            [
                sys.executable,
                "-P",
                "-m",
                "lookalike_cli",
                "ingest",
                source.address or str(source.folder),
                *source.options,
                "--json",
            ]
        )
        with self._stdout.open("wb") as stdout, self._stderr.open("wb") as stderr:
            self._process = subprocess.Popen(
                command, env=dict(environment), cwd=folder, stdout=stdout, stderr=stderr, stdin=subprocess.DEVNULL
            )

    def wait(self, timeout_s: float = END_TIMEOUT_S) -> int:
        return self._process.wait(timeout_s)

    def is_running(self) -> bool:
        return self._process.poll() is None

    def interrupt(self) -> None:
        """Ctrl-C."""
        self._process.send_signal(signal.SIGINT)

    def kill(self) -> None:
        """SIGKILL, like a power failure."""
        self._process.kill()
        self._process.wait()

    def errors(self) -> str:
        return self._stderr.read_text(errors="replace")

    def summary(self) -> dict[str, Any]:
        """The JSON in its last line."""
        summary: dict[str, Any] = json.loads(self._stdout.read_text().splitlines()[-1])
        return summary
