"""Where the blocks of a page run: a folder, a home of its own, and the environment of somebody who has set nothing."""

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

#: What a reader's shell finds: the program in its environment, and the system's tools.
SEARCHED = (str(Path(sys.executable).parent), "/usr/local/bin", "/usr/bin", "/bin")


@dataclass(frozen=True)
class Stage:
    """`folder` is where the reader stands when the page begins; `port` takes the place of 8000."""

    home: Path
    folder: Path
    port: int
    settings: Mapping[str, str] = field(default_factory=dict)

    @property
    def environment(self) -> dict[str, str]:
        """Nothing of the environment of the tests. Both outputs come in the order in which a terminal shows them."""
        plain = {"HOME": str(self.home), "PATH": os.pathsep.join(SEARCHED), "LANG": "C.UTF-8", "COLUMNS": "200"}
        return {**plain, "PYTHONDONTWRITEBYTECODE": "1", "PYTHONUNBUFFERED": "1", **self.settings}
