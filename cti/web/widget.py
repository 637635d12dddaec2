"""The chat widget's one file, for the tag on customers' pages, and the demo's own customer page that carries it.

The widget is built from `cti/web/widget` at set-up (`cti.setup.node`). Not here: what it speaks with (`chat_visitors`).
"""

from pathlib import Path
from typing import Final

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, RedirectResponse, Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

FOLDER: Final = Path(__file__).with_name("widget")
BUILT: Final = FOLDER / "dist" / "widget.js"

router = APIRouter()


@router.api_route("/widget.js", methods=["GET", "HEAD"], include_in_schema=False)
async def widget() -> Response:
    """The script; asked for anew each time, and sent when it has changed."""
    if not BUILT.is_file():
        return PlainTextResponse("The widget is not built. Run: make setup.\n", status_code=503)
    return FileResponse(BUILT, media_type="text/javascript", headers={"Cache-Control": "public, max-age=300"})


async def to_shop(_request: Request) -> Response:
    """The shop's address as people type it."""
    return RedirectResponse("/demo/shop/")


class Shop(StaticFiles):
    """The demo's customer page: a shop of its own looks, with the widget's tag at its end."""

    def __init__(self) -> None:
        super().__init__(directory=FOLDER / "shop", html=True)

    async def get_response(self, path: str, scope: Scope) -> Response:
        """A file of the shop."""
        response = await super().get_response(path, scope)
        response.headers["Cache-Control"] = "no-cache"
        return response
