"""Building blocks of a self-contained HTML page: style, tables, images. Escapes every variable."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from lookalike.errors import BadSetting, PermanentError
from lookalike.shown import as_html

#: Defence in depth: even with an unescaped name, the page loads and runs nothing.
POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
STYLE = """
:root { color-scheme: light dark; --ink: #1a1c20; --paper: #fff; --soft: #5b616b; --line: #d6dae0; --right: #0072b2;
  --wrong: #c04a00; }
@media (prefers-color-scheme: dark) { :root { --ink: #e7e9ec; --paper: #16181c; --soft: #a3a9b3; --line: #3a3f47;
  --right: #6cb8ea; --wrong: #ff9a57; } }
body { font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper); max-width: 76rem;
  margin: 2rem auto; padding: 0 1rem; }
h1, h2, h3 { line-height: 1.2; } h2 { margin-top: 2.5rem; }
p.note, figcaption, .soft { color: var(--soft); }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { padding: .25rem .75rem .25rem 0; border-bottom: 1px solid var(--line); text-align: left; }
td.number, th.number { text-align: right; }
img.plot { max-width: 100%; background: #fff; border-radius: 6px; }
.answer { display: flex; flex-wrap: wrap; gap: .5rem; margin: 0 0 1.25rem; padding-bottom: .75rem;
  border-bottom: 1px solid var(--line); break-inside: avoid; }
figure { margin: 0; } .answer figure { width: 92px; font-size: 11px; overflow-wrap: anywhere; }
.answer img, .answer .gone { width: 84px; height: 84px; border: 3px solid var(--line); border-radius: 4px;
  box-sizing: content-box; display: block; }
.answer .query img { margin-right: 1rem; }
.answer .right img { border-color: var(--right); } .answer .wrong img { border: 3px dashed var(--wrong); }
@media print { body { max-width: none; margin: 0; } h2, figure { break-inside: avoid; } }
"""


def page(title: str, body: Iterable[str]) -> str:
    """Return an HTML document; `body` is HTML, `title` is plain text."""
    return "\n".join(
        (
            "<!doctype html>",
            '<html lang="en"><head><meta charset="utf-8">',
            f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            f"<title>{as_html(title)}</title><style>{STYLE}</style></head><body>",
            f"<h1>{as_html(title)}</h1>",
            *body,
            "</body></html>\n",
        )
    )


def table(columns: Sequence[str], rows: Iterable[Sequence[str | int | float]]) -> str:
    """Return a table; numbers are right-aligned, floats have three decimals."""
    listed = [list(row) for row in rows]
    numeric = [bool(listed) and not isinstance(cell, str) for cell in (listed[0] if listed else columns)]
    head = "".join(_cell("th", name, is_number) for name, is_number in zip(columns, numeric, strict=True))
    lines = ("".join(_cell("td", cell, not isinstance(cell, str)) for cell in row) for row in listed)
    body = "".join(f"<tr>{line}</tr>" for line in lines)
    return f'<div class="scroll"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'


def plot(data_uri: str, alternative: str) -> str:
    return f'<p><img class="plot" src="{as_html(data_uri)}" alt="{as_html(alternative)}"></p>'


def thumbnail_figure(data_uri: str | None, caption: str, kind: str = "") -> str:
    """Return a thumbnail with its caption; an image that cannot be read leaves a placeholder."""
    shown = f'<img src="{as_html(data_uri)}" alt="">' if data_uri else '<span class="gone">not readable</span>'
    return f'<figure class="{as_html(kind)}">{shown}<figcaption>{as_html(caption)}</figcaption></figure>'


def note(sentence: str) -> str:
    return f'<p class="note">{as_html(sentence)}</p>'


def check_writable(path: Path) -> None:
    """Check before long work: raises BadSetting if the page cannot be written."""
    if path.is_dir() or not path.absolute().parent.is_dir():
        raise BadSetting(f"Cannot write {path}.", "Name a file in an existing folder.")


def write(path: Path, page: str) -> None:
    """Write the page. Raises PermanentError."""
    try:
        path.write_text(page, encoding="utf-8", errors="replace")
    except OSError as error:
        raise PermanentError(f"Cannot write {path}: {error.strerror}.", "Name another file.") from error


def _cell(tag: str, content: str | int | float, is_number: bool) -> str:
    shown = f"{content:.3f}" if isinstance(content, float) else f"{content:,}" if isinstance(content, int) else content
    return f'<{tag} class="number">{as_html(shown)}</{tag}>' if is_number else f"<{tag}>{as_html(shown)}</{tag}>"
