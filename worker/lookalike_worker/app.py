"""Reads the settings and assembles the worker. Run with `python -m lookalike_worker`."""

from lookalike.broker import broker_location
from lookalike.errors import BadSetting
from lookalike.ledger import Ledger
from lookalike.machine import visible_gpus
from lookalike.queue import make_app
from lookalike.settings import Settings, read_settings
from lookalike_worker.consumer import EVENTS_TOGETHER
from lookalike_worker.context import WorkerContext
from lookalike_worker.log_setup import set_up_logging
from lookalike_worker.model_processes import ModelProcesses
from lookalike_worker.stopping import Hurry, stop_in_order
from lookalike_worker.tasks import register
from lookalike_worker.watchdog import start_watchdog


def _broker_url(settings: Settings) -> str:
    url = broker_location(settings)
    if url is None:
        advice = "Set it to your Redis, or let `lookalike up` or `lookalike ingest` start an embedded one."
        raise BadSetting("A worker needs LOOKALIKE_BROKER_URL.", advice)
    return url


settings = read_settings()
set_up_logging(settings)
broker_url = _broker_url(settings)
app = make_app(broker_url, settings.time_limit_s)
app.conf.worker_concurrency = settings.processes
app.conf.worker_consumer = EVENTS_TOGETHER
hurry = Hurry()
stop_in_order(app, hurry)
models = ModelProcesses(settings, visible_gpus())
register(app, lambda: WorkerContext(settings, broker_url, models.addresses, hurry.check), lambda: Ledger(broker_url))
start_watchdog(app, broker_url, settings.stalled_after_s, settings.time_limit_s)
