"""The arrays of pixels and vectors, for annotations."""

from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    #: uint8 RGB, shape [N, size, size, 3]; the model determines the size, usually 224.
    Pixels: TypeAlias = NDArray[np.uint8]
    #: float32, shape [N, D].
    Vectors: TypeAlias = NDArray[np.float32]
    #: float32, shape [D].
    Vector: TypeAlias = NDArray[np.float32]
else:
    # The base installation has no NumPy: these names are for annotations only.
    Pixels = Vectors = Vector = Any
