"""HTTP requests to hosts that the flow grants.

The plugin lists the hosts in its `flowhost.toml` (`http = ["api.example.com"]` under `[requests]`),
and the flow grants them.

```python
response = http.post(
    "https://api.example.com/v1/slots",
    json={"day": day},
    headers={"authorization": "Bearer {{secret:api-key}}"},
    timeout=3,
)
```

**Secrets.** The plugin never sees them. In a header or a body, but not in a URL, the host replaces
`{{secret:NAME}}` by the secret that the tenant set under that name, if it is bound to the host that
the request goes to. Text from a *user* must not become such a placeholder: `json` takes care of
that, whereas `json_with_secrets`, `body` and `headers` leave text as it is.

**Limits** (the host's defaults): 8 requests a call, 4 MiB a response, and the time that is left of
the call.
"""

from __future__ import annotations

import json as _json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypedDict, TypeVar, Unpack, overload

from . import _host
from .typed import Json, Misfit, from_json, write

T = TypeVar("T")


class HttpError(Exception):
    """Why there is no response: one of the classes below."""


class NotGranted(HttpError):
    """The URL or a redirect names a host that is not granted, or a secret is not bound to the host."""

    def __init__(self, why: str) -> None:
        super().__init__(f"the request is not granted: {why}")


class InvalidRequest(HttpError):
    """The request can't be sent."""

    def __init__(self, why: str) -> None:
        super().__init__(f"the request can't be sent: {why}")


class Timeout(HttpError):
    """The request took too long."""

    def __init__(self) -> None:
        super().__init__("the request took too long")


class TooLarge(HttpError):
    """The response exceeds the flow's limits."""

    def __init__(self) -> None:
        super().__init__("the response is too large")


class QuotaExceeded(HttpError):
    """The call has used up its number of requests."""

    def __init__(self) -> None:
        super().__init__("the call has sent as many requests as it may")


class Unreachable(HttpError):
    """The host did not respond, or not with HTTP."""

    def __init__(self, why: str) -> None:
        super().__init__(f"the request failed: {why}")


class BodyError(HttpError):
    """The response's body can't be read as asked."""

    def __init__(self, why: str) -> None:
        super().__init__(f"the response's body {why}")


@dataclass(frozen=True, slots=True)
class Request:
    """A request, as a test sees it."""

    method: str
    url: str
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    body: bytes = field(default=b"", repr=False)
    timeout: float | None = None
    """In seconds."""

    def header(self, name: str) -> str | None:
        """A header as the plugin wrote it. Case does not matter."""
        return _find(self.headers, name)

    def json(self) -> Json:
        """The body as JSON."""
        return _json.loads(self.body)


@dataclass(frozen=True, slots=True)
class Response:
    """The response to a request, whatever its status."""

    status: int
    body: bytes = field(default=b"", repr=False)
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)

    @property
    def is_success(self) -> bool:
        """Whether the status is between 200 and 299."""
        return 200 <= self.status < 300

    def header(self, name: str) -> str | None:
        """The first header with this name. Case does not matter."""
        return _find(self.headers, name)

    def text(self) -> str:
        """The body as text. Raises `BodyError` if it is not UTF-8."""
        try:
            return self.body.decode()
        except UnicodeDecodeError as error:
            raise BodyError(f"is not UTF-8 from byte {error.start} on") from None

    @overload
    def json(self) -> Json: ...

    @overload
    def json(self, kind: type[T]) -> T: ...

    def json(self, kind: Any = Any) -> Any:
        """The body's JSON, read as a type. Raises `BodyError`, which names the field."""
        try:
            return from_json(kind, _json.loads(self.body))
        except Misfit as misfit:
            raise BodyError(f"does not fit: {misfit}") from None
        except ValueError:
            raise BodyError("is not JSON") from None


class Options(TypedDict, total=False):
    """What may be given for a request: see `send`."""

    headers: Mapping[str, str]
    body: bytes | str
    json: object
    json_with_secrets: object
    timeout: float


def get(url: str, **options: Unpack[Options]) -> Response:
    """Sends a `GET` request, with the options of `send`. Raises `HttpError`, as all functions here."""
    return send("GET", url, **options)


def post(url: str, **options: Unpack[Options]) -> Response:
    """Sends a `POST` request, with the options of `send`."""
    return send("POST", url, **options)


def put(url: str, **options: Unpack[Options]) -> Response:
    """Sends a `PUT` request, with the options of `send`."""
    return send("PUT", url, **options)


def patch(url: str, **options: Unpack[Options]) -> Response:
    """Sends a `PATCH` request, with the options of `send`."""
    return send("PATCH", url, **options)


def delete(url: str, **options: Unpack[Options]) -> Response:
    """Sends a `DELETE` request, with the options of `send`."""
    return send("DELETE", url, **options)


def send(
    method: str,
    url: str,
    *,
    headers: Mapping[str, str] | None = None,
    body: bytes | str | None = None,
    json: object = None,
    json_with_secrets: object = None,
    timeout: float | None = None,
) -> Response:
    """Sends a request and waits for the response, at most `timeout` seconds.

    One of `body`, `json` and `json_with_secrets` may be given. In `json`, placeholders for secrets
    stay plain text, so it is safe with text from users; in the others the host fills them in.
    """
    given = [(_host.text("a header", name), _host.text("a header", value)) for name, value in (headers or {}).items()]
    content = b""
    if body is not None:
        content = body.encode() if isinstance(body, str) else bytes(body)
    elif json is not None or json_with_secrets is not None:
        content = _written(json, json_with_secrets)
        given.append(("content-type", "application/json"))
    return _host.send(
        Request(_host.text("a method", method), _host.text("a URL", url), tuple(given), content, _seconds(timeout))
    )


def _written(json: object, with_secrets: object) -> bytes:
    try:
        if json is None:
            return write(with_secrets).encode()
        # Two braces in a row occur only inside of strings, where JSON can escape them.
        return write(json).replace("{{secret:", "\\u007b{secret:").encode()
    except (TypeError, ValueError) as error:
        raise InvalidRequest(f"its body can't be written as JSON: {error}") from None


def _seconds(timeout: float | None) -> float | None:
    return None if timeout is None else min(max(float(timeout), 0.0), 4_000_000.0)


def _find(headers: tuple[tuple[str, str], ...], name: str) -> str | None:
    return next((value for known, value in headers if known.lower() == name.lower()), None)
