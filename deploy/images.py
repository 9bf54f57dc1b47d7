"""`make images`: builds every target of the Dockerfile, inspects each image, and runs a job in them."""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack, closing
from pathlib import Path

from deploy.engines import Engine, Missing, find_engine
from deploy.trial import Failed, Trial, tag_of
from lookalike.samples import draw_samples
from testing.services.opensearch import OpenSearchServer
from testing.services.redis import RedisServer

#: Target -> modules that must not be in it. worker-gpu takes gigabytes of CUDA, so it is built only on request.
LEFT_OUT = {
    "producer": ("fastapi", "flower", "jax", "keras", "lancedb", "numpy", "openvino", "tensorflow"),
    "flower": ("fastapi", "jax", "keras", "lancedb", "numpy", "openvino", "tensorflow"),
    "api": ("flower", "jax", "keras", "lancedb", "tensorflow"),
    "worker": ("fastapi", "flower", "lancedb", "matplotlib"),
}
USER_ID = 10001
IMAGES_PER_CLASS = 2

LOOK = """
import importlib.util, json, os, sys
there = [name for name in sys.argv[1:] if importlib.util.find_spec(name)]
print(json.dumps({"user": os.getuid(), "there": there}))
"""


def build(engine: Engine, model: str, targets: list[str]) -> None:
    for target in targets:
        began = time.monotonic()
        engine.build(target, tag_of(target), {"MODEL": model})
        print(f"{tag_of(target)}: built in {time.monotonic() - began:.0f} s", flush=True)


def look_into(engine: Engine, trial: Trial, target: str) -> None:
    """Check the user of an image and that the modules of other extras are missing. Raises Failed."""
    tag, left_out = tag_of(target), LEFT_OUT[target]
    seen = json.loads(trial.said(target, "python", "-c", LOOK, *left_out).splitlines()[-1])
    if seen["user"] != USER_ID:
        raise Failed(f"{tag} runs as user {seen['user']}, not {USER_ID}")
    if seen["there"]:
        raise Failed(f"{tag} contains {', '.join(seen['there'])}, which it must not contain")
    without = f", without {', '.join(left_out)}" if left_out else ""
    print(f"{tag}: {engine.size_bytes(tag) / 1e6:,.0f} MB, user {USER_ID}{without}", flush=True)


def check(engine: Engine, model: str) -> None:
    """Raises Failed."""
    with ExitStack() as ending:
        images = Path(ending.enter_context(tempfile.TemporaryDirectory(prefix="lookalike-images-")))
        # mkdtemp makes it private to this user, but the user of the image reads it.
        images.chmod(0o755)
        draw_samples(images, per_class=IMAGES_PER_CLASS, seed=1)
        redis, opensearch = ending.enter_context(RedisServer()), ending.enter_context(OpenSearchServer())
        places = {"LOOKALIKE_BROKER_URL": redis.url, "LOOKALIKE_INDEX_URL": opensearch.url, "LOOKALIKE_MODEL": model}
        trial = Trial(engine, places, images)
        for target in LEFT_OUT:
            look_into(engine, trial, target)
        trial.run()


def main() -> None:
    """Exit code 1 and one line if an image is wrong."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", default="efficientnet-lite0", help="the model to build into the images")
    parser.add_argument("--gpu", action="store_true", help="build worker-gpu as well, without running it")
    parser.add_argument("--built", action="store_true", help="build nothing; check the images that exist")
    arguments = parser.parse_args()
    targets = [] if arguments.built else [*LEFT_OUT, *(["worker-gpu"] if arguments.gpu else [])]
    try:
        with closing(find_engine()) as engine:
            build(engine, arguments.model, targets)
            check(engine, arguments.model)
    except (Failed, Missing) as failure:
        sys.exit(str(failure))
    except subprocess.CalledProcessError as error:
        sys.exit(f"{' '.join(map(str, error.cmd[:2]))} failed with {error.returncode}.")


if __name__ == "__main__":
    main()
