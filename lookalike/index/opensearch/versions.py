"""The versions of an index in OpenSearch: numbered indexes, and the alias that says which one is read."""

from typing import Any

from lookalike.errors import IndexConflict
from lookalike.index.base import IndexInfo, IndexOptions
from lookalike.index.opensearch import address, meta
from lookalike.index.opensearch.aliases import create, described, list_indexes, next_physical
from lookalike.index.opensearch.server import Server
from lookalike.records import ModelIdentity

#: Others may create at the same moment; each takes a number of its own.
CREATE_ATTEMPTS = 5
#: In the notes of a version: the one in whose place it was put, and the models its index had before.
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
        # Of our own alone: who may see no other index could not ask for all.
        versions = list_indexes(self._url, self._options, f"{self.name}-v*")
        return [info for info in versions if info.name == self.name]

    def create(self, model: ModelIdentity) -> str:
        for _ in range(CREATE_ATTEMPTS):
            physical = next_physical(self._server, self.name)
            if create(self._server, self.name, physical, model, self._options, is_current=False):
                return physical
        raise IndexConflict(f"Others create versions of {self.name} at {self._server} all the time.", "Try again.")

    def move(self, physical: str, *, remember: bool = True) -> None:
        version = described(self._server, self.name)
        now = version.physical
        kept = meta.read(self._server, physical, self.name)
        former = {*kept.get(FORMER, ()), *meta.read(self._server, now, self.name).get(FORMER, ())}
        kept |= {FORMER: sorted(former | {version.model.fingerprint})} | ({PREVIOUS: now} if remember else {})
        meta.keep(self._server, physical, self.name, kept)
        # Both or neither; and neither if someone else has moved the alias since.
        actions = [
            {"remove": {"index": now, "alias": self.name, "must_exist": True}},
            {"add": {"index": physical, "alias": self.name}},
        ]
        self._server.call("POST", "/_aliases", {"actions": actions}, name=self.name)

    def previous(self) -> str | None:
        previous: str | None = self._notes().get(PREVIOUS)
        return previous

    def former_models(self) -> frozenset[str]:
        return frozenset(self._notes().get(FORMER, ()))

    def delete(self, physical: str) -> None:
        described(self._server, physical)
        for info in self.infos():
            # Its number may be given again, to a version that nothing should lead back to.
            kept = meta.read(self._server, info.physical, self.name)
            if kept.pop(PREVIOUS, None) == physical:
                meta.keep(self._server, info.physical, self.name, kept)
        self._server.call("DELETE", f"/{physical}", name=self.name)

    def close(self) -> None:
        self._server.close()

    def _notes(self) -> dict[str, Any]:
        return meta.read(self._server, described(self._server, self.name).physical, self.name)
