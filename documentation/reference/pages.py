"""All pages of docs/reference: writes them, and tells which of them differ from what the code says."""

from collections.abc import Callable, Iterator
from pathlib import Path

from documentation.reference import commands, exit_codes, http, json_keys, metrics, python, settings
from documentation.reference.page import Page, table

FOLDER = Path(__file__).parents[2] / "docs" / "reference"
#: In the order of the list of pages.
PAGES: tuple[Callable[[], Page], ...] = (
    commands.page,
    settings.page,
    http.page,
    python.page,
    json_keys.page,
    exit_codes.page,
    metrics.page,
)


def texts() -> dict[str, str]:
    """File name -> content, of every page and of the list of pages. Raises MeaningMissing."""
    pages = [make() for make in PAGES]
    return {page.name: page.markdown() for page in (_list(pages), *pages)}


def write() -> Iterator[Path]:
    """Write the pages that have changed, remove those that no longer exist, and give the paths of the written ones."""
    wanted = texts()
    FOLDER.mkdir(exist_ok=True)
    for stale in {path.name for path in FOLDER.glob("*.md")} - set(wanted):
        (FOLDER / stale).unlink()
    for name in differing(wanted):
        (FOLDER / name).write_text(wanted[name], encoding="utf-8")
        yield FOLDER / name


def differing(wanted: dict[str, str]) -> list[str]:
    """The names of the files that are missing, superfluous or not as they are wanted."""
    found = {path.name: path.read_text(encoding="utf-8") for path in FOLDER.glob("*.md")}
    return sorted(name for name in {*found, *wanted} if found.get(name) != wanted.get(name))


def _list(pages: list[Page]) -> Page:
    rows = [(f"[{page.title}]({page.name})", page.summary) for page in pages]
    text = "Every page here is made from the code, so it says what the program does.\n\n" + table(("page", "has"), rows)
    return Page("index.md", "Reference", "", text)
