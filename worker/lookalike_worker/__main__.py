"""`python -m lookalike_worker`: runs Celery's worker with our flags. Further arguments go to Celery."""

import os
import sys

from lookalike import launch
from lookalike.embedded.redis_server import is_embedded
from lookalike.embedded.starting import await_started
from lookalike.errors import LookalikeError
from lookalike.exit_codes import code_of
from lookalike.extras import requiring
from lookalike.malloc import give_memory_back

#: Gossip and mingle make workers wait for each other, and have stalled some after a reconnect (celery#8030).
DEFAULTS = ["--without-gossip", "--without-mingle", "--loglevel", "INFO"]


def main(arguments: list[str]) -> int:
    give_memory_back()
    try:
        with requiring("lookalike worker", "worker"):
            from lookalike import decoders
            from lookalike.preflight import before_working
            from lookalike_worker.app import app, broker_url, models, settings
            from lookalike_worker.command import run_worker

        if is_embedded(broker_url, settings.home):
            await_started(settings.home)
        before_working(settings, broker_url)
        models.start()
        if models.addresses:
            app.conf.worker_concurrency = decoders.processes(settings, models.gpus)
    except LookalikeError as error:
        print(error, file=sys.stderr)
        return code_of(error)
    try:
        # Celery's banner is for people; its lines do not have the log's format.
        return run_worker(app, [*DEFAULTS, *_name(), *arguments], quiet=settings.log_format == "json")
    finally:
        models.stop()


def _name() -> list[str]:
    """A name of its own: workers of one name count as one wherever workers are listed, also in Flower. It names the
    process, so that a person can find it and stop it."""
    return ["--hostname", f"lookalike-{os.getpid()}@%h"]


if __name__ == "__main__":
    launch.settle("lookalike_worker")
    sys.exit(main(sys.argv[1:]))
