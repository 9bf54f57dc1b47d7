"""The files of tables, some of which have been copied to the disk."""

from collections import OrderedDict

from lookalike_producer.tables.files import TableFile, table_file

#: Tables of web hosts whose copies stay on the disk between two readings.
KEPT_FILES = 4


class KeptFiles:
    """The files of tables; of the last few, what had to be copied to be read."""

    def __init__(self) -> None:
        self._last: OrderedDict[str, TableFile] = OrderedDict()

    def file(self, path: str) -> TableFile:
        if path not in self._last:
            self._last[path] = table_file(path)
        self._last.move_to_end(path)
        while len(self._last) > KEPT_FILES:
            self._last.popitem(last=False)
        return self._last[path]
