"""Program that decodes images again and again, and has them embedded: ADDRESS FOLDER SPEC CHUNK_SIZE SECONDS.

It prints a JSON line when it is ready, begins when it gets a line, and prints its rate, or what failed. It ends without
a rate when its standard input closes.
"""

import json
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import cycle, islice
from pathlib import Path

from lookalike import images
from lookalike.embedding import ModelSpec
from lookalike.embedding.runtimes.remote_embedder import RemoteEmbedder
from lookalike.errors import LookalikeError
from lookalike.images import DecodedImage
from lookalike.pipeline.parts import Parts
from lookalike.shown import clause


def main(address: str, folder: str, spec: str, chunk_size: str, seconds: str) -> Iterator[dict[str, object]]:
    """What is printed. Raises LookalikeError."""
    files = [path.read_bytes() for path in Path(folder).iterdir()]
    if not files:
        yield {"failed": "the images of the sample are there no more"}
        return
    embed = RemoteEmbedder(Path(address), ModelSpec.from_json(spec))
    # The files were decoded before, within the limit that is set.
    size, framing = embed.frame
    decode = partial(
        images.decode,
        max_pixels=sys.maxsize,
        size=size,
        framing=framing,
        largest=embed.largest,
        left_from=embed.left_from,
    )
    yield {"ready": len(files)}
    if sys.stdin.readline():
        yield {"rate": _rate(embed, decode, files, int(chunk_size), float(seconds))}


def _rate(
    embed: RemoteEmbedder,
    decode: Callable[[bytes], DecodedImage],
    files: Sequence[bytes],
    chunk_size: int,
    seconds: float,
) -> float:
    """Images a second, chunk by chunk, as a worker embeds them."""
    supply, done, began = cycle(files), 0, time.perf_counter()
    # One chunk in any case: a process may be preempted for longer than that.
    while not done or time.perf_counter() < began + seconds:
        parts = Parts(embed)
        for number, data in enumerate(islice(supply, chunk_size)):
            image = decode(data)
            parts.add(str(number), image.left or image.pixels)
        done += len(parts.vectors())
    return done / (time.perf_counter() - began)


if __name__ == "__main__":
    try:
        for told in main(*sys.argv[1:]):
            print(json.dumps(told), flush=True)
    except LookalikeError as error:
        print(json.dumps({"failed": clause(error)}), flush=True)
