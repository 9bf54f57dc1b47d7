"""The versions of an index in OpenSearch: numbered indexes, and the alias that says which one is read."""

from typing import Any

from lookalike.errors import IndexConflict, IndexMissing
from lookalike.index.base import IndexInfo
from lookalike.index.opensearch import address, meta
from lookalike.index.opensearch.aliases import create, delete, list_indexes, next_version, resolve
from lookalike.index.opensearch.server import Server
from lookalike.index.options import IndexOptions
from lookalike.metadata import Fields
from lookalike.records import ModelIdentity

#: Others may create versions at the same time; each attempt takes the next number.
CREATE_ATTEMPTS = 5
#: Keys in a version's meta: the version that it replaced, and the models that its index had before.
PREVIOUS = "previous"
FORMER = "former_models"


class OpenSearchVersions:
    """See `Versions`."""

    def __init__(self, url: str, name: str, options: IndexOptions) -> None:
        self.name = name
        self._url = url
        self._options = options
        self._server = Server(address.parse(url, options), options)

    def infos(self) -> list[IndexInfo]:
        # Of this index only: a user with access to one index could not list all of them.
        versions = list_indexes(self._url, self._options, f"{self.name}-v*")
        return [info for info in versions if info.name == self.name]

    def create(self, model: ModelIdentity) -> str:
        fields = self._fields()
        for _ in range(CREATE_ATTEMPTS):
            version = next_version(self._server, self.name)
            if create(self._server, self.name, version, model, self._options, fields=fields):
                return version
        raise IndexConflict(
            f"Cannot create a version of {self.name} at {self._server}: other clients create versions all the time.",
            "Try again.",
        )

    def move(self, version: str, *, remember: bool = True) -> None:
        current = resolve(self._server, self.name)
        content = meta.read(self._server, version, self.name)
        former = {*content.get(FORMER, ()), *meta.read(self._server, current.name, self.name).get(FORMER, ())}
        content[FORMER] = sorted(former | {current.model.fingerprint})
        if remember:
            content[PREVIOUS] = current.name
        meta.replace(self._server, version, self.name, content)
        # Both actions or none; none if another client has moved the alias meanwhile.
        actions = [
            {"remove": {"index": current.name, "alias": self.name, "must_exist": True}},
            {"add": {"index": version, "alias": self.name}},
        ]
        self._server.call("POST", "/_aliases", {"actions": actions}, name=self.name)

    def previous(self) -> str | None:
        previous: str | None = self._meta().get(PREVIOUS)
        return previous

    def former_models(self) -> frozenset[str]:
        return frozenset(self._meta().get(FORMER, ()))

    def delete(self, version: str) -> None:
        resolve(self._server, version)
        for info in self.infos():
            # Its number may be used again, by a version that no rollback must lead to.
            content = meta.read(self._server, info.version, self.name)
            if content.pop(PREVIOUS, None) == version:
                meta.replace(self._server, info.version, self.name, content)
        delete(self._server, version, self.name)

    def close(self) -> None:
        self._server.close()

    def _fields(self) -> Fields:
        """The metadata fields of the current version."""
        try:
            return resolve(self._server, self.name).layout.fields
        except IndexMissing:
            return {}

    def _meta(self) -> dict[str, Any]:
        """The meta of the current version."""
        return meta.read(self._server, resolve(self._server, self.name).name, self.name)
