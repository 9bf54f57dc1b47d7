"""The page of Python: the names that `import lookalike` offers, what they return, and the errors that they raise."""

import ast
import inspect
import re
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from itertools import pairwise
from textwrap import dedent
from typing import Any

import lookalike
from documentation.reference.page import Page, block, code, meaning, sections, table
from documentation.reference.signatures import ALIASES, shown_type, signature
from lookalike import errors
from lookalike.duplicates.groups import Group, Member
from lookalike.image_index.description import IndexDescription
from lookalike.ledger import Job
from lookalike.mapping.keeping import MapReport
from lookalike.records import Facet, Facets, Listed, ModelIdentity
from lookalike.records.facets import FacetRange, FacetValue
from lookalike_evaluation.metrics import Figures
from lookalike_evaluation.summary import Summary
from lookalike_producer.deletion import Deletion
from lookalike_producer.finding import Finding
from lookalike_producer.metadata_loss import MetadataLoss
from lookalike_producer.sync.report import SyncReport
from lookalike_producer.sync.verification import Verification

#: What users make themselves: shown with its signature.
EXAMPLES = (lookalike.Image, lookalike.Stored, lookalike.Text)
#: What methods return, by subject: shown with its attributes.
RECORDS: tuple[type, ...] = (
    *(lookalike.Report, lookalike.Rejected, Job, Verification, Finding, SyncReport, Deletion, MetadataLoss),
    *(lookalike.Matches, lookalike.Match, Listed, Facets, Facet, FacetValue, FacetRange),
    *(Group, Member, MapReport, IndexDescription, ModelIdentity, lookalike.Evaluation, Summary, Figures),
)
INTRODUCTION = """
[The Python API](../python-api.md) explains these names with examples. `import lookalike` is enough for all of them;
`lookalike.__version__` is the version. Methods return [records](#records), and raise [errors](#errors).
"""
OF_ALIASES = "Signatures on this page use these names for types that stand for several others."
OF_EXAMPLES = """
`ImageIndex.search` takes a list of them. One with a negative `weight`, or a minus before it, says what is not wanted:
`-Image("b.jpg")`.
"""
OF_RECORDS = "What the methods return. You read them; lookalike makes them."
OF_ERRORS = """
All are in `lookalike.errors`. `str(error)` is one or two sentences for a person: what is wrong, and what to do.
`except lookalike.errors.Unavailable` catches what a later try can mend, `PermanentError` what a person must mend.
"""
ERRORS = {name: one for name, one in vars(errors).items() if inspect.isclass(one) and one.__module__ == errors.__name__}


def page() -> Page:
    """The functions, the handle, the examples of a search, the records, the errors."""
    functions = [_function(f"lookalike.{one.__name__}", one, "##") for one in (lookalike.open, lookalike.evaluate)]
    made = [
        sections(f"### {one.__name__}", block(signature(one.__name__, one), "text"), _class(one), _table(_fields(one)))
        for one in EXAMPLES
    ]
    returned = [sections(f"### {one.__name__}", _class(one), _table(attributes(one))) for one in RECORDS]
    types = table(("name", "is"), [(code(name), alias.meaning) for name, alias in ALIASES.items()])
    failed = table(("error", "is a", "meaning"), _errors())
    parts = (
        sections("## Searching by examples", OF_EXAMPLES, *made),
        sections("## Records", OF_RECORDS, *returned),
        sections("## Types", OF_ALIASES, types),
        sections("## Errors", OF_ERRORS, failed),
    )
    summary = "the functions, classes and errors of the package, with their arguments, types and meanings"
    return Page("python.md", "Python", summary, sections(INTRODUCTION, functions[0], _handle(), *functions[1:], *parts))


def markdown(text: str) -> str:
    """A docstring as Markdown: names of errors and settings as code, pages as links."""
    text = re.sub(rf"(?<![`\w.])({'|'.join(ERRORS)}|LOOKALIKE_\*|LOOKALIKE_[A-Z_]+|\.env)(?![`\w])", r"`\1`", text)
    return re.sub(r"\bdocs/([\w/-]+)\.md", r"[\1](../\1.md)", text)


def documented(name: str, one: Any) -> str:
    """The docstring of a class, function or property. Raises MeaningMissing without one of its own."""
    has: Any = one.fget if isinstance(one, property) else one
    # A dataclass without a docstring gets its signature as one.
    text = "" if (has.__doc__ or "").startswith(f"{has.__name__}(") else has.__doc__ or ""
    meaning(text, name, f"its docstring in {_file(has)}")
    return markdown(inspect.cleandoc(text))


def attributes(one: type) -> Iterator[tuple[str, str, str]]:
    """Name, type and meaning of the fields and properties of a class. Raises MeaningMissing."""
    yield from _fields(one)
    for name, member in inspect.getmembers(one):
        if isinstance(member, property) and not name.startswith("_"):
            kind = shown_type(inspect.signature(member.fget).return_annotation) if member.fget else ""
            yield name, kind, documented(f"{one.__name__}.{name}", member)


def _fields(one: type) -> Iterator[tuple[str, str, str]]:
    below = _below_fields(one)
    for field in fields(one) if is_dataclass(one) else ():
        text = meaning(below.get(field.name), f"{one.__name__}.{field.name}", f"a string below it in {_file(one)}")
        yield field.name, shown_type(field.type), markdown(text)


def _below_fields(one: type) -> dict[str, str]:
    """Field -> the string below it, also of the classes that this one derives from."""
    found: dict[str, str] = {}
    for base in filter(is_dataclass, reversed(one.__mro__)):
        (declared,) = ast.parse(dedent(inspect.getsource(base))).body
        body = declared.body if isinstance(declared, ast.ClassDef) else []
        for field, text in pairwise(body):
            if isinstance(field, ast.AnnAssign) and isinstance(text, ast.Expr) and isinstance(text.value, ast.Constant):
                found[ast.unparse(field.target)] = str(text.value.value)
    return found


def _file(one: Any) -> str:
    return f"the module {one.__module__}"


def _class(one: type) -> str:
    return documented(one.__name__, one)


def _table(rows: Iterator[tuple[str, str, str]]) -> str:
    return table(("attribute", "type", "meaning"), [(code(name), code(kind), text) for name, kind, text in rows])


def _handle() -> str:
    handle = lookalike.ImageIndex
    methods = [
        _function(f"ImageIndex.{name}", member, "###")
        for name, member in inspect.getmembers(handle, inspect.isfunction)
        if not name.startswith("_")
    ]
    return sections("## lookalike.ImageIndex", _class(handle), _table(attributes(handle)), *methods)


def _function(name: str, function: Any, level: str) -> str:
    shown = block(signature(name, function), "text")
    return sections(f"{level} {name}", shown, documented(name, function))


def _errors() -> Iterator[tuple[str, str, str]]:
    for name, one in ERRORS.items():
        bases = ", ".join(code(base.__name__) for base in one.__bases__)
        yield code(name), bases, documented(name, one)
