"""Small ONNX files for tests, made with the library of ONNX, and what ONNX Runtime computes with them."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from lookalike.records import Vectors

SIZE = 32
#: Channels of the feature map, and numbers of the vector.
CHANNELS, DIMENSION = 8, 6
Array = NDArray[Any]


def encoder(
    path: Path,
    *,
    shape: Sequence[object] = ("N", 3, SIZE, SIZE),
    outputs: Sequence[str] = ("embedding",),
    kind: int = TensorProto.FLOAT,
    is_fixed: bool = False,
    seed: int = 1,
) -> Path:
    """A convolution with ReLU (`map`), its places as `tokens`, their mean (`flat`), and a product (`embedding`).

    `shape` may have the channels last. `is_fixed`: the number of images, 1, is written into a node.
    """
    is_last = shape[-1] == 3
    dtype = helper.tensor_dtype_to_np_dtype(kind)
    random = np.random.RandomState(seed)
    weights = {
        "kernel": random.standard_normal((CHANNELS, 3, 3, 3)).astype(dtype) / 5,
        "matrix": random.standard_normal((CHANNELS, DIMENSION)).astype(dtype),
        "places": np.array([1 if is_fixed else 0, CHANNELS, -1], np.int64),
    }
    nodes = [
        helper.make_node("Transpose", ["pixels"], ["planes"], perm=[0, 3, 1, 2] if is_last else [0, 1, 2, 3]),
        helper.make_node("Conv", ["planes", "kernel"], ["filtered"], strides=[2, 2]),
        helper.make_node("Relu", ["filtered"], ["map"]),
        helper.make_node("Reshape", ["map", "places"], ["columns"]),
        helper.make_node("Transpose", ["columns"], ["tokens"], perm=[0, 2, 1]),
        helper.make_node("ReduceMean", ["columns"], ["flat"], axes=[2], keepdims=0),
        helper.make_node("MatMul", ["flat", "matrix"], ["embedding"]),
    ]
    shapes = {"embedding": ["N", DIMENSION], "flat": ["N", CHANNELS], "tokens": ["N", "T", CHANNELS]}
    return save(
        path,
        nodes,
        [helper.make_tensor_value_info("pixels", kind, shape)],
        [helper.make_tensor_value_info(name, kind, shapes.get(name, ["N", CHANNELS, "H", "W"])) for name in outputs],
        weights,
    )


def save(
    path: Path, nodes: Sequence[Any], inputs: Sequence[Any], outputs: Sequence[Any], weights: dict[str, Array]
) -> Path:
    initializers = [numpy_helper.from_array(array, name) for name, array in weights.items()]
    graph = helper.make_graph(nodes, "graph", inputs, outputs, initializers)
    domains = {node.domain for node in nodes if node.domain}
    opsets = [helper.make_opsetid("", 17), *(helper.make_opsetid(domain, 1) for domain in domains)]
    onnx.save(helper.make_model(graph, opset_imports=opsets, ir_version=9), path)
    return path


def pixels_input(
    *names: str, shape: Sequence[object] = ("N", 3, SIZE, SIZE), kind: int = TensorProto.FLOAT
) -> list[Any]:
    return [helper.make_tensor_value_info(name, kind, shape) for name in names]


def move_weights(path: Path, place: str) -> None:
    """Say that the weights are in another file at `place`, which is written if it is below the folder."""
    model = onnx.load(path)
    data = b""
    for tensor in model.graph.initializer:
        if tensor.name == "places":
            continue
        raw = tensor.raw_data
        tensor.ClearField("raw_data")
        tensor.data_location = TensorProto.EXTERNAL
        for key, value in (("location", place), ("offset", str(len(data))), ("length", str(len(raw)))):
            tensor.external_data.add(key=key, value=value)
        data += raw
    path.write_bytes(model.SerializeToString())
    target = path.parent / place
    if ".." not in place and not place.startswith("/") and place and "\\" not in place:
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)


def expected(path: Path, given: Array, output: str) -> Vectors:
    """What ONNX Runtime computes for the tensor `output`, which may be any one of the graph, image by image."""
    import onnxruntime

    model = onnx.load(path)
    if output not in [each.name for each in model.graph.output]:
        model.graph.output.append(onnx.ValueInfoProto(name=output))
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    (entry,) = session.get_inputs()
    return np.concatenate([session.run([output], {entry.name: one[None]})[0] for one in given]).astype(np.float32)
