"""Ends what runs on the event loop of a server of the tests."""

import asyncio


async def end_all() -> None:
    """Cancel all tasks but this one, also those of connections that were accepted meanwhile, and let sockets close."""
    while others := asyncio.all_tasks() - {asyncio.current_task()}:
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
    # A transport closes its socket in the next round of the loop.
    await asyncio.sleep(0)
