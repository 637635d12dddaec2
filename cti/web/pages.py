"""The desktop's built pages: files as they are, and `index.html` for every other path (pages route themselves)."""

from pathlib import Path
from typing import Final

from starlette.exceptions import HTTPException
from starlette.responses import PlainTextResponse, Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from cti.web import words

FOR_EVER: Final = "public, max-age=31536000, immutable"


class Pages(StaticFiles):
    """Serves `directory`; what Vite puts under `assets/` carries its hash in the name and never changes."""

    def __init__(self, directory: Path) -> None:
        super().__init__(directory=directory, html=True, check_dir=False)
        self._index = directory / "index.html"

    async def get_response(self, path: str, scope: Scope) -> Response:
        """The file, the index, or a plain word when the pages are not built."""
        if path.startswith("api/") or path == "api":
            raise HTTPException(404)
        try:
            response = await super().get_response(path, scope)
        except HTTPException as error:
            if error.status_code != 404 or path.startswith("assets/"):
                raise
            response = await self._fallback(scope)
        response.headers["Cache-Control"] = FOR_EVER if path.startswith("assets/") else "no-cache"
        return response

    async def _fallback(self, scope: Scope) -> Response:
        if not self._index.is_file():
            return PlainTextResponse(words.problem("no_pages", words.DEFAULT) + "\n", status_code=503)
        return await super().get_response("index.html", scope)
