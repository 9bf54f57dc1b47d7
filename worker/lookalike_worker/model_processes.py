"""The processes that run models with JAX or TensorFlow, one per GPU; restarts those that end."""

import logging
import shutil
import subprocess
import tempfile
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from lookalike.embedding.children import json_process
from lookalike.embedding.runtimes import gpu
from lookalike.errors import ModelUnavailable
from lookalike.extras import check_installed
from lookalike.settings import Settings

logger = logging.getLogger(__name__)

MODULE = "lookalike.embedding.children.model_process"
#: Pauses before a process that ended is restarted: the first, and the longest after starts that failed.
RESTART_PAUSE_S = 2.0
MAX_RESTART_PAUSE_S = 30.0
#: A start that takes longer hangs; a runtime takes a while to load on a busy machine.
START_S = 180.0


class ModelProcesses:
    """Hold the models for all processes of a worker if there is a GPU, or if the runtime is JAX or TensorFlow: the
    worker's processes decode, and send their pixels to the one that has the device."""

    def __init__(self, settings: Settings, gpus: Sequence[str]) -> None:
        self._settings = settings
        self.gpus = tuple(gpus)
        self._runtime = gpu.runtime(settings.runtime)
        self._stopped = threading.Event()
        self._running: list[subprocess.Popen[str]] = []
        self._folder: Path | None = None
        #: Their sockets; empty if every process of the worker runs its own model.
        self.addresses: tuple[Path, ...] = ()

    def start(self) -> None:
        """Call it before the worker forks. Raises ModelUnavailable if a GPU cannot be used and the runtime is set; if
        it is `auto`, logs that as critical, and the worker embeds on the CPU. Raises MissingExtra."""
        if self._settings.runtime == "openvino" or (self._settings.runtime == "auto" and not self.gpus):
            return
        if self._settings.runtime != "auto":
            extra = "gpu" if self._runtime == "jax" else "worker"
            check_installed(self._runtime, needed_by=f"LOOKALIKE_RUNTIME={self._runtime}", extra=extra)
        self._folder = Path(tempfile.mkdtemp(prefix="lookalike-models-"))
        places = self.gpus or (None,)
        addresses = tuple(self._folder / str(number) for number in range(len(places)))
        # Side by side: each loads its libraries for seconds.
        with ThreadPoolExecutor(len(places)) as threads:
            started = list(threads.map(self._start, addresses, places))
        self._running = [process for process, _ in started if process]
        if why := next((why for _, why in started if why), None):
            self.stop()
            self._report_unusable(why)
            return
        self.addresses = addresses
        for place, (address, card) in enumerate(zip(addresses, places, strict=True)):
            threading.Thread(target=self._restart_when_ended, args=(place, address, card), daemon=True).start()

    def stop(self) -> None:
        self._stopped.set()
        for process in self._running:
            json_process.kill(process)
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)

    def _report_unusable(self, why: str) -> None:
        if not self.gpus:
            advice = f"Reinstall {self._runtime}, or unset LOOKALIKE_RUNTIME."
            raise ModelUnavailable(f"The process that runs models cannot start: {why}.", advice)
        what = f"{len(self.gpus)} GPU(s) found that cannot be used: {why}."
        if self._settings.runtime != "auto":
            raise ModelUnavailable(what, gpu.advice())
        logger.critical("%s Embedding on the CPU instead, which is many times slower. %s", what, gpu.advice())

    def _start(self, address: Path, card: str | None) -> tuple["subprocess.Popen[str] | None", str | None]:
        """The process, or the reason if it cannot use its GPU."""
        address.unlink(missing_ok=True)
        settings = self._settings
        numbers = [str(settings.processes), str(settings.device_limit_s)]
        arguments = [str(address), str(settings.home), self._runtime, settings.precision, *numbers]
        arguments.append("gpu" if settings.gpu_decoding else "cpu")
        variables = {}
        if card is not None:
            arguments.append(card)
            variables["CUDA_VISIBLE_DEVICES"] = card
        try:
            process, answer = json_process.start(MODULE, *arguments, variables=variables, timeout_s=START_S)
        except json_process.ChildFailed as failed:
            return None, failed.why
        if answer["unusable"]:
            process.communicate()
            return None, answer["unusable"]
        return process, None

    def _restart_when_ended(self, place: int, address: Path, card: str | None) -> None:
        """Restart the process whenever it ends; the chunks that it had are embedded again."""
        while True:
            ended = self._running[place]
            ended.wait()
            if self._stopped.is_set():
                return
            ended.communicate()
            logger.error("The model process ended with exit code %s; restarting it.", ended.returncode)
            process = self._restarted(address, card)
            if process is None:
                return
            self._running[place] = process

    def _restarted(self, address: Path, card: str | None) -> "subprocess.Popen[str] | None":
        """The process, once it can be started, which is tried at growing intervals; None if `stop` was called."""
        pause_s = RESTART_PAUSE_S
        while not self._stopped.wait(pause_s):
            process, why = self._start(address, card)
            if process is not None and self._stopped.is_set():
                json_process.kill(process)
                return None
            if process is not None:
                return process
            pause_s = min(2 * pause_s, MAX_RESTART_PAUSE_S)
            logger.critical("The model process cannot run: %s. The next try is in %.0f s.", why, pause_s)
        return None
