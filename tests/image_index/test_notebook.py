"""In a notebook: a real kernel shows a progress bar and a gallery, and an interrupt keeps the handle usable."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from jupyter_client.blocking.client import BlockingKernelClient
from jupyter_client.manager import KernelManager

from testing.processes import TIMEOUT_S, await_true
from tests.browser.stage import LABELS
from tests.image_index.conftest import jobs_done, many_images

MANY = 300


class Kernel:
    """Runs cells."""

    def __init__(self, manager: KernelManager, client: BlockingKernelClient) -> None:
        self._manager = manager
        self._client = client

    def begin(self, code: str) -> str:
        return str(self._client.execute(code))

    def run(self, code: str) -> dict[str, str]:
        """The last output of a cell, by MIME type."""
        outputs: list[dict[str, str]] = [{}]

        def keep(message: dict[str, Any]) -> None:
            if message["msg_type"] in ("display_data", "update_display_data", "execute_result"):
                outputs.append(message["content"]["data"])

        reply = self._client.execute_interactive(code, timeout=TIMEOUT_S, output_hook=keep)
        assert reply["content"]["status"] == "ok", reply["content"]
        return outputs[-1]

    def interrupt(self) -> str:
        """How the running cell ended."""
        self._manager.interrupt_kernel()
        return str(self._client.get_shell_msg(timeout=TIMEOUT_S)["content"]["ename"])


@contextmanager
def kernel() -> Iterator[Kernel]:
    manager = KernelManager()
    manager.start_kernel()
    client = manager.client()
    client.start_channels()
    client.wait_for_ready(timeout=TIMEOUT_S)
    try:
        yield Kernel(manager, client)
    finally:
        client.stop_channels()
        manager.shutdown_kernel()


def test_a_notebook_shows_progress_and_a_gallery_and_can_interrupt_an_ingest(
    embedded: dict[str, Any], drawn: tuple[Path, Path], tmp_path: Path
) -> None:
    many = many_images(drawn[0], tmp_path / "many", MANY)
    query = next((drawn[1] / LABELS[0]).iterdir())
    with kernel() as notebook:
        notebook.run(f"import lookalike; images = lookalike.open(home={str(embedded['home'])!r}, chunk_size=4)")
        notebook.begin(f"images.ingest({str(many)!r})")
        await_true(lambda: jobs_done(embedded["home"]))
        assert notebook.interrupt() == "KeyboardInterrupt"
        shown = notebook.run(f"report = images.ingest({str(many)!r})")
        assert f'<progress value="{MANY}"' in shown["text/html"] and f"{MANY} of {MANY} images" in shown["text/plain"]
        assert notebook.run("(report.found, report.rejected)")["text/plain"] == f"({MANY}, 0)"
        gallery = notebook.run(f"images.search({str(query)!r}, k=3)")
        assert gallery["text/html"].count("<img ") == 3 and "3 matches" in gallery["text/plain"]
