"""The worker's entry point: settings are read and the parts are joined here. Run with `celery -A worker.app worker`."""

from lookalike.errors import BadSetting
from lookalike.queue import make_app
from lookalike.settings import Settings, read_settings
from worker.tasks import register
from worker.workbench import Workbench


def _broker_url(settings: Settings) -> str:
    if settings.broker_url is None:
        advice = "Set it to your Redis, or let `lookalike up` or `lookalike ingest` start an embedded one."
        raise BadSetting("A worker needs LOOKALIKE_BROKER_URL.", advice)
    return settings.broker_url.get_secret_value()


settings = read_settings()
app = make_app(_broker_url(settings))
app.conf.worker_concurrency = settings.processes
register(app, lambda: Workbench(settings, _broker_url(settings)))
