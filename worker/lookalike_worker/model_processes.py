"""The processes that run models with TensorFlow, one per GPU; restarts those that end."""

import logging
import shutil
import subprocess
import tempfile
import threading
from collections.abc import Sequence
from pathlib import Path

from lookalike.embedding.children import json_process
from lookalike.errors import ModelUnavailable
from lookalike.settings import Settings

logger = logging.getLogger(__name__)

MODULE = "lookalike.embedding.children.model_process"
#: Pause before a process that ended is restarted.
RESTART_PAUSE_S = 2.0
ADVICE = (
    "Install a TensorFlow that can (pip uninstall tensorflow-cpu, then pip install 'tensorflow[and-cuda]' of the same "
    "version) and a driver; or set CUDA_VISIBLE_DEVICES= to embed on the CPU on purpose."
)


class ModelProcesses:
    """Hold the models for all processes of a worker if the runtime is TensorFlow or there is a GPU: the worker's
    processes decode, and send their pixels to the one that has the device."""

    def __init__(self, settings: Settings, gpus: Sequence[str]) -> None:
        self._settings = settings
        self._gpus = tuple(gpus)
        self._stopped = threading.Event()
        self._running: list[subprocess.Popen[str]] = []
        self._folder: Path | None = None
        #: Their sockets; empty if every process of the worker runs its own model.
        self.addresses: tuple[Path, ...] = ()

    def start(self) -> None:
        """Call it before the worker forks. Raises ModelUnavailable if a GPU cannot be used and the runtime is set to
        TensorFlow; if it is `auto`, logs that as critical, and the worker embeds on the CPU."""
        if self._settings.runtime == "openvino" or (self._settings.runtime == "auto" and not self._gpus):
            return
        self._folder = Path(tempfile.mkdtemp(prefix="lookalike-models-"))
        places = self._gpus or (None,)
        addresses = tuple(self._folder / str(number) for number in range(len(places)))
        started = [self._start(address, gpu) for address, gpu in zip(addresses, places, strict=True)]
        self._running = [process for process, _ in started]
        if why := next((why for _, why in started if why), None):
            self.stop()
            self._report_unusable(why)
            return
        self.addresses = addresses
        for place, (address, gpu) in enumerate(zip(addresses, places, strict=True)):
            threading.Thread(target=self._restart_when_ended, args=(place, address, gpu), daemon=True).start()

    def stop(self) -> None:
        self._stopped.set()
        for process in self._running:
            process.kill()
            process.communicate()
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)

    def _report_unusable(self, why: str) -> None:
        what = f"{len(self._gpus)} GPU(s) found that cannot be used: {why}."
        if self._settings.runtime == "tensorflow":
            raise ModelUnavailable(what, ADVICE)
        logger.critical("%s Embedding on the CPU instead, which is many times slower. %s", what, ADVICE)

    def _start(self, address: Path, gpu: str | None) -> tuple["subprocess.Popen[str]", str | None]:
        """The process, and the reason if it cannot use its GPU."""
        address.unlink(missing_ok=True)
        arguments = [str(address), self._settings.precision, str(self._settings.processes), *([gpu] if gpu else [])]
        variables = {"CUDA_VISIBLE_DEVICES": gpu} if gpu else {}
        process, answer = json_process.start(MODULE, *arguments, variables=variables)
        return process, answer["unusable"] if answer else f"its process ended with {process.returncode}"

    def _restart_when_ended(self, place: int, address: Path, gpu: str | None) -> None:
        """Restart the process whenever it ends; the chunks that it had are embedded again."""
        while True:
            ended = self._running[place]
            ended.wait()
            if self._stopped.wait(RESTART_PAUSE_S):
                return
            ended.communicate()
            logger.error("The model process ended with exit code %s; restarting it.", ended.returncode)
            self._running[place], why = self._start(address, gpu)
            if why:
                logger.critical("The model process cannot run: %s.", why)
