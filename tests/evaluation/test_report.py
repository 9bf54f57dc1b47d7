"""The report is self-contained and escapes every name."""

import re
from dataclasses import replace
from functools import partial
from pathlib import Path

import matplotlib
import pytest

from lookalike.index import IndexOptions
from lookalike_evaluation.candidate import Candidate
from lookalike_evaluation.plots import confusion_matrix, data_uri, drawn
from lookalike_evaluation.protocol import evaluate
from lookalike_evaluation.report import render
from lookalike_evaluation.summary import Summary
from lookalike_evaluation.temporary import temporary_index

HOSTILE = '<script>alert("$\\frac{$")</script>\x01&\u6f22'


@pytest.fixture
def summary(candidate: Candidate, tmp_path: Path) -> Summary:
    """A summary with a class whose name is an attack."""
    documents = [replace(one, name=HOSTILE if one.name == "ants" else one.name) for one in candidate.documents]
    hostile = replace(candidate, name=f"model {HOSTILE}", documents=tuple(documents))
    place = partial(temporary_index, f"lancedb://{tmp_path}", IndexOptions())
    return evaluate([hostile], seeds=[0, 1], share=0.2, k=5, size=8, open_index=place)[0]


def test_a_report_is_self_contained_and_escapes_every_name(summary: Summary) -> None:
    html = render(HOSTILE, [summary, summary], notes=[HOSTILE], settings=[], thumbnail=lambda uri: None)
    assert "<script" not in html and "&lt;script&gt;" in html
    sources = re.findall(r'(?:src|href)="([^"]*)"', html)
    assert sources and all(source.startswith("data:") for source in sources)
    assert re.findall(r"https?://|//\w+\.|url\(|@import|<link", re.sub(r'"data:[^"]*"', "", html)) == []
    assert "default-src 'none'" in html


def test_the_worst_query_is_shown_with_its_results(summary: Summary) -> None:
    html = render("x", [summary], notes=[], settings=[], thumbnail=lambda uri: f"data:image/jpeg;base64,{uri}")
    worst = html.partition("Worst queries")[2].partition("Best queries")[0]
    first = min(summary.trials[0].answers, key=lambda answer: answer.figures(5).map_at_k)
    shown = re.findall(r'src="data:image/jpeg;base64,([^"]*)"', worst.partition("</div>")[0])
    assert shown == [first.uri, *(match.uri for match in first.matches)]


def test_a_confusion_matrix_has_the_first_result_of_each_query(summary: Summary) -> None:
    labels = [row.label for row in summary.classes]
    matrix = confusion_matrix(summary, labels)
    assert matrix.sum(axis=1).tolist() == [1.0, 1.0, 1.0]
    assert [matrix[place, place] for place in range(3)] == [row.figures.precision_at_1 for row in summary.classes]


def test_a_matplotlibrc_of_the_working_folder_changes_no_plot() -> None:
    def plotted() -> str:
        with drawn() as figure:
            figure.subplots().set_title("recall")
            return data_uri(figure)

    before = plotted()
    with matplotlib.rc_context({"axes.facecolor": "red", "font.size": 40}):
        assert plotted() == before
