"""The OpenAPI document, made from the views, what is @documented beside them, the serializers and the shapes."""

import functools
import http
import inspect
from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any

import msgspec
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.openapi import AutoSchema

from chat.api import shapes
from chat.api.contract import Documented, Page, Shape
from chat.api.examples import EXAMPLES
from chat.api.scopes import scope_needed
from delivery.wire import ids

_REF = "#/components/schemas/{name}"
#: Refusals that any operation can meet: no login, no scope, no JSON accepted, too many requests, a mistake of ours, no database.
ANYWHERE = (401, 403, 406, 429, 500, 503)
WRITES = ("POST", "PUT", "PATCH", "DELETE")

#: What each refusal is, once.
REFUSALS = {
    400: "What was sent can't be used as it is; `errors` says which fields.",
    401: "Nobody is signed in, or the token is not valid any more.",
    403: "The caller may not do this, or the token lacks the scope.",
    404: "There is nothing here, or nothing that the caller may see.",
    406: "Answers are JSON, and Accept has no place for it.",
    409: "It can't be done as things stand.",
    412: "It is not any more what If-Match says; the code is `conflict`.",
    413: "The body is too large.",
    415: "Bodies are JSON.",
    429: "Too much in too short a time: the same may be sent again after Retry-After.",
    500: "A mistake of ours, noted under `request_id`.",
    503: "It can't be answered now: the same may be sent again after Retry-After.",
}
_SECONDS = {"type": "integer", "minimum": 0}
HEADERS: dict[str, Any] = {
    "X-Request-ID": {"description": "The request in our log.", "schema": {"type": "string"}},
    "ETag": {"description": "The number of the last change, for If-Match.", "schema": {"type": "string"}},
    "Link": {"description": 'RFC 8288: rel="next" and rel="prev".', "schema": {"type": "string"}},
    "Retry-After": {"description": "Seconds.", "schema": _SECONDS},
    "WWW-Authenticate": {"description": "RFC 6750.", "schema": {"type": "string"}},
    "X-RateLimit-Limit": {
        "description": "How many are allowed in the window: messages, channels, or else requests of any kind.",
        "schema": _SECONDS,
    },
    "X-RateLimit-Remaining": {"description": "How many of them are left.", "schema": _SECONDS},
    "X-RateLimit-Reset": {"description": "Seconds until one more is allowed.", "schema": _SECONDS},
}
_RATES = ("X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset")


@functools.cache
def document() -> dict[str, Any]:
    """The whole document; the same for everybody."""
    generator: Any = SchemaGenerator
    found: dict[str, Any] = generator().get_schema(request=None, public=True)
    found["components"] = _with_components(found.get("components", {}))
    return found


def documentation_of(view: Any, method: str) -> Documented:
    """Raises LookupError for an operation that nobody has documented."""
    try:
        found: Documented = getattr(view, method.lower()).documented
    except AttributeError:
        raise LookupError(f"{view} {method} is not @documented") from None
    return found


class OperationSchema(AutoSchema):
    """DRF's DEFAULT_SCHEMA_CLASS: where drf-spectacular would guess, what is written beside the operation is taken."""

    @property
    def _documented(self) -> Documented:
        return documentation_of(self.view, self.method)

    def get_operation_id(self) -> str:
        words = [part.strip("{}") for part in self.path.split("/") if part][2:]
        return "_".join([self.method.lower(), *words])

    def get_tags(self) -> list[str]:
        return [next(part for part in self.path.split("/")[3:] if part)]

    def get_summary(self) -> str:
        return self._sentences()[0]

    def get_description(self) -> str:  # type: ignore[override]  # (drf-spectacular's own)
        scope = scope_needed(self.view, self.method)
        return "\n\n".join([*self._sentences()[1:], f"A token needs the scope `{scope}`."])

    def _sentences(self) -> list[str]:
        said = inspect.getdoc(getattr(self.view, self.method.lower())) or ""
        first, _, rest = said.partition("\n\n")
        return [" ".join(part.split()) for part in (first, rest) if part]

    def get_auth(self) -> list[dict[str, list[str]]]:
        return [{"token": []}, {"session": []}]

    def get_request_serializer(self) -> Any:
        return self._documented.takes

    def _get_request_body(self, direction: Any = "request") -> Any:
        takes = self._documented.takes
        if self.method != "DELETE" or takes is None:
            return super()._get_request_body(direction)  # type: ignore[no-untyped-call]  # (drf-spectacular)
        # Why, and for how long: drf-spectacular knows no body of a DELETE. It may be left out.
        return {"content": {"application/json": {"schema": self.resolve_serializer(takes, direction).ref}}}

    def _get_parameters(self) -> list[dict[str, Any]]:
        names = [part.strip("{}") for part in self.path.split("/") if part.startswith("{")]
        number = {"type": "integer", "minimum": 0, "maximum": ids.MOST}
        in_path = [{"in": "path", "name": name, "required": True, "schema": number} for name in names]
        said = self._documented
        in_query = [_parameter(name, schema, one_of=said.one_of) for name, schema in said.query.items()]
        return [*in_path, *in_query, *([_IF_MATCH] if 412 in said.refuses else [])]

    def _get_response_bodies(self, direction: Any = "response") -> dict[str, Any]:
        answers = {str(status): self._answer(status, given) for status, given in self._documented.gives.items()}
        return answers | {str(status): {"$ref": f"#/components/responses/{status}"} for status in self._refusals()}

    def _answer(self, status: int, given: Shape | Page | None) -> dict[str, Any]:
        headers = [
            "X-Request-ID",
            *(["Link"] if isinstance(given, Page) else []),
            *(["ETag"] if self._documented.has_etag else []),
            *_RATES,
        ]
        answer: dict[str, Any] = {"description": http.HTTPStatus(status).phrase, "headers": _headers(headers)}
        if given is not None:
            answer["content"] = {"application/json": {"schema": _schema_of(given, self._documented.query)}}
        return answer

    def _refusals(self) -> list[int]:
        said = self._documented
        found = {*ANYWHERE, *said.refuses}
        found |= {404} if "{" in self.path else set()
        found |= {400} if said.takes or said.query else set()
        found |= {400, 413, 415} if self.method in WRITES else set()
        return sorted(found)


_IF_MATCH = {
    "in": "header",
    "name": "If-Match",
    "schema": {"type": "string"},
    "description": "The ETag under which it was read: if it is another by now, nothing is done.",
}


def _parameter(name: str, schema: dict[str, Any], *, one_of: Sequence[str]) -> dict[str, Any]:
    shape = {key: value for key, value in schema.items() if key not in ("description", "required", "example")}
    described = {"in": "query", "name": name, "schema": shape, "description": schema.get("description", "")}
    if name in one_of:
        others = " and ".join(other for other in one_of if other != name)
        described |= {
            "description": f"{described['description']} Not together with {others}.",
            "x-excludes": others.split(" and "),
        }
    return described | {key: schema[key] for key in ("required", "example") if key in schema}


def _headers(names: list[str]) -> dict[str, Any]:
    return {name: {"$ref": f"#/components/headers/{name}"} for name in names}


def _schema_of(given: Shape | Page, query: Mapping[str, Any] = MappingProxyType({})) -> dict[str, Any]:
    if not isinstance(given, Page):
        return {"$ref": _REF.format(name=given.__name__)}
    link = {"type": ["string", "null"], "format": "uri"}
    results = {"type": "array", "items": _schema_of(given.of)}
    turns = [f"next_{given.by}", *([f"previous_{given.back_by}"] if given.back_by else [])]
    begins = {turn: {"type": [query[given.by]["type"], "null"]} for turn in turns}
    properties = {
        "results": results,
        "next": link,
        "previous": link,
        "has_more": {"type": "boolean"},
        **begins,
        **given.more,
    }
    return {"type": "object", "properties": properties, "required": sorted(properties)}


def _with_components(found: dict[str, Any]) -> dict[str, Any]:
    _, of_shapes = msgspec.json.schema_components(list(_shapes()), ref_template=_REF)
    taken = {name: _strict(schema) for name, schema in found.get("schemas", {}).items()}
    schemas: dict[str, Any] = {**taken, **of_shapes}
    for name, example in EXAMPLES.items():
        schemas[name] = {**schemas[name], "examples": [example]}
    return {
        "schemas": dict(sorted(schemas.items())),
        "responses": {str(status): _refusal(status, text) for status, text in REFUSALS.items()},
        "headers": HEADERS,
        "securitySchemes": {
            "token": {"type": "http", "scheme": "bearer", "description": "`Authorization: Bearer gapless_…`"},
            "session": {
                "type": "apiKey",
                "in": "cookie",
                "name": "gapless_session",
                "description": "Of a browser that has signed in; under https its name begins with __Host-, without"
                " ALLOWED_ORIGINS it ends with the port. Writing needs X-CSRFToken.",
            },
        },
    }


def _strict(schema: dict[str, Any]) -> dict[str, Any]:
    if schema.get("type") != "object":
        return schema
    # Requests refuse fields that they don't know; answers may grow. What all of them refuse describes none.
    return {key: value for key, value in schema.items() if key != "description"} | {"additionalProperties": False}


def _shapes() -> Iterator[Shape]:
    return (shape for shape in vars(shapes).values() if isinstance(shape, type) and issubclass(shape, msgspec.Struct))


def _refusal(status: int, description: str) -> dict[str, Any]:
    names = {401: ["WWW-Authenticate"], 403: ["WWW-Authenticate"], 429: ["Retry-After", *_RATES], 503: ["Retry-After"]}
    return {
        "description": description,
        "headers": _headers(["X-Request-ID", *names.get(status, [])]),
        "content": {"application/problem+json": {"schema": _schema_of(shapes.Problem)}},
    }
