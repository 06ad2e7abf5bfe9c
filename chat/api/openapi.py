"""The OpenAPI document, made from the views, their @documented declarations, and the structs that they take and give."""

import functools
import http
import inspect
import re
from collections.abc import Iterator, Sequence
from typing import Any, get_args

import msgspec
from django.urls import get_resolver
from rest_framework.views import APIView

from chat import shapes
from chat.api.contract import Documented, Given, Shape, is_union, page_kind
from chat.api.examples import examples
from chat.api.paths import ROOT
from chat.api.reading import choices_of
from chat.api.scopes import scope_needed
from delivery.wire import ids

_REF = "#/components/schemas/{name}"
#: Refusals of every operation: no login, no scope, no JSON accepted, too many requests, an error of the server, no database.
ANYWHERE = (401, 403, 406, 429, 500, 503)
WRITES = ("POST", "PATCH", "DELETE")
METHODS = ("GET", *WRITES)
_IN_PATH = re.compile(r"<(?:int|str):(\w+)>")
#: The schemas of path parameters that are not numbers.
_WORDS = {"key": {"type": "string", "minLength": 1, "maxLength": 40, "pattern": "^[A-Za-z0-9_-]+$"}}
_DESCRIPTION = """Channels, messages and people over HTTP. The socket is described in /api/v1/asyncapi.json. Errors are
application/problem+json, with the socket's codes. A client may repeat a request that got no answer: messages with the same
client_msg_id are one message, for ever."""
_LOGINS = {
    "token": {"type": "http", "scheme": "bearer", "description": "`Authorization: Bearer gapless_…`"},
    "session": {
        "type": "apiKey",
        "in": "cookie",
        "name": "gapless_session",
        "description": "The cookie of a signed-in browser. Over https its name begins with __Host-; without ALLOWED_ORIGINS it"
        " ends with the port. Writing needs X-CSRFToken.",
    },
}

#: The sentence for each refusal.
REFUSALS = {
    400: "The request is not valid; `errors` names the fields.",
    401: "The caller is not signed in, or the token is no longer valid.",
    403: "The caller may not do this, or the token lacks the scope.",
    404: "There is nothing here, or nothing that the caller may see.",
    406: "The server answers with JSON, which Accept does not allow.",
    409: "The current state does not allow this.",
    408: "The body came too slowly.",
    412: "It has changed since the version that If-Match names; the code is `conflict`.",
    413: "The body is too large.",
    415: "The body is not JSON, or files of this type are not accepted.",
    416: "The file does not have this range.",
    429: "Too much in too short a time: send the same request again after Retry-After.",
    500: "An error of the server, logged under `request_id`.",
    503: "The server can't answer now: send the same request again after Retry-After.",
}
_SECONDS = {"type": "integer", "minimum": 0}
HEADERS: dict[str, Any] = {
    "X-Request-ID": {"description": "The id of the request in the server's log.", "schema": {"type": "string"}},
    "ETag": {"description": "The number of the last change, for If-Match.", "schema": {"type": "string"}},
    "Link": {"description": 'RFC 8288: rel="next" and rel="prev".', "schema": {"type": "string"}},
    "Retry-After": {"description": "Seconds.", "schema": _SECONDS},
    "WWW-Authenticate": {"description": "RFC 6750.", "schema": {"type": "string"}},
    "X-RateLimit-Limit": {
        "description": "How many the window allows: messages, channels, or for other operations requests.",
        "schema": _SECONDS,
    },
    "X-RateLimit-Remaining": {"description": "How many of them are left.", "schema": _SECONDS},
    "X-RateLimit-Reset": {"description": "Seconds until one more is allowed.", "schema": _SECONDS},
}
_RATES = ("X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset")


@functools.cache
def document() -> dict[str, Any]:
    """The whole document; every caller gets the same."""
    return {
        "openapi": "3.1.1",
        "info": {
            "title": "Gapless",
            "version": "1",
            "description": " ".join(_DESCRIPTION.split()),
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "servers": [{"url": "/"}],
        "paths": {path: _item(path, view) for path, view in _views()},
        "components": _components(),
    }


def documentation_of(view: Any, method: str) -> Documented:
    """Raises LookupError for an operation that is not @documented."""
    try:
        found: Documented = getattr(view, method.lower()).documented
    except AttributeError:
        raise LookupError(f"{view} {method} is not @documented") from None
    return found


def _views() -> Iterator[tuple[str, type[APIView]]]:
    """Each documented path as OpenAPI spells it, with the class of its views."""
    for path, pattern in _patterns(get_resolver().url_patterns):
        if path.startswith(ROOT) and (view := getattr(pattern.callback, "cls", None)):
            yield _IN_PATH.sub(r"{\1}", path.replace("<int:pk>", "<int:id>")), view


def _patterns(patterns: Sequence[Any], prefix: str = "/") -> Iterator[tuple[str, Any]]:
    for pattern in patterns:
        path = prefix + str(pattern.pattern)
        if hasattr(pattern, "url_patterns"):
            # (The admin makes its patterns when they are asked for; only paths of the API are needed here.)
            yield from _patterns(pattern.url_patterns, path) if path.startswith(ROOT) else ()
        else:
            yield path, pattern


def _item(path: str, view: type[APIView]) -> dict[str, Any]:
    methods = [method for method in METHODS if hasattr(view, method.lower())]
    return {method.lower(): _operation(path, view, method) for method in methods}


def _operation(path: str, view: type[APIView], method: str) -> dict[str, Any]:
    said = documentation_of(view, method)
    words = [part.strip("{}") for part in path.removeprefix(ROOT).split("/") if part]
    summary, *more = _sentences(getattr(view, method.lower()))
    operation = {
        "operationId": "_".join([method.lower(), *words]),
        # A summary is plain text where a description is Markdown.
        "summary": summary.replace("`", ""),
        "description": "\n\n".join([*more, _needed(view, method)]),
        "tags": [words[0]],
        "security": [] if _is_public(view) else [{"token": []}, {"session": []}],
        "responses": _responses(path, method, said),
    }
    if parameters := _parameters(path, said):
        operation["parameters"] = parameters
    if said.takes_bytes is not None:
        operation["requestBody"] = {"content": said.takes_bytes, "required": True}
    if said.takes is not None:
        operation["requestBody"] = _body(type(said.takes), method)
    return operation


def _is_public(view: Any) -> bool:
    return bool(getattr(view, "is_public", False))


def _needed(view: Any, method: str) -> str:
    return "No sign-in is needed." if _is_public(view) else f"A token needs the scope `{scope_needed(view, method)}`."


def _sentences(operation: Any) -> list[str]:
    first, _, rest = (inspect.getdoc(operation) or "").partition("\n\n")
    return [" ".join(part.split()) for part in (first, rest) if part]


def _body(takes: Shape, method: str) -> dict[str, Any]:
    body: dict[str, Any] = {"content": {"application/json": {"schema": _schema_of(takes)}}}
    needs_some = any(field.required for field in msgspec.structs.fields(takes))
    return body | {"required": True} if needs_some and method != "DELETE" else body


def _parameters(path: str, said: Documented) -> list[dict[str, Any]]:
    number = {"type": "integer", "minimum": 0, "maximum": ids.MOST}
    in_path = [
        {"in": "path", "name": name, "required": True, "schema": _WORDS.get(name, number)}
        for name in re.findall(r"{(\w+)}", path)
    ]
    in_query = [_parameter(name, schema, one_of=said.one_of) for name, schema in said.query.items()]
    return [*in_path, *in_query, *([_IF_MATCH] if 412 in said.refuses else [])]


def _responses(path: str, method: str, said: Documented) -> dict[str, Any]:
    answers = {str(status): _answer(status, given, said) for status, given in said.gives.items()}
    refusals = {*ANYWHERE, *said.refuses}
    refusals |= {404} if "{" in path else set()
    refusals |= {400} if said.takes or said.takes_bytes or said.query else set()
    refusals |= {400, 413, 415} if method in WRITES else set()
    return answers | {str(status): {"$ref": f"#/components/responses/{status}"} for status in sorted(refusals)}


def _answer(status: int, given: Given | None, said: Documented) -> dict[str, Any]:
    headers = [
        "X-Request-ID",
        *(["Link"] if page_kind(given) else []),
        *(["ETag"] if said.has_etag else []),
        *_RATES,
    ]
    answer: dict[str, Any] = {"description": http.HTTPStatus(status).phrase, "headers": _headers(headers)}
    if given is not None:
        answer["content"] = {"application/json": {"schema": _schema_of(given)}}
    return answer


_IF_MATCH = {
    "in": "header",
    "name": "If-Match",
    "schema": {"type": "string"},
    "description": "The ETag that the caller read: if the message has another one now, nothing is done.",
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


def _schema_of(given: Given) -> dict[str, Any]:
    if is_union(given):
        return {"anyOf": [_schema_of(one) for one in get_args(given)]}
    if page_kind(given) is None:
        return {"$ref": _REF.format(name=given.__name__)}
    [reference], schemas = msgspec.json.schema_components([given], schema_hook=choices_of, ref_template=_REF)
    return schemas[reference["$ref"].rpartition("/")[2]]


def _components() -> dict[str, Any]:
    known = sorted(_shapes(), key=lambda shape: shape.__name__)
    _, schemas = msgspec.json.schema_components(known, schema_hook=choices_of, ref_template=_REF)
    taken = [said.takes for said in _operations() if said.takes is not None]
    for name, example in examples(taken, known).items():
        schemas[name] = {**schemas[name], "examples": [example]}
    return {
        "schemas": dict(sorted(schemas.items())),
        "responses": {str(status): _refusal(status, text) for status, text in REFUSALS.items()},
        "headers": HEADERS,
        "securitySchemes": _LOGINS,
    }


def _operations() -> Iterator[Documented]:
    for _, view in _views():
        yield from (documentation_of(view, method) for method in METHODS if hasattr(view, method.lower()))


def _shapes() -> set[Shape]:
    """All shapes that operations take and return, and the shape of refusals."""
    found: set[Shape] = {shapes.Problem}
    for said in _operations():
        for given in said.gives.values():
            found |= _structs_of(given)
        found |= {type(said.takes)} if said.takes else set()
    return found


def _structs_of(given: Given | None) -> set[Shape]:
    if given is None:
        return set()
    if is_union(given) or page_kind(given) is not None:
        return {struct for one in get_args(given) for struct in _structs_of(one)}
    return {given}


def _refusal(status: int, description: str) -> dict[str, Any]:
    names = {401: ["WWW-Authenticate"], 403: ["WWW-Authenticate"], 429: ["Retry-After", *_RATES], 503: ["Retry-After"]}
    return {
        "description": description,
        "headers": _headers(["X-Request-ID", *names.get(status, [])]),
        "content": {"application/problem+json": {"schema": _schema_of(shapes.Problem)}},
    }
