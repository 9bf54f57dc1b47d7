"""The processes that hold the models where TensorFlow runs them: one a GPU, kept running; knows no job."""

import json
import logging
import shutil
import subprocess
import tempfile
import threading
from collections.abc import Sequence
from pathlib import Path

from lookalike import launch
from lookalike.errors import ModelUnavailable
from lookalike.settings import Settings

logger = logging.getLogger(__name__)

MODULE = "lookalike.embedding.children.model_process"
#: One that ends is started again, but not faster than this.
PAUSE_S = 2.0
ADVICE = (
    "Install a TensorFlow that can (pip uninstall tensorflow-cpu, then pip install 'tensorflow[and-cuda]' of the same "
    "version) and a driver; or set CUDA_VISIBLE_DEVICES= to embed on the CPU on purpose."
)


class ModelProcesses:
    """Where `runtime` says so, or a GPU is there, models are not loaded by each process of the worker but by these:
    the many decode, and feed the one that has the device."""

    def __init__(self, settings: Settings, gpus: Sequence[str]) -> None:
        self._settings = settings
        self._gpus = tuple(gpus)
        self._over = threading.Event()
        self._running: list[subprocess.Popen[str]] = []
        self._folder: Path | None = None
        #: Where each of them listens; none where every process of the worker runs its own model.
        self.addresses: tuple[Path, ...] = ()

    def start(self) -> None:
        """Before the worker forks. Raises ModelUnavailable for a GPU that cannot be used, if TensorFlow was asked for;
        if it was not, that is said as loudly as a log can, and the CPU does the work."""
        if self._settings.runtime == "openvino" or (self._settings.runtime == "auto" and not self._gpus):
            return
        self._folder = Path(tempfile.mkdtemp(prefix="lookalike-models-"))
        places = self._gpus or (None,)
        addresses = tuple(self._folder / str(number) for number in range(len(places)))
        started = [self._start(address, gpu) for address, gpu in zip(addresses, places, strict=True)]
        self._running = [process for process, _ in started]
        if why := next((why for _, why in started if why), None):
            self.stop()
            self._complain(why)
            return
        self.addresses = addresses
        for place, (address, gpu) in enumerate(zip(addresses, places, strict=True)):
            threading.Thread(target=self._keep, args=(place, address, gpu), daemon=True).start()

    def stop(self) -> None:
        self._over.set()
        for process in self._running:
            process.kill()
            process.communicate()
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)

    def _complain(self, why: str) -> None:
        what = f"{len(self._gpus)} GPU(s) are here and cannot be used: {why}."
        if self._settings.runtime == "tensorflow":
            raise ModelUnavailable(what, ADVICE)
        logger.critical("%s Images are embedded on the CPU, many times slower. %s", what, ADVICE)

    def _start(self, address: Path, gpu: str | None) -> tuple["subprocess.Popen[str]", str | None]:
        """The process, and why it cannot use its GPU, if so."""
        address.unlink(missing_ok=True)
        arguments = [str(address), self._settings.precision, str(self._settings.processes)]
        command = launch.command(MODULE, *arguments, *([gpu] if gpu else []))
        environment = launch.environment(**({"CUDA_VISIBLE_DEVICES": gpu} if gpu else {}))
        process = subprocess.Popen(
            command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, start_new_session=True
        )
        assert process.stdout is not None
        line = process.stdout.readline()
        return process, json.loads(line)["unusable"] if line else f"its process ended with {process.wait()}"

    def _keep(self, place: int, address: Path, gpu: str | None) -> None:
        """Start it again whenever it ends; chunks that were with it are embedded again."""
        while True:
            ended = self._running[place]
            ended.wait()
            if self._over.wait(PAUSE_S):
                return
            ended.communicate()
            logger.error("The process with the models ended with %s; it is started again.", ended.returncode)
            self._running[place], why = self._start(address, gpu)
            if why:
                logger.critical("It cannot work: %s.", why)
