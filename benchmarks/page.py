"""Updates a page of the documentation: a program writes the parts between two comments, and the rest stays."""

import platform
import re
from datetime import UTC, datetime
from pathlib import Path

from lookalike.machine import usable_cores

BEGIN = "<!-- {name}: written by `{writer}` -->"
END = "<!-- end of {name} -->"


def renew(page: Path, name: str, command: str, text: str, *, writer: str = "make scale") -> None:
    """Put `text`, and where it was measured, between the comments of the part `name`; a new part goes to the end."""
    begin, end = BEGIN.format(name=name, writer=writer), END.format(name=name)
    part = f"{begin}\n{_where()}; repeat with\n`{command}`.\n\n{text}\n{end}"
    whole = page.read_text() if page.exists() else ""
    pattern = re.compile(f"{re.escape(begin)}.*?{re.escape(end)}", re.DOTALL)
    if pattern.search(whole):
        # A function, because a text may hold backslashes.
        page.write_text(pattern.sub(lambda _: part, whole))
    else:
        page.write_text(f"{whole}\n{part}\n".lstrip())


def _where() -> str:
    processor = next((line.partition(":")[2].strip() for line in _lines("cpuinfo", "model name")), platform.machine())
    memory = "".join(f"{int(line.split()[1]) / 2**20:.0f} GiB of memory, " for line in _lines("meminfo", "MemTotal"))
    cores = f"{usable_cores()} cores ({processor}), {memory}"
    return f"{datetime.now(UTC):%Y-%m-%d}, {cores}Python {platform.python_version()}, {platform.system()}"


def _lines(file: str, beginning: str) -> list[str]:
    """The first match in a file of /proc, if there is one."""
    path = Path("/proc", file)
    return [line for line in path.read_text().splitlines() if line.startswith(beginning)] if path.exists() else []
