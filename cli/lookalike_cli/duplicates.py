"""`lookalike duplicates`: lists groups of identical and near-identical images of an index."""

import os
from collections.abc import Sequence
from contextlib import closing
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer

from lookalike import factories
from lookalike.duplicates import Comparison, Group, Member, default_threshold, groups_of, removable
from lookalike.duplicates.best import SAID
from lookalike.duplicates.comparison import THRESHOLD
from lookalike.duplicates.groups import is_file
from lookalike.index import Index
from lookalike.plural import counted
from lookalike.settings import Settings, read_settings
from lookalike.shown import visible
from lookalike.storage import local_path
from lookalike_cli.application import Application
from lookalike_cli.console import print_bytes, print_json, remark, results
from lookalike_cli.filters import parsed
from lookalike_cli.options import Exact, Filters, IndexName, Json
from lookalike_cli.progress_bar import progress_bar
from lookalike_cli.report import print_images
from lookalike_cli.stopping import stoppable
from lookalike_evaluation.page import check_writable, write

app = Application()

#: Groups that the terminal shows; `--json` and `--list` have all.
SHOWN = 20
#: What ends each image of the list.
LINE, NUL = b"\n", b"\0"
#: Side of a thumbnail in the report, in pixels.
THUMBNAIL_SIZE = 84


@app.command()
def duplicates(
    threshold: Annotated[
        float | None,
        typer.Option(min=-1.0, max=1.0, help="Lowest score of near-identical images.", show_default=f"{THRESHOLD}"),
    ] = None,
    filter: Filters = None,
    exact: Exact = False,
    index: IndexName = None,
    report: Annotated[Path | None, typer.Option(help="Write an HTML page that shows the groups.")] = None,
    list: Annotated[
        bool,
        typer.Option(
            "--list", help="Print only the images that could go: all of each group but the one to keep. One per line."
        ),
    ] = False,
    null: Annotated[
        bool, typer.Option("--null", "-0", help="With --list, end each image with a NUL character, for `xargs -0`.")
    ] = False,
    json: Json = False,
) -> None:
    """List groups of identical and near-identical images in an index."""
    if null and not list:
        raise typer.BadParameter("--null is for --list. Give both.")
    if json and list:
        raise typer.BadParameter("--json has all that --list prints. Leave one of them out.")
    settings = read_settings(index=index)
    filters = parsed(filter)
    if report is not None:
        check_writable(report)
    with stoppable("Interrupted."), closing(factories.open_index(settings)) as opened:
        limit = _limit(opened, threshold)
        comparison = Comparison(opened, limit, filters, exact=exact)
        # Counting also says at once what is wrong with a filter.
        _run(comparison, opened.count(filters))
        groups = [*groups_of(opened, comparison.stars())]
    if report is not None:
        _report(report, settings, comparison.images, groups)
    if json:
        print_json(_plain(settings.index, limit, comparison.images, groups))
    elif list:
        _list(groups, separator=NUL if null else LINE)
    else:
        _show(comparison.images, groups)


def _limit(index: Index, threshold: float | None) -> float | None:
    if threshold is None and (threshold := default_threshold(index)) is None:
        remark("This index compares by distance: only identical images are listed. Use --threshold to list near ones.")
    return threshold


def _run(comparison: Comparison, images: int) -> None:
    with progress_bar("read", images) as advance:
        comparison.read(advance)
    with progress_bar("compare", comparison.images) as advance:
        comparison.compare(advance)


def _show(images: int, groups: Sequence[Group]) -> None:
    identical = sum(group.is_identical for group in groups)
    results.say(
        f"{counted(images, 'image')}: {counted(identical, 'group')} of identical images, "
        f"{counted(len(groups) - identical, 'group')} of near-identical images."
    )
    for group in groups[:SHOWN]:
        results.say()
        print_images(_row(group, member) for member in group.members)
    if len(groups) > SHOWN:
        remark(f"{len(groups) - SHOWN:,} more groups; --json, --list and --report show all.")
    if groups:
        remark("Nothing is deleted. `lookalike duplicates --list` prints what may go, one image a line.")


def _list(groups: Sequence[Group], *, separator: bytes) -> None:
    """A name with a line break would read as two files, of which one may be another one, unless NUL ends each."""
    places = [_place(member.uri) for group in groups for member in removable(group)]
    plain = [place for place in places if separator == NUL or visible(place) == place]
    print_bytes(b"".join(os.fsencode(place) + separator for place in plain))
    if left_out := len(places) - len(plain):
        remark(f"{counted(left_out, 'image')} left out, with odd characters in the name; --null lists all.")
    if doubtful := sum(len(group.others) for group in groups) - len(places):
        why = "files of their groups are gone, were changed, or are links to each other"
        remark(f"{counted(doubtful, 'image')} left out: {why}.")
        remark("`lookalike sync` brings the index up to date.")


def _place(uri: str) -> str:
    """The path of a file as a shell takes it; the address of what is none."""
    return local_path(uri) if is_file(uri) else uri


def _row(group: Group, member: Member) -> tuple[str, str, str]:
    near = "centre" if member.id == group.centre else f"near {member.score:.3f}"
    proposal = f"(keep: {SAID[group.why]})" if member.id == group.keep else ""
    return "identical" if group.is_identical else near, member.uri, proposal


def _plain(index: str, threshold: float | None, images: int, groups: Sequence[Group]) -> dict[str, Any]:
    return {
        "index": index,
        "threshold": threshold,
        "images": images,
        "pictures": images,
        "groups": [_plain_group(group) for group in groups],
    }


def _plain_group(group: Group) -> dict[str, Any]:
    members = [asdict(member) | {"score": round(member.score, 4)} for member in group.members]
    return {
        "kind": "identical" if group.is_identical else "near",
        "score": round(group.score, 4),
        "centre": group.centre,
        "keep": group.keep,
        "why": group.why,
        "images": members,
        "pictures": members,
    }


def _report(path: Path, settings: Settings, images: int, groups: Sequence[Group]) -> None:
    from lookalike_evaluation.duplicates_page import render
    from lookalike_evaluation.thumbnails import thumbnails

    decode = partial(factories.decode, settings, size=THUMBNAIL_SIZE)
    write(path, render(settings.index, images, groups, thumbnails(factories.reader(settings).read, decode)))
    remark(f"Wrote the report to {path}.")
