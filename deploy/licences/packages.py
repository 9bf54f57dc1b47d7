"""The licence of one package: as its metadata say, or as its licence file says."""

import re
from collections.abc import Iterator
from importlib.metadata import Distribution, PackageNotFoundError, distribution

from packaging.licenses import InvalidLicenseExpression, canonicalize_license_expression

from deploy.licences.known import known

#: Names of libraries end with a digest that auditwheel gave them.
_LIBRARY = re.compile(r"(?:^|/)[^/]*(?:\.libs|/libs)/lib(?P<name>[\w.-]*?)(?:-[0-9a-f]{8})*\.so[.\d]*$")
_TEXT = re.compile(r"(?:licen[cs]e|copying)[^/]*$", re.IGNORECASE)
_COPYLEFT = re.compile(
    r"\s*(?:GNU (?:AFFERO |LESSER |LIBRARY )?GENERAL PUBLIC LICENSE|Server Side Public License)", re.I
)
_PROGRAM = re.compile(r"/[\w-]+-server$")


def installed(name: str) -> Distribution | None:
    try:
        return distribution(name)
    except PackageNotFoundError:
        return None


def licence_of(name: str) -> str | None:
    """An SPDX expression, or None if nothing says it clearly."""
    if name in known()["packages"]:
        return str(known()["packages"][name])
    package = installed(name)
    if package is None:
        said = known()["elsewhere"].get(name)
        return None if said is None else str(said)
    metadata = package.metadata
    classifiers = [line.rpartition(" :: ")[2] for line in metadata.get_all("Classifier") or [] if "License" in line]
    candidates = [metadata["License-Expression"], metadata["License"], *(classifiers if len(classifiers) == 1 else ())]
    return next((found for said in candidates if said and (found := _spdx(said))), None)


def contents_of(name: str) -> dict[str, str | None]:
    """Library or program -> its licence, for those that lie in an installed package as files of their own."""
    own = {"openvino"}
    return {
        content: known()["contents"].get(content)
        for content in sorted(_contents(name))
        if not (name in own and content.startswith(name))
    }


def copyleft_texts(name: str) -> list[str]:
    """Files of an installed package with the text of the GPL or its like, that known.toml does not explain."""
    package = installed(name)
    found = []
    for file in (package.files or []) if package else []:
        path = str(file)
        if _TEXT.search(path) and not path.startswith(tuple(known()["texts"])) and not path.endswith((".py", ".pyc")):
            text = file.locate().read_text(errors="replace")[:300]  # type: ignore[attr-defined]
            found += [path] if _COPYLEFT.match(text) else []
    return found


def _contents(name: str) -> Iterator[str]:
    package = installed(name)
    for file in (package.files or []) if package else []:
        path = str(file)
        if library := _LIBRARY.search(path):
            yield library["name"]
        elif _PROGRAM.search(path):
            yield path.rpartition("/")[2]


def _spdx(said: str) -> str | None:
    spelled = known()["spelled"].get(said.strip().partition("\n")[0])
    if spelled:
        return str(spelled)
    try:
        return str(canonicalize_license_expression(said.strip()))
    except InvalidLicenseExpression:
        return None
