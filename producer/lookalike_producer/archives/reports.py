"""What img2dataset writes beside its shards: for `00000.tar` a table of the downloads and their statistics."""

import os

#: Ends of the names of its reports, behind the number of the shard.
_ENDS = (".parquet", "_stats.json")


def is_report(folder: str, name: str) -> bool:
    """Whether a file is a report on the shard, a tar or a folder of the same number, that lies beside it."""
    end = next((end for end in _ENDS if name.endswith(end)), None)
    if end is None or not (shard := name.removesuffix(end)).isdigit():
        return False
    return os.path.isfile(f"{folder}/{shard}.tar") or os.path.isdir(f"{folder}/{shard}")
