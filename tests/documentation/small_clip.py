"""A pair of encoders with the files of a CLIP, for those who have no CLIP: it knows colours, and words for them.

The image side gives how much of each colour an image has. The text side gives the mean of the same for its words, which
it has from drawings.
"""

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from PIL import Image

from lookalike.samples import PAINTERS, Sample
from testing.text_pair.captions import COLOURS, TABLE
from testing.text_pair.encoders import UNKNOWN, write_tokenizer

SIZE, PER_LABEL, SEED = 224, 4, 11
#: Of a vector, as CLIP has it.
DIMENSION = 512
#: As CLIP has them.
MEAN, STD = (0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711)
#: How sharply a pixel belongs to one colour: in squared units of what the graph takes.
SHARPNESS = 0.35
COARSER = 8
Numbers = NDArray[np.float32]


def write(folder: Path) -> None:
    """Write the files that a folder with ONNX files of CLIP has, without a manifest."""
    (folder / "onnx").mkdir(parents=True)
    seen = (TABLE / 255 - MEAN) / STD
    kernel, bias = 2 / SHARPNESS * seen, -(seen**2).sum(axis=1) / SHARPNESS
    words = dict(zip(COLOURS, np.eye(len(COLOURS), dtype=np.float32), strict=True))
    words |= {word: _mean(label, kernel, bias) for label in PAINTERS for word in label.split("-") if word != "at"}
    # It changes no angle.
    turn = np.linalg.qr(np.random.default_rng(SEED).standard_normal((DIMENSION, len(COLOURS))))[0].T
    _save(folder / "onnx" / "vision_model.onnx", *_vision(kernel, bias, turn))
    _save(folder / "onnx" / "text_model.onnx", *_text(np.stack([np.zeros(len(COLOURS)), *words.values()]) @ turn))
    write_tokenizer(folder / "tokenizer.json", list(words))
    _write(folder / "tokenizer_config.json", {"model_max_length": 77, "unk_token": UNKNOWN})
    _write(
        folder / "preprocessor_config.json",
        {
            "do_resize": True,
            "size": {"shortest_edge": SIZE},
            "resample": 3,
            "do_center_crop": True,
            "crop_size": {"height": SIZE, "width": SIZE},
            "do_rescale": True,
            "rescale_factor": 1 / 255,
            "do_normalize": True,
            "image_mean": MEAN,
            "image_std": STD,
        },
    )


def _mean(label: str, kernel: Any, bias: Any) -> Any:
    """What the image side gives for drawings of a label, in the mean."""
    side = SIZE // COARSER
    drawn = [
        Sample(label, number, SEED).drawn().resize((side, side), Image.Resampling.BOX) for number in range(PER_LABEL)
    ]
    pixels = np.stack([np.asarray(each.convert("RGB")) for each in drawn]).reshape(PER_LABEL, -1, 3)
    near = (pixels / 255 - MEAN) / STD @ kernel.T + bias
    shares = np.exp(near - near.max(axis=2, keepdims=True))
    return (shares / shares.sum(axis=2, keepdims=True)).mean(axis=(0, 1))


def _vision(kernel: Any, bias: Any, turn: Any) -> tuple[Any, ...]:
    nodes = [
        helper.make_node(
            "AveragePool", ["pixel_values"], ["coarse"], kernel_shape=[COARSER] * 2, strides=[COARSER] * 2
        ),
        helper.make_node("Conv", ["coarse", "kernel", "bias"], ["near"]),
        helper.make_node("Softmax", ["near"], ["shares"], axis=1),
        helper.make_node("ReduceMean", ["shares"], ["seen"], axes=[2, 3], keepdims=0),
        helper.make_node("MatMul", ["seen", "turn"], ["image_embeds"]),
    ]
    pixels = helper.make_tensor_value_info("pixel_values", TensorProto.FLOAT, ["batch", 3, SIZE, SIZE])
    return nodes, [pixels], "image_embeds", {"kernel": kernel[:, :, None, None], "bias": bias, "turn": turn}


def _text(table: Any) -> tuple[Any, ...]:
    nodes = [
        helper.make_node("Gather", ["table", "input_ids"], ["embedded"]),
        helper.make_node("ReduceMean", ["embedded"], ["text_embeds"], axes=[1], keepdims=0),
    ]
    ids = helper.make_tensor_value_info("input_ids", TensorProto.INT64, ["batch", "tokens"])
    return nodes, [ids], "text_embeds", {"table": table}


def _save(path: Path, nodes: list[Any], inputs: list[Any], output: str, weights: dict[str, Any]) -> None:
    given = [numpy_helper.from_array(array.astype(np.float32), name) for name, array in weights.items()]
    vectors = helper.make_tensor_value_info(output, TensorProto.FLOAT, ["batch", DIMENSION])
    graph = helper.make_graph(nodes, path.stem, inputs, [vectors], given)
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9), path)


def _write(path: Path, content: dict[str, Any]) -> None:
    path.write_text(json.dumps(content, indent=2))


if __name__ == "__main__":
    write(Path(sys.argv[1]))
