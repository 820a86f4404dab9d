"""Those who act in the story, each with a token of their own, over REST alone."""

from collections.abc import Callable
from typing import Any

import httpx

from shared.ids import new_id


class Actor:
    """Somebody with a token. `code` of an answer that is a problem, and its document, can be asked for."""

    def __init__(self, name: str, token: Callable[[], str], urls: dict[str, str], http: httpx.Client) -> None:
        self.name = name
        self._token = token
        self._urls = urls
        self._http = http

    def get(self, service: str, path: str, **params: Any) -> Any:
        """The JSON of a GET that must succeed."""
        return self._expect_success(self._send("GET", service, path, params=params))

    def text(self, service: str, path: str) -> str:
        """The body of a GET that must succeed, as it stands."""
        answer = self._send("GET", service, path)
        answer.raise_for_status()
        return answer.text

    def post(self, service: str, path: str, body: Any = None, *, key: str | None = None) -> Any:
        """The JSON of a POST that must succeed."""
        return self._expect_success(self._post(service, path, body, key))

    def put(self, service: str, path: str, body: Any) -> Any:
        """The JSON of a PUT that must succeed."""
        return self._expect_success(self._send("PUT", service, path, json=body))

    def refused(self, service: str, path: str, body: Any = None) -> dict[str, Any]:
        """The problem that a POST is answered with."""
        answer = self._post(service, path, body, None)
        assert answer.is_error, f"{path} was expected to be refused and was not: {answer.text}"
        problem: dict[str, Any] = answer.json()
        return problem

    def refused_get(self, service: str, path: str) -> dict[str, Any]:
        """The problem that a GET is answered with."""
        answer = self._send("GET", service, path)
        assert answer.is_error, f"{path} was expected to be refused and was not: {answer.text}"
        problem: dict[str, Any] = answer.json()
        return problem

    def _post(self, service: str, path: str, body: Any, key: str | None) -> httpx.Response:
        return self._send(
            "POST", service, path, json={} if body is None else body, headers={"Idempotency-Key": key or str(new_id())}
        )

    def _send(
        self, method: str, service: str, path: str, *, headers: dict[str, str] | None = None, **options: Any
    ) -> httpx.Response:
        sent = {**(headers or {}), "Authorization": f"Bearer {self._token()}"}
        return self._http.request(method, self._urls[service] + path, headers=sent, **options)

    def _expect_success(self, answer: httpx.Response) -> Any:
        assert answer.is_success, (
            f"{self.name}: {answer.request.method} {answer.request.url.path} gave {answer.status_code}: {answer.text}"
        )
        return answer.json()
