"""The tables of docs/, made from the code: limits, frames, codes, paths, metrics and others. A test holds the pages to them."""

import ast
import dataclasses
import re
from collections.abc import Callable, Iterable
from pathlib import Path

import msgspec
from django.urls import URLPattern, URLResolver, get_resolver
from django_prometheus.db import metrics as database_metrics
from prometheus_client.metrics import MetricWrapperBase

from chat.models import Role
from chat.rights.table import RULES, Rule
from chat.support.clockwork import lateness
from chat.support.mailboxes import collecting
from chatproject.limits import Limits
from chatproject.personal_data import ON_ERASURE
from chatproject.serving import measuring
from chatproject.serving.metrics_server import KernelFigures
from delivery import metrics
from delivery.wire.commands import COMMANDS
from delivery.wire.errors import REFUSALS
from delivery.wire.frames import FRAMES
from delivery.wire.types import CloseCode

#: From the top downward: who may import whom.
APPS = "chatproject", "chat", "delivery", "presence"
#: What a client does after each close code.
_AFTERWARDS = "reconnects after `retry_after`", "does not reconnect by itself"
_CLOSES = {
    CloseCode.RESTARTING: "the server restarts or moves",
    CloseCode.SLOW_READER: "the client reads too slowly: too much was unsent",
    CloseCode.SILENT: "the client was silent for 75 s",
    CloseCode.INTERNAL: "an error of the server",
    CloseCode.NO_SYNC: "the client sent no `sync` within 5 s",
    CloseCode.SIGNED_OUT: "the login has ended",
    CloseCode.BANNED: "the account was banned",
    CloseCode.PROTOCOL: "the client sent 20 frames in a minute that are not valid",
    CloseCode.TOO_MANY_SOCKETS: "the user has more than 10 sockets",
    CloseCode.TOO_BIG: "the client sent a frame of more than 16 KiB (RFC 6455)",
}


def limits() -> str:
    rows = [
        (f"`{f.name}`", f"{f.default:,}", f.metadata["unit"], f.metadata["exceeded"])
        for f in dataclasses.fields(Limits)
    ]
    return _table(("limit", "value", "unit", "what exceeding it gets"), rows)


def commands() -> str:
    return _table(("op", "fields", "what it does"), [_frame(kind) for kind in COMMANDS])


def pushes() -> str:
    return _table(("op", "fields", "what it says"), [_frame(kind) for kind in FRAMES])


def errors() -> str:
    rows = [(f"`{r.code}`", str(r.status), (r.__doc__ or "").strip()) for r in REFUSALS]
    return _table(("code", "HTTP", "sentence"), rows)


def closes() -> str:
    rows = [(str(int(code)), _CLOSES[code], _AFTERWARDS[0 if 4000 <= code < 4500 else 1]) for code in sorted(CloseCode)]
    return _table(("code", "reason", "the client"), rows)


def paths() -> str:
    rows = [(f"`/{path}`", ", ".join(methods), says) for path, methods, says in api_and_pages()]
    return _table(("path", "methods", "what it is"), rows)


def permissions() -> str:
    heads = (
        "right",
        *(f"{role}" for role in Role),
        "staff",
        "visitor",
        "direct",
        "group",
        "support",
        "archived",
        "condition",
    )
    return _table(heads, [(f"`{right}`", *_cells(rule), rule.condition) for right, rule in RULES.items()])


def _cells(rule: Rule) -> list[str]:
    roles = ["yes" if role in rule.roles else "no" for role in Role]
    if rule.members_in_public:
        roles[-1] = "in public"
    return roles + [
        "yes" if allowed else "no"
        for allowed in (
            rule.staff,
            rule.visitors,
            rule.in_direct,
            rule.in_group,
            rule.in_support,
            rule.though_archived,
        )
    ]


def figures() -> str:
    rows = [(f"`{each.name}`", each.kind, ", ".join(each.labels), each.says) for each in exported()]
    return _table(("metric", "kind", "labels", "meaning"), rows)


@dataclasses.dataclass(frozen=True)
class Figure:
    name: str
    kind: str
    labels: tuple[str, ...]
    says: str


def exported() -> list[Figure]:
    """Every metric under its name in Prometheus: ours, those of Django's database connections, and the kernel's."""
    found = [
        thing
        for module in (metrics, lateness, collecting, measuring, database_metrics)
        for thing in vars(module).values()
        if isinstance(thing, MetricWrapperBase)
    ]
    ours = [_figure(each._name, str(each._type), each._labelnames, str(each._documentation)) for each in found]
    kernels = [_figure(each.name, each.type, ("worker",), each.documentation) for each in KernelFigures().collect()]
    return [*ours, *kernels]


def _figure(name: str, kind: str, labels: Iterable[str], says: str) -> Figure:
    return Figure(name + ("_total" if kind == "counter" else ""), kind, tuple(labels), says)


def rooms() -> str:
    """Every package of the four apps, with its docstring."""
    rows = [(f"`{room}/`", says) for room, says in described_rooms(Path(__file__).resolve().parents[1])]
    return _table(("room", "what it holds"), rows)


def described_rooms(base: Path) -> list[tuple[str, str]]:
    """(path from the base, docstring) of each package that has modules of its own, read without importing it."""
    found = [path for app in APPS for path in sorted((base / app).rglob("__init__.py"))]
    return [
        (str(path.parent.relative_to(base)), " ".join((ast.get_docstring(ast.parse(path.read_text())) or "").split()))
        for path in found
        if not {"migrations", "management"} & set(path.parts)
    ]


def personal() -> str:
    """All fields that refer to a person, and what erasing the person does to each."""
    rows = [(f"`{relation}`", fate, says, entry or "–") for relation, (fate, says, entry) in ON_ERASURE.items()]
    return _table(("what refers to a person", "when they are erased", "what it is", "in their export"), rows)


TABLES: dict[str, Callable[[], str]] = {
    "limits": limits,
    "permissions": permissions,
    "commands": commands,
    "pushes": pushes,
    "errors": errors,
    "closes": closes,
    "paths": paths,
    "metrics": figures,
    "rooms": rooms,
    "personal": personal,
}


def pages(base: Path) -> list[Path]:
    """The pages of docs/ that have tables of this module."""
    found = sorted((base / "docs").glob("*.md"))
    return [page for page in found if any(f"<!-- table: {name} -->" in page.read_text() for name in TABLES)]


def renewed(text: str) -> str:
    """The text with what stands between `<!-- table: name -->` and `<!-- end -->` made anew."""

    def replace(found: "re.Match[str]") -> str:
        return f"{found[1]}\n{TABLES[found[2]]()}\n{found[3]}" if found[2] in TABLES else found[0]

    return re.sub(r"(<!-- table: (\w+) -->)\n.*?(<!-- end -->)", replace, text, flags=re.DOTALL)


def renew(path: Path) -> bool:
    """Writes the file with its tables made anew; whether anything changed."""
    old = path.read_text()
    new = renewed(old)
    if new != old:
        path.write_text(new)
    return new != old


def _frame(kind: type[msgspec.Struct]) -> tuple[str, str, str]:
    fields = [
        field.encode_name + ("" if field.required else "?")
        for field in msgspec.structs.fields(kind)
        if field.name != "ref"
    ]
    return f"`{kind.__struct_config__.tag}`", ", ".join(sorted(fields, key=lambda f: f.endswith("?"))), _sentence(kind)


def _sentence(thing: object) -> str:
    return " ".join((thing.__doc__ or "").split())


def api_and_pages() -> list[tuple[str, list[str], str]]:
    """Every path except the admin's own, with its methods (where the view declares them) and its docstring."""
    return list(_paths(get_resolver().url_patterns))


def _paths(patterns: Iterable[object], prefix: str = "") -> Iterable[tuple[str, list[str], str]]:
    for pattern in patterns:
        if isinstance(pattern, URLResolver) and "admin" not in str(pattern.pattern):
            yield from _paths(pattern.url_patterns, prefix + str(pattern.pattern))
        elif isinstance(pattern, URLPattern):
            yield prefix + str(pattern.pattern), *_view(pattern.callback)


def _view(callback: object) -> tuple[list[str], str]:
    view = getattr(callback, "cls", None) or getattr(callback, "view_class", None)
    if view is None:
        return [], _sentence(callback)
    methods = [name for name in ("get", "post", "patch", "delete") if hasattr(view, name)]
    documented = {name.upper(): _sentence(getattr(view, name)) for name in methods}
    says = {method: said for method, said in documented.items() if said and "Handle " not in said}
    is_one = len(documented) == 1
    return list(documented), " ".join(said if is_one else f"{method}: {said}" for method, said in says.items())


def _table(heads: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [heads, tuple("---" for _ in heads), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)
