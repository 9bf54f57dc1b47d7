"""Counts the answers by route and status."""

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from lookalike_api.state import Parts


class CountAnswers:
    """Counted under the route's pattern, never the path, which a client could make up without end."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_counted(message: Message) -> None:
            if message["type"] == "http.response.start":
                parts: Parts = scope["state"]["parts"]
                route = getattr(scope.get("route"), "path", "none")
                parts.metrics.count(scope["method"], route, message["status"])
            await send(message)

        await self._app(scope, receive, send_counted)
