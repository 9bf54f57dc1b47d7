"""The Keras graph of a spec: backbone, pooling, head. Only child processes import Keras."""
