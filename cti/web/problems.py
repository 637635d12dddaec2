"""Every error that leaves the web: a status, a code and a sentence in the reader's language.

Here: `Refusal` (the web's own noes) and the handlers that turn the error tree into `Problem`. Nothing that a library
or the database said gets out: an unforeseen error is logged under a short number, and only the number is shown.
"""

import logging
import math
import secrets
from typing import Any, Final

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from cti.errors import Busy, NotAllowed, NotFound, OutsideError, RuleError
from cti.web import words
from cti.web.messages import Problem

log = logging.getLogger(__name__)

DESCRIPTIONS: Final[dict[int, str]] = {
    401: "Nobody is signed in",
    403: "The role or the origin does not permit it",
    404: "There is no such thing, or it is not yours to see",
    409: "A rule forbids it now; nothing has changed",
    410: "It was erased",
    413: "The body is too large",
    422: "Some fields are not right",
    429: "Too many tries; Retry-After says when",
    500: "An unforeseen error, logged under the number shown",
    503: "A part of the centre does not answer; Retry-After says when",
}


_VAGUE: Final = frozenset({"refused", "not_found", "not_allowed", "illegal_transition"})
"""Codes of whole classes of errors."""


def responses(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The `responses` of a route for OpenAPI; those that any route can give are added."""
    return {
        status: {"model": Problem, "description": DESCRIPTIONS[status]} for status in sorted({*statuses, 422, 500, 503})
    }


class Refusal(RuleError):
    """The web says no: `code` is a key of `words.PROBLEMS`, `values` fill its sentence."""

    def __init__(self, status: int, code: str, *, retry_after_s: float | None = None, **values: object) -> None:
        super().__init__(words.problem(code, words.DEFAULT, **values), code=code)
        self.status = status
        self.retry_after_s = retry_after_s
        self.values = values


def reply(status: int, code: str, sentence: str, *, retry_after_s: float | None = None) -> JSONResponse:
    """The response for a problem."""
    headers = {} if retry_after_s is None else {"Retry-After": str(max(1, math.ceil(retry_after_s)))}
    return JSONResponse(Problem(code=code, sentence=sentence).model_dump(), status_code=status, headers=headers)


def language(request: Request) -> str:
    """The signed-in person's language, else the browser's."""
    person = getattr(request.state, "person", None)
    return words.language_of(person.language if person else request.headers.get("accept-language", ""))


def install(app: FastAPI) -> None:
    """Give the app its handlers."""
    app.add_exception_handler(RuleError, _rule)
    app.add_exception_handler(OutsideError, _outside)
    app.add_exception_handler(RequestValidationError, _validation)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(Exception, _unforeseen)


async def _rule(request: Request, error: Exception) -> JSONResponse:
    spoken = language(request)
    match error:
        case Refusal():
            sentence = words.problem(error.code, spoken, **error.values)
            return reply(error.status, error.code, sentence, retry_after_s=error.retry_after_s)
        case NotFound():
            return reply(404, error.code, _said(error, spoken))
        case NotAllowed():
            return reply(403, error.code, _said(error, spoken))
        case _:
            assert isinstance(error, RuleError)
            return reply(409, error.code, _said(error, spoken))


def _said(error: RuleError, spoken: str) -> str:
    """The catalogue's sentence; the core's own, which is English, when the code says less than it."""
    is_vague = error.code in _VAGUE or error.code not in words.PROBLEMS
    return str(error) if is_vague and spoken == words.DEFAULT and str(error) else words.problem(error.code, spoken)


async def _outside(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, OutsideError)
    log.warning("%s", type(error).__name__, extra={"action": "request_failed", "path": request.url.path})
    seconds = max(1, math.ceil(error.retry_after_s))
    status, code = (429, "strained") if isinstance(error, Busy) else (503, "unavailable")
    sentence = words.problem(code, language(request), seconds=seconds)
    return reply(status, code, sentence, retry_after_s=seconds)


async def _validation(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    fields = sorted({".".join(str(part) for part in _place(detail["loc"])) for detail in error.errors()})
    return reply(422, "invalid", words.problem("invalid", language(request), fields=", ".join(fields)))


def _place(location: tuple[int | str, ...]) -> tuple[int | str, ...]:
    """Where the field stands, without the `body` or `query` in front; the body itself when it is no JSON at all."""
    named = tuple(part for part in location[1:] if isinstance(part, str))
    return tuple(str(part)[:40] for part in named) or location[:1]


async def _http(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    code = {401: "not_signed_in", 403: "not_allowed", 404: "not_found", 405: "method_not_allowed"}.get(
        error.status_code, "refused"
    )
    return reply(error.status_code, code, words.problem(code, language(request)))


async def _unforeseen(request: Request, error: Exception) -> JSONResponse:
    number = secrets.token_hex(4)
    route = getattr(request.scope.get("route"), "path", "?")
    log.error("error %s", number, exc_info=error, extra={"action": "request_broke", "path": route, "number": number})
    return reply(500, "internal", words.problem("internal", language(request), number=number))
