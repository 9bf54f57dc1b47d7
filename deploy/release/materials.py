"""Software bills of materials (CycloneDX) of what `pip install lookalike[all]` and each container image hold."""

from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from uuid import NAMESPACE_URL, uuid5

from cyclonedx.model import ExternalReference, ExternalReferenceType, HashAlgorithm, HashType, Property, XsUri
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.model.license import LicenseExpression
from cyclonedx.output.json import JsonV1Dot6
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from packageurl import PackageURL

from deploy.licences.packages import licence_of
from deploy.locks import Locked, read_lock
from deploy.release.dockerfile import paths_of, read_stages, targets
from deploy.release.failed import Failed

#: Name of the property that says when a package is installed.
MARKER = "lookalike:marker"


def write_materials(root: Path, folder: Path, version: str, epoch: int) -> Iterator[Path]:
    """One file for each lock: that of all extras, and those of the images."""
    for name, lock in _locks(root):
        path = folder / f"lookalike-{version}-{name}.cdx.json"
        path.write_text(JsonV1Dot6(bill_of(root / lock, version, epoch)).output_as_string(indent=1) + "\n")
        yield path


def check_materials(path: Path) -> None:
    """Raises Failed if a file does not have the form that CycloneDX prescribes."""
    if error := _validator().validate_str(path.read_text()):
        raise Failed(f"{path.name} is not valid CycloneDX: {error}")


@cache  # it reads the schema, which takes seconds
def _validator() -> JsonStrictValidator:
    return JsonStrictValidator(SchemaVersion.V1_6)


def bill_of(lock: Path, version: str, epoch: int) -> Bom:
    ours = _component("lookalike", version, ComponentType.APPLICATION)
    bill = Bom(serial_number=uuid5(NAMESPACE_URL, f"lookalike {version} {lock.read_text()}"))
    bill.metadata.component, bill.metadata.timestamp = ours, datetime.fromtimestamp(epoch, UTC)
    parts = [_part(locked) for locked in read_lock(lock)]
    bill.components.update(parts)
    bill.register_dependency(ours, parts)
    return bill


def _locks(root: Path) -> Iterator[tuple[str, str]]:
    yield "all", "requirements.lock"
    stages = read_stages(root / "Dockerfile")
    for target in targets(stages):
        # The stage that installs the packages of an image is named after it; other stages build its model.
        (lock,) = (path for path in paths_of(f"build-{target}", stages) if path.endswith(".lock"))
        yield target, lock


def _part(locked: Locked) -> Component:
    part = _component(locked.name, locked.version, ComponentType.LIBRARY)
    files = [HashType(alg=HashAlgorithm.SHA_256, content=digest) for digest in locked.hashes]
    where = XsUri(str(part.purl))
    part.external_references.add(ExternalReference(type=ExternalReferenceType.DISTRIBUTION, url=where, hashes=files))
    if licence := licence_of(locked.name):
        part.licenses.add(LicenseExpression(licence))
    if locked.marker:
        part.properties.add(Property(name=MARKER, value=locked.marker))
    return part


def _component(name: str, version: str, type: ComponentType) -> Component:
    url = PackageURL("pypi", None, name, version)
    return Component(name=name, version=version, type=type, purl=url, bom_ref=str(url))
