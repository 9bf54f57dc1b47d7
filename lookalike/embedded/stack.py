"""Opens the stack of a command: the configured broker, a running embedded stack, or a new embedded one.

One process owns the embedded stack (a private Redis and, unless only the ledger is read, a worker), and restarts what
ends of it. The stack ends with its owner, even if the owner is killed; an orderly end first waits for the commands that
joined it. After another end, one of those that need a worker takes the stack over.
"""

import os
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path

from lookalike.broker import broker_location
from lookalike.disk import check_folder, make_home_private, make_private, write_error
from lookalike.embedded.broker import answers
from lookalike.embedded.installed import check_worker_installed
from lookalike.embedded.joined import JoinedStack
from lookalike.embedded.limits import check_broker_limits, check_worker_limits
from lookalike.embedded.lock import FileLock, opened
from lookalike.embedded.owned import START_TIMEOUT_S, OwnedStack, Stack, worker_marker
from lookalike.embedded.redis_server import broker_url
from lookalike.errors import LookalikeError, PermanentError
from lookalike.preflight import check_roots
from lookalike.settings import Settings

HOME_ADVICE = "Set LOOKALIKE_HOME to a folder that you own."
POLL_S = 0.05


@contextmanager
def open_stack(
    settings: Settings, *, with_worker: bool = True, check: Callable[[], None] = lambda: None
) -> Iterator[Stack]:
    """The stack of a command; `check` runs before a new one starts.

    Raises PermanentError, MissingExtra, AccessDenied, DiskFull, and what `check` raises.
    """
    if (url := broker_location(settings)) is not None:
        check()
        yield Stack(url, is_embedded=False)
        return
    run = _run_folder(settings.home)
    with opened(run / "owner.lock") as owner, opened(run / "users.lock") as users:
        if _own_or_join(owner, users, run, settings, with_worker):
            check()
            # Broker and worker would refuse to start for the same reasons, and be restarted again and again.
            check_broker_limits()
            if with_worker:
                check_worker_limits()
                check_worker_installed(settings)
                check_roots(settings)
            with _owned(settings, owner, users, run, with_worker) as stack:
                yield stack
        elif with_worker:
            own = partial(_owned, settings, owner, users, run, with_worker)
            with JoinedStack(settings.home, owner, users, own).in_use() as joined:
                yield joined
        else:
            yield Stack(broker_url(settings.home), is_embedded=True)


@contextmanager
def _owned(settings: Settings, owner: FileLock, users: FileLock, run: Path, with_worker: bool) -> Iterator[OwnedStack]:
    with ExitStack() as ending:
        stack = OwnedStack(settings, owner.descriptor)
        ending.callback(_only_in, os.getpid(), stack.stop)
        stack.start(with_worker=with_worker)
        if with_worker:
            worker_marker(run).touch()
            ending.callback(_only_in, os.getpid(), partial(worker_marker(run).unlink, missing_ok=True))
        yield stack
        # Only after an orderly end: other commands may still use this stack. Without the marker none joins any more.
        worker_marker(run).unlink(missing_ok=True)
        users.wait_exclusive()
        stack.dismiss_worker()


def _only_in(process: int, action: Callable[[], None]) -> None:
    """Not in a forked child, in which the copy of the stack ends as well: the parent still uses it."""
    if os.getpid() == process:
        action()


def _own_or_join(owner: FileLock, users: FileLock, run: Path, settings: Settings, with_worker: bool) -> bool:
    """True to start a new stack, False to join the running one. Raises PermanentError if that does not answer."""
    deadline = time.monotonic() + START_TIMEOUT_S
    while not owner.try_exclusive():
        users.share()
        # Checked after this process counts as a user, so that the owner cannot decide to end in between.
        if (worker_marker(run).exists() or not with_worker) and answers(broker_url(settings.home)):
            return False
        users.release()
        if time.monotonic() > deadline:
            advice = f"Stop it, or use another LOOKALIKE_HOME than {settings.home}."
            raise PermanentError("Another process owns the embedded stack, but the stack does not answer.", advice)
        time.sleep(POLL_S)
    worker_marker(run).unlink(missing_ok=True)
    return True


def _run_folder(home: Path) -> Path:
    run = home / "run"
    check_folder(home, HOME_ADVICE)
    try:
        make_home_private(home)
        make_private(run)
    except OSError as error:
        raise home_error(home, error) from error
    return run


def home_error(home: Path, error: OSError) -> LookalikeError:
    """Our error for a failed write under the home folder."""
    return write_error(home, error, HOME_ADVICE)
