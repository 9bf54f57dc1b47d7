"""The worker's entry point: settings are read and the parts are joined here. Run with `python -m worker`."""

from lookalike.broker import broker_location
from lookalike.errors import BadSetting
from lookalike.ledger import Ledger
from lookalike.machine import visible_gpus
from lookalike.queue import make_app
from lookalike.settings import Settings, read_settings
from worker.journal import keep_journal
from worker.model_processes import ModelProcesses
from worker.tasks import register
from worker.transport import drop_what_is_no_message
from worker.upkeep import keep_up
from worker.workbench import Workbench


def _broker_url(settings: Settings) -> str:
    url = broker_location(settings)
    if url is None:
        advice = "Set it to your Redis, or let `lookalike up` or `lookalike ingest` start an embedded one."
        raise BadSetting("A worker needs LOOKALIKE_BROKER_URL.", advice)
    return url


settings = read_settings()
keep_journal(settings)
broker_url = _broker_url(settings)
drop_what_is_no_message()
app = make_app(broker_url, settings.time_limit_s)
app.conf.worker_concurrency = settings.processes
models = ModelProcesses(settings, visible_gpus())
register(app, lambda: Workbench(settings, broker_url, models.addresses), lambda: Ledger(broker_url))
keep_up(app, broker_url, settings.deaf_after_s)
