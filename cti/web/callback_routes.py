"""Web callbacks for customers' pages: `/callback.js` for their tag, `/callback/v1/{key}` for the form that it opens.

The tag puts the form into a frame of ours, so what a visitor types is seen by no script of the page around it, and the
frame talks to its own origin. Which pages may frame it says its Content-Security-Policy. Nobody signs in here; the
promise's ticket stands behind the # of its link, in no log. Not here: what is promised (`callback_desk`).
"""

from pathlib import Path as FilePath
from typing import Annotated, Final

from fastapi import APIRouter, Path, Query, Request, Response
from starlette.responses import FileResponse

from cti.config import Language
from cti.web.callback_messages import (
    CallbackForm,
    CallbackHeld,
    CallbackMove,
    CallbackPromise,
    CallbackTimes,
    CallbackWhen,
    CallbackWish,
)
from cti.web.chat_limits import source_of
from cti.web.guard import AnyParts
from cti.web.problems import responses

router = APIRouter(tags=["callback"])

FOLDER: Final = FilePath(__file__).with_name("callback")
_KINDS: Final = {"page.js": "text/javascript", "page.css": "text/css"}

Key = Annotated[str, Path(max_length=40, pattern=r"^[a-z][a-z0-9_]*$")]


@router.get("/callback.js", include_in_schema=False)
async def tag() -> Response:
    """The script of the tag."""
    headers = {"Cache-Control": "public, max-age=300", "Cross-Origin-Resource-Policy": "cross-origin"}
    return FileResponse(FOLDER / "tag.js", media_type="text/javascript", headers=headers)


@router.get("/callback/v1/files/{name}", include_in_schema=False)
async def file(name: Annotated[str, Path(pattern=r"^page\.(js|css)$")]) -> Response:
    """What the form is made of."""
    return FileResponse(FOLDER / name, media_type=_KINDS[name], headers={"Cache-Control": "no-cache"})


@router.get("/callback/v1/{key}", include_in_schema=False)
async def form_page(key: Key, parts: AnyParts) -> Response:
    """The form as a page: for the frame, and for the link in a promise."""
    page = parts.callbacks.page(key)
    around = " ".join(("'self'", *page.origins))
    headers = {
        "Cache-Control": "no-cache",
        "Content-Security-Policy": (
            "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; "
            f"base-uri 'none'; form-action 'none'; frame-ancestors {around}"
        ),
    }
    return FileResponse(FOLDER / "page.html", media_type="text/html", headers=headers)


@router.get("/callback/v1/{key}/form", responses=responses(404))
async def form(
    key: Key, parts: AnyParts, response: Response, lang: Annotated[str, Query(max_length=20)] = ""
) -> CallbackForm:
    """A new form, good for one request."""
    _private(response)
    page = parts.callbacks.page(key)
    language: Language = page.spoken(lang)
    return CallbackForm(
        form=parts.callbacks.tickets.form(key, parts.engine.now()),
        least_s=page.least_s,
        work_bits=page.work_bits,
        name=page.name.in_language(language),
        consent=page.consent.in_language(language) if page.consent is not None else "",
        language=language,
        colour=page.colour,
    )


@router.post("/callback/v1/{key}/times", responses=responses(404))
async def times(key: Key, given: CallbackWhen, parts: AnyParts, response: Response) -> CallbackTimes:
    """When that number may be called."""
    _private(response)
    return await parts.callbacks.times(parts.callbacks.page(key), number=given.number, browser=given.zone)


@router.post("/callback/v1/{key}", status_code=201, responses=responses(404, 409, 429))
async def ask(key: Key, given: CallbackWish, parts: AnyParts, request: Request, response: Response) -> CallbackPromise:
    """Have this number called. Answered when it is on disk; the same form again is the same callback."""
    _private(response)
    return await parts.callbacks.ask(parts.callbacks.page(key), given, source=source_of(request))


@router.post("/callback/v1/{key}/standing", responses=responses(404))
async def standing(key: Key, given: CallbackHeld, parts: AnyParts, response: Response) -> CallbackPromise:
    """How a callback stands."""
    _private(response)
    return parts.callbacks.standing(parts.callbacks.page(key), given.promise, browser=given.zone)


@router.post("/callback/v1/{key}/cancel", responses=responses(404, 409))
async def cancel(key: Key, given: CallbackHeld, parts: AnyParts, response: Response) -> CallbackPromise:
    """Take a callback back."""
    _private(response)
    return await parts.callbacks.cancel(parts.callbacks.page(key), given.promise, browser=given.zone)


@router.post("/callback/v1/{key}/move", responses=responses(404, 409))
async def move(key: Key, given: CallbackMove, parts: AnyParts, response: Response) -> CallbackPromise:
    """Another time for a callback."""
    _private(response)
    return await parts.callbacks.move(parts.callbacks.page(key), given.promise, given.at_ms, browser=given.zone)


def _private(response: Response) -> None:
    response.headers["Cache-Control"] = "no-store"
