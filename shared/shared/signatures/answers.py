"""Answers that a service signs: to each request whose signature held."""

from urllib.parse import quote

from starlette.types import ASGIApp, Receive, Scope, Send
from starlette.types import Message as ASGIMessage

from shared.signatures.keys import Signer
from shared.signatures.messages import Answer, Message, fields_of, sign_answer

_HELD = "doudi.signed"


class AnswerSigner:
    """ASGI middleware: signs the answer to each request whose signature held. Such an answer is held in memory."""

    def __init__(self, app: ASGIApp, signer: Signer) -> None:
        self._app = app
        self._signer = signer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        held: dict[str, Message] = {}
        scope[_HELD] = held
        begun: ASGIMessage = {}
        body = bytearray()

        async def send_signed(message: ASGIMessage) -> None:
            nonlocal begun
            if not held:
                await send(message)
            elif message["type"] == "http.response.start":
                begun = message
            else:
                body.extend(message.get("body", b""))
                if not message.get("more_body", False):
                    await send(self._signed(begun, bytes(body), held["request"]))
                    await send({"type": "http.response.body", "body": bytes(body)})

        await self._app(scope, receive, send_signed)

    def _signed(self, begun: ASGIMessage, body: bytes, request: Message) -> ASGIMessage:
        answer = Answer(begun["status"], {}, request)
        sign_answer(answer, body, self._signer)
        added = [(name.encode(), value.encode()) for name, value in answer.headers.items()]
        return {**begun, "headers": [*begun["headers"], *added]}


def remember_signed(scope: Scope, request: Message) -> None:
    """The signature of this request holds: its answer is to be signed, where the service has a key."""
    if _HELD in scope:
        scope[_HELD]["request"] = request


def request_of(scope: Scope) -> Message:
    """A request as it came in, as it is signed."""
    query = scope["query_string"].decode("latin-1")
    path = scope.get("raw_path", b"").decode("latin-1").partition("?")[0] or quote(scope["path"])
    fields = fields_of((name.decode("latin-1"), value.decode("latin-1")) for name, value in scope["headers"])
    return Message(scope["method"], f"{path}?{query}" if query else path, fields)
