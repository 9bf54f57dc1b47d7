"""The same search in the article's way, as a program: load_img, Keras' `predict` on one image, a k-NN query.

Run as `python -m benchmarks.predict PORT INDEX_URL INDEX MODEL [WEIGHTS]`; it listens after a first run of the model.
Threads accept the requests; one at a time uses the model, because `predict` is not thread-safe.
"""

import json
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np

from lookalike.embedding import resolve
from lookalike.embedding.graph.keras_models import build
from lookalike.records import Vector

K = 10
#: Connections that may wait to be accepted.
BACKLOG = 64


class Predictor:
    """Embeds a query image and searches, as the article does."""

    def __init__(self, index_url: str, index: str, model: str, weights: str | None) -> None:
        from opensearchpy import OpenSearch

        self._model = build(resolve(model, weights=Path(weights) if weights else None))
        self._turn = threading.Lock()
        self._client = OpenSearch(index_url, pool_maxsize=16)
        self._index = index

    def vector(self, pixels: Any) -> Vector:
        with self._turn:
            vectors = self._model.predict(np.expand_dims(pixels, 0), verbose=0)
        vector: Vector = vectors[0]
        return vector

    def search(self, data: bytes) -> dict[str, Any]:
        import keras

        pixels = keras.utils.img_to_array(keras.utils.load_img(BytesIO(data), target_size=(224, 224)), dtype="uint8")
        nearest = {"image_embedding": {"vector": self.vector(pixels).tolist(), "k": K}}
        body = {"size": K, "_source": ["uri", "name", "metadata"], "query": {"knn": nearest}}
        hits = self._client.search(index=self._index, body=body)["hits"]["hits"]
        return {"matches": [{"id": hit["_id"], "score": hit["_score"], **hit["_source"]} for hit in hits]}


def serve(port: int, predictor: Predictor) -> None:
    class Answer(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        # Without this, the body of an answer waits 40 ms for the acknowledgement of the headers.
        disable_nagle_algorithm = True

        def do_GET(self) -> None:
            self._send({})

        def do_POST(self) -> None:
            self._send(predictor.search(self.rfile.read(int(self.headers["Content-Length"]))))

        def _send(self, answer: dict[str, Any]) -> None:
            body = json.dumps(answer).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *arguments: Any) -> None:
            """Log nothing."""

    class Server(ThreadingHTTPServer):
        request_queue_size = BACKLOG

    Server(("127.0.0.1", port), Answer).serve_forever()


def main(port: str, index_url: str, index: str, model: str, weights: str | None = None) -> None:
    predictor = Predictor(index_url, index, model, weights)
    predictor.vector(np.zeros((224, 224, 3), np.uint8))
    serve(int(port), predictor)


if __name__ == "__main__":
    main(*sys.argv[1:])
