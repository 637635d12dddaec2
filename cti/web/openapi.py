"""The API's description: everything FastAPI knows, and the records of the WebSocket besides.

`python -m cti.web.openapi` prints it; the desktop's types are made from that.
"""

import json
import sys
from typing import Any, Final

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic.json_schema import models_json_schema

from cti.web.chat_messages import ChatTypes, ChatWatch
from cti.web.messages import Delta, Shown, Snapshot

SOCKET: Final = "/api/v1/events"
_TEMPLATE: Final = "#/components/schemas/{model}"
_HEARD: Final = (Shown, ChatTypes, ChatWatch)

_ABOUT: Final = """\
The public API of the contact centre; the desktop uses nothing else. All instants are Unix milliseconds by the server's
clock. Every error is a `Problem`: a sentence in the person's language, and a code.

**Who asks** is told by the cookie `triune_session` (`POST /api/v1/session`) or, for programs, by
`Authorization: Bearer` (`POST /api/v1/tokens`). Requests with a foreign `Origin` are refused.

**Live events**: WebSocket `/api/v1/events`, with the same cookie or token. The server sends one `Snapshot`, then
`Delta`s numbered from 1 without holes. A page may send `Shown`, `ChatTypes` and `ChatWatch`. Closed with 4401: sign in
again; with any other code: connect again.
"""


def describe(app: FastAPI) -> dict[str, Any]:
    """The OpenAPI document as JSON data; made once per app."""
    if app.openapi_schema is None:
        document = get_openapi(
            title="Triune",
            version=app.version,
            description=_ABOUT,
            routes=app.routes,
            separate_input_output_schemas=False,
        )
        schemas = document.setdefault("components", {}).setdefault("schemas", {})
        for name, schema in _socket_schemas().items():
            schemas[name] = schema
        document["components"]["securitySchemes"] = {
            "session": {"type": "apiKey", "in": "cookie", "name": "triune_session"},
            "token": {"type": "http", "scheme": "bearer"},
        }
        document["security"] = [{"session": []}, {"token": []}]
        document["x-websockets"] = {
            SOCKET: {
                "sends": [{"$ref": _TEMPLATE.format(model=name)} for name in ("Snapshot", "Delta")],
                "receives": [{"$ref": _TEMPLATE.format(model=model.__name__)} for model in _HEARD],
            }
        }
        app.openapi_schema = document
    return app.openapi_schema


def _socket_schemas() -> dict[str, Any]:
    """What goes over the WebSocket; there every field is always present, so every field is required."""
    _, definitions = models_json_schema(
        [(model, "serialization") for model in (Snapshot, Delta, *_HEARD)], ref_template=_TEMPLATE
    )
    schemas: dict[str, Any] = definitions["$defs"]
    for schema in schemas.values():
        if "properties" in schema:
            schema["required"] = list(schema["properties"])
    return schemas


def main() -> None:
    """Print the document."""
    from cti.web.app import bare_app

    json.dump(describe(bare_app()), sys.stdout, indent=2, ensure_ascii=False, sort_keys=True)
    sys.stdout.write("\n")


if __name__ == "__main__":
    main()
