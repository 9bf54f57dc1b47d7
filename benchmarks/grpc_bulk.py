"""Sends bulk requests over OpenSearch's gRPC interface instead of HTTP."""

from importlib import import_module
from typing import Any

import orjson

from benchmarks import smile
from benchmarks.ways import Variation, source
from lookalike.index.opensearch import bulk
from lookalike.records import Document

#: The server's gRPC transport.
TRANSPORT = "transport-grpc"
#: The server's default is 10 MB.
LARGEST_MESSAGE = "100mb"
MESSAGES = "opensearch.protobufs.schemas.common_pb2"
SERVICE = "opensearch.protobufs.services.document_service_pb2_grpc"
TIMEOUT_S = 60.0


class NoGrpc(Exception):
    """gRPC cannot be measured here; `str()` says why."""


def server_settings(port: int) -> dict[str, str]:
    """The OpenSearch settings for gRPC on this port of the loopback interface."""
    return {
        "aux.transport.types": f"[{TRANSPORT}]",
        f"aux.transport.{TRANSPORT}.port": str(port),
        "grpc.host": "127.0.0.1",
        "grpc.netty.max_msg_size": LARGEST_MESSAGE,
    }


class Grpc(Variation):
    """JSON documents inside protobuf operations. Raises NoGrpc."""

    def __init__(self, url: str, name: str, port: int) -> None:
        super().__init__(url, name)
        try:
            self._grpc, self._messages, service = (import_module(name) for name in ("grpc", MESSAGES, SERVICE))
        except ImportError as error:
            raise NoGrpc(f"{error}; pip install grpcio opensearch-protobufs") from error
        unlimited = [("grpc.max_send_message_length", -1), ("grpc.max_receive_message_length", -1)]
        self._channel = self._grpc.insecure_channel(f"127.0.0.1:{port}", options=unlimited)
        self._bulk = service.DocumentServiceStub(self._channel).Bulk

    def encode(self, document: Document) -> bulk.Operation:
        body = orjson.dumps(source(document), option=orjson.OPT_SERIALIZE_NUMPY)
        return bulk.Operation(document.id, document.uri, body)

    def close(self) -> None:
        self._channel.close()
        super().close()

    def send_once(self, operations: list[bulk.Operation]) -> Any:
        request = self._messages.BulkRequest(index=self.name, require_alias=True)
        for operation in operations:
            line = request.bulk_request_body.add(object=operation.body)
            line.operation_container.index.x_id = operation.id
        try:
            items = self._bulk(request, timeout=TIMEOUT_S).items
        except self._grpc.RpcError as error:
            raise NoGrpc(f"{error.code().name}: {error.details()}") from error
        return {"items": [{"index": _answer(item.index)} for item in items]}


class GrpcSmile(Grpc):
    """SMILE documents inside protobuf operations."""

    has_whole_source = True

    def encode(self, document: Document) -> bulk.Operation:
        return bulk.Operation(document.id, document.uri, smile.encode(source(document)))


def _answer(item: Any) -> dict[str, Any]:
    """The item as the HTTP interface would return it. Its status becomes an HTTP status."""
    if not item.HasField("error"):
        return {"status": 200}
    return {"status": 400, "error": {"type": item.error.type, "reason": item.error.reason}}
