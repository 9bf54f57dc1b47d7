"""The text side of the model of an index."""

import threading
from collections.abc import Callable

from lookalike.embedding import TextEncoder
from lookalike.errors import LookalikeError
from lookalike.index.base import Index
from lookalike.records import ModelIdentity

LoadText = Callable[[ModelIdentity], TextEncoder]


class Texts:
    """Loads the text encoder of the model whose vectors an index holds, and another one when the index moves to another
    model. Thread-safe.

    `load` raises BadQuery for a model without a text side. `has_text` says whether it has one, and loads nothing.
    """

    def __init__(self, index: Index, *, load: LoadText, has_text: Callable[[ModelIdentity], bool]) -> None:
        self._index = index
        self._load = load
        self._has_text = has_text
        self._loading = threading.Lock()
        self._encoder: TextEncoder | None = None
        self._known: dict[ModelIdentity, bool] = {}

    def encoder(self) -> TextEncoder:
        """The one that was loaded last, or the first one. Raises as `refresh`."""
        return self._encoder or self.refresh()

    def refresh(self) -> TextEncoder:
        """The encoder of the model of the index now; loaded unless it already is. Raises BadQuery if that model has no
        text side, ModelUnavailable, MissingExtra, ModelMismatch, BadSetting."""
        with self._loading:
            stored = self._index.model()
            if self._encoder is None or self._encoder.identity.fingerprint != stored.fingerprint:
                self._encoder = self._load(stored)
            return self._encoder

    def are_known(self, model: ModelIdentity) -> bool:
        """Whether this model, which the index holds, has a text side on this machine."""
        if model not in self._known:
            try:
                self._known[model] = self._has_text(model)
            except LookalikeError:
                # Its files may come back.
                return False
        return self._known[model]
