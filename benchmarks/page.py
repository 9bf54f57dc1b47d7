"""Updates the generated parts of a documentation page. Comments mark each part; the other text stays unchanged."""

import platform
import re
from datetime import UTC, datetime
from pathlib import Path

from lookalike.machine import usable_cores

BEGIN = "<!-- {name}: written by `{writer}` -->"
END = "<!-- end of {name} -->"


def renew(page: Path, name: str, command: str, text: str, *, writer: str = "make scale") -> None:
    """Replace the part `name` with `text` and a line about the machine. A new part is added at the end of the page."""
    begin, end = BEGIN.format(name=name, writer=writer), END.format(name=name)
    part = f"{begin}\n{_where()}; repeat with\n`{command}`.\n\n{text}\n{end}"
    whole = page.read_text() if page.exists() else ""
    pattern = re.compile(f"{re.escape(begin)}.*?{re.escape(end)}", re.DOTALL)
    if pattern.search(whole):
        # A function, because `text` may contain backslashes.
        page.write_text(pattern.sub(lambda _: part, whole))
    else:
        page.write_text(f"{whole}\n{part}\n".lstrip())


def _where() -> str:
    processor = next((line.partition(":")[2].strip() for line in _lines("cpuinfo", "model name")), platform.machine())
    memory = "".join(f"{int(line.split()[1]) / 2**20:.0f} GiB of memory, " for line in _lines("meminfo", "MemTotal"))
    cores = f"{usable_cores()} cores ({processor}), {memory}"
    return f"{datetime.now(UTC):%Y-%m-%d}, {cores}Python {platform.python_version()}, {platform.system()}"


def _lines(file: str, beginning: str) -> list[str]:
    """The lines of a file of /proc with this beginning; empty without the file."""
    path = Path("/proc", file)
    return [line for line in path.read_text().splitlines() if line.startswith(beginning)] if path.exists() else []
