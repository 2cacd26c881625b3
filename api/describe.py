"""How operations are declared: cheap to call, and fully described in the OpenAPI document."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping
from functools import cache
from typing import Any

from fastapi import APIRouter
from fastapi.routing import APIRoute
from pydantic import BaseModel, TypeAdapter
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from api.authorising import admit
from api.permissions import PERMISSIONS
from api.proxies import household
from api.rates import strict
from api.services import context

REFERENCE = "#/components/schemas/{model}"
_FILE = {"schema": {"type": "string", "format": "binary"}}
Endpoint = Callable[[Request], Coroutine[Any, Any, Response]]

# The bodies, queries and answers that operations name, by their name in the document.
_shapes: dict[str, Any] = {}


class PlainRoute(APIRoute):
    """A route whose endpoint takes the request and gives the response, with nothing in between.

    FastAPI's solving of dependencies and its exit stacks cost more than a whole posting; it is kept for what
    it describes, and what it would do is done by `api.reading` where an endpoint asks for it. Whether a request
    may go on to the endpoint is told by the table of permissions; a route that is not in it is refused at once.
    """

    def __init__(self, path: str, endpoint: Endpoint, **options: Any) -> None:
        super().__init__(path, endpoint, **options)
        (method,) = self.methods or ("GET",)
        self._access = PERMISSIONS[f"{method} {path}"]
        self._policy = strict(f"{method} {path}", self._access)
        self._endpoint = endpoint
        self.app = self._run

    async def respond(self, request: Request) -> Response:
        """The endpoint's answer, if the request may have one. Raises what problems.EXPECTED lists."""
        if self._policy is not None:
            found = context(request)
            await found.services.rates.count(self._policy, household(found.address), found.counted)
        await admit(request, self._access)
        return await self._endpoint(request)

    async def _run(self, scope: Scope, receive: Receive, send: Send) -> None:
        response = await self.respond(Request(scope, receive))
        await response(scope, receive, send)


def router(tag: str, prefix: str = "/v1") -> APIRouter:
    """A router for the operations under one heading of the document."""
    return APIRouter(route_class=PlainRoute, tags=[tag], prefix=prefix)


def operation(
    summary: str,
    *,
    body: type[BaseModel] | None = None,
    example: Mapping[str, Any] | None = None,
    examples: Mapping[str, Mapping[str, Any]] | None = None,
    query: type[BaseModel] | None = None,
    status: int = 200,
    answer: Any = None,
    answer_example: Any = None,
    refusals: tuple[int, ...] = (),
    public: bool = False,
    media: str = "application/json",
    upload: tuple[str, ...] = (),
    download: tuple[str, ...] = (),
) -> dict[str, Any]:
    """What a route's decorator takes: `@routes.post("/accounts", **operation("Open an account", ...))`.

    `body` and `query` are the models that the endpoint reads with; `answer` is the shape of the answer with
    `status` (a TypedDict, checked where the answer is built). `examples` are named bodies, for operations
    with more than one form. `upload` and `download` are the media types of bodies and answers that are files.
    `refusals` are statuses worth listing; any error is problem+json.
    """
    extra: dict[str, Any] = {"parameters": _parameters(query)} if query is not None else {}
    if body is not None:
        content: dict[str, Any] = {"schema": _reference(body)}
        if examples is not None:
            content["examples"] = {name: {"value": value} for name, value in examples.items()}
        elif example is not None:
            content["example"] = example
        extra["requestBody"] = {"required": True, "content": {"application/json": content}}
    if upload:
        extra["requestBody"] = {"required": True, "content": dict.fromkeys(upload, _FILE)}
    if public:
        extra["security"] = []
    good: dict[str, Any] = {"description": summary + "."}
    if answer is not None or answer_example is not None:
        good["content"] = {media: {}}
        if answer is not None:
            good["content"][media]["schema"] = _reference(answer)
        if answer_example is not None:
            good["content"][media]["example"] = answer_example
    if download:
        good["content"] = dict.fromkeys(download, _FILE)
    described = {str(status): good} | {
        str(code): {"$ref": f"#/components/responses/{code}"} for code in refusals
    }
    extra["responses"] = described
    return {"summary": summary, "status_code": status, "response_class": Response, "openapi_extra": extra}


@cache
def shapes() -> dict[str, Any]:
    """The JSON schemas of every shape that an operation named, and of what those contain."""
    schemas: dict[str, Any] = {}
    for name, shape in sorted(_shapes.items()):
        schema = TypeAdapter(shape).json_schema(ref_template=REFERENCE, mode="validation")
        schemas |= schema.pop("$defs", {})
        schemas[name] = schema
    return schemas


def _reference(shape: Any) -> dict[str, Any]:
    name = getattr(shape, "__name__", None)
    if name is None:
        # A union or another anonymous shape is written where it stands.
        adapter: TypeAdapter[Any] = TypeAdapter(shape)
        schema = adapter.json_schema(ref_template=REFERENCE)
        for inner in schema.pop("$defs", {}):
            _shapes.setdefault(inner, _named(shape, inner))
        return schema
    if _shapes.setdefault(name, shape) is not shape:
        raise ValueError(f"two shapes are called {name}")
    return {"$ref": REFERENCE.format(model=name)}


def _named(shape: Any, name: str) -> Any:
    for part in getattr(shape, "__args__", ()):
        if getattr(part, "__name__", None) == name:
            return part
    raise ValueError(f"{name} needs a name of its own in the document")


def _parameters(query: type[BaseModel]) -> list[dict[str, Any]]:
    schema = query.model_json_schema(ref_template=REFERENCE)
    required = schema.get("required", ())
    return [
        {
            "name": name,
            "in": "query",
            "required": name in required,
            "schema": {k: v for k, v in described.items() if k not in ("title", "description")},
            **({"description": described["description"]} if "description" in described else {}),
        }
        for name, described in schema.get("properties", {}).items()
    ]
