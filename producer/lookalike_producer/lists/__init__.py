"""Lists of paths, as people's tools write them: from any encoding, with any separator; or why a file is no list."""

from lookalike_producer.lists.lines import SAMPLE_BYTES
from lookalike_producer.lists.paths import PathList, list_name, stdin_paths

__all__ = ["SAMPLE_BYTES", "PathList", "list_name", "stdin_paths"]
