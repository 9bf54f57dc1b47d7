"""Names whose name servers do not answer: the system gives up after half a minute, and nothing waits so long."""

import asyncio
import socket
import subprocess
import sys
import threading
import time

import pytest

from lookalike.reading.web import names
from lookalike.reading.web.names import SystemNames, UnguardedNames

EXITING = """
import asyncio, time
from lookalike.reading.web import names

names._addresses = lambda host: time.sleep(60)

async def ask():
    asking = asyncio.create_task(names.SystemNames()("dead.example"))
    await asyncio.sleep(0.1)
    asking.cancel()

asyncio.run(ask())
print("ended")
"""


def test_names_that_nobody_knows_hold_up_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    answers, asked = threading.Event(), []

    def addresses(host: str) -> list[str]:
        asked.append(host)
        if host.startswith("dead"):
            answers.wait(60)
            raise socket.gaierror(socket.EAI_AGAIN, "no answer")
        return ["192.0.2.1"]

    async def ask() -> list[str]:
        look_up = SystemNames()
        dead = [asyncio.create_task(look_up(f"dead{number % 100}.example")) for number in range(300)]
        await asyncio.sleep(0)
        found = await asyncio.wait_for(look_up("alive.example"), 20)
        for task in dead[::2]:
            task.cancel()
        answers.set()
        await asyncio.gather(*dead, return_exceptions=True)
        return found

    monkeypatch.setattr(names, "_addresses", addresses)
    assert asyncio.run(ask()) == ["192.0.2.1"]
    assert len(asked) == 101, "a name is asked for once by all who wait for it"


def test_the_threads_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(names, "MOST_THREADS", 3)
    running, most = set[str](), []

    def addresses(host: str) -> list[str]:
        running.add(host)
        most.append(len(running))
        time.sleep(0.01)
        running.discard(host)
        return [host]

    async def ask() -> list[list[str]]:
        look_up = SystemNames()
        return await asyncio.gather(*(look_up(str(number)) for number in range(20)))

    monkeypatch.setattr(names, "_addresses", addresses)
    assert asyncio.run(ask()) == [[str(number)] for number in range(20)]
    assert max(most) <= 3


def test_a_process_ends_although_a_name_is_looked_up() -> None:
    began = time.monotonic()
    ended = subprocess.run([sys.executable, "-c", EXITING], capture_output=True, text=True, timeout=50, check=True)
    assert ended.stdout == "ended\n" and not ended.stderr and time.monotonic() - began < 30


def test_a_name_of_the_settings_may_lead_anywhere() -> None:
    async def look_up(host: str) -> list[str]:
        return ["127.0.0.1", "169.254.169.254", "::1"]

    found = asyncio.run(UnguardedNames(look_up).resolve("proxy.example", 80))
    assert [address["host"] for address in found] == ["127.0.0.1", "169.254.169.254", "::1"]
