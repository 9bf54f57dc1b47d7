"""The same bytes have the same vector in a worker, in Python and in the query service, of any format and size."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import lookalike
from lookalike.records import document_id
from testing.images import ENCODINGS, encoded, scene
from tests.api.service import serving
from tests.decoding import test_raw, test_raw_containers
from tests.decoding.files import stored

#: Vectors of a batch and of a single image may differ in the last bits of their sums.
SAME = 1 - 1e-5


def files() -> dict[str, bytes]:
    """Images of every format, depth, colour space and size that is decoded in a way of its own."""
    image, large = scene(600, 400), scene(3300, 3200)
    turned = Image.Exif()
    turned[0x0112] = 6
    deep = (np.asarray(image.convert("L")).astype(np.uint16) << 8) + 77
    clear = image.copy()
    clear.putalpha(Image.linear_gradient("L").resize(image.size))
    made = {f"an image.{name}": encoded(name, image) for name in ENCODINGS}
    made |= {f"{name}.raw": data for name, data in test_raw.RAWS.items()}
    made |= {f"{name}.raw": write(test_raw_containers.FULL) for name, write in test_raw_containers.RAWS.items()}
    made |= {
        "16 bits.png": stored(Image.fromarray(deep), "PNG"),
        "floats.tiff": stored(Image.fromarray(deep.astype(np.float32)), "TIFF"),
        "ink.jpg": stored(image.convert("CMYK"), "JPEG"),
        "turned.jpg": stored(image, "JPEG", exif=turned),
        "clear.png": stored(clear, "PNG"),
        "palette.png": stored(image.convert("P"), "PNG"),
        "30 MB.bmp": stored(large, "BMP"),
        "large.jpg": stored(large, "JPEG", quality=90),
    }
    assert len(made["30 MB.bmp"]) > 30_000_000
    return made


# Vectors do not depend on the kind of index.
@pytest.mark.parametrize("options", ["lancedb"], indirect=True)
def test_worker_python_and_service_embed_and_show_the_same(options: dict[str, Any], tmp_path: Path) -> None:
    made = files()
    for name, data in made.items():
        (tmp_path / name).write_bytes(data)
    ids = {name: document_id(str(tmp_path / name)) for name in made}
    with lookalike.open("same", **options) as images:
        assert images.ingest(tmp_path, progress=False).indexed == len(made)
        known, vectors = images.vectors()
        of_worker = dict(zip(known, vectors, strict=True))
        of_python = images.embed([tmp_path / name for name in made])
        of_bytes = images.embed(list(made.values()))
        cosines = {
            name: min(float(of_worker[ids[name]] @ path), float(of_worker[ids[name]] @ data))
            for name, path, data in zip(made, of_python, of_bytes, strict=True)
        }
        with serving(images.settings) as client:
            for name, data in made.items():
                matches = client.post(f"/search?k={len(made)}", content=data).json()["matches"]
                score = next(match["score"] for match in matches if match["id"] == ids[name])
                cosines[name] = min(cosines[name], score)
                assert client.get(f"/images/{ids[name]}").content == data, name
                thumbnail = client.get(f"/images/{ids[name]}/thumbnail")
                assert (thumbnail.status_code, thumbnail.headers["content-type"]) == (200, "image/jpeg"), name
    assert min(cosines.values()) > SAME, cosines
