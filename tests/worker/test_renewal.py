"""A worker process is replaced after many chunks, so that memory which libraries leak is freed."""

from lookalike.queue import TASKS_PER_CHILD, send_finish
from testing.processes import await_true, worker_processes
from testing.worker_harness import WorkerHarness


def test_a_process_is_replaced_after_its_number_of_tasks_and_work_continues(bench: WorkerHarness) -> None:
    (first,) = worker_processes(bench.settings.home)[1]
    for number in range(TASKS_PER_CHILD):
        # The finish message of an unknown job is dropped, but counts as a task.
        send_finish(bench.app, f"unknown-{number}")
    await_true(lambda: worker_processes(bench.settings.home)[1] not in ([], [first]))
    bench.assert_works()
