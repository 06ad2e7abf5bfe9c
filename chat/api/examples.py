"""One example of each shape, as it goes over the wire, for readers of the API's page."""

import inspect
import sys
from collections.abc import Iterable
from typing import Any

import msgspec

from chat import shapes
from chat.api.inputs import Input


def examples(taken: Iterable[Input], given: Iterable[type[msgspec.Struct]]) -> dict[str, Any]:
    """Examples by the shape's name: the first instance beside the struct's class, or the one that an operation takes."""
    modules = [*filter(inspect.ismodule, vars(shapes).values()), *(sys.modules[shape.__module__] for shape in given)]
    beside = [one for module in modules for one in vars(module).values()]
    instances = [one for one in (*beside, *taken) if isinstance(one, msgspec.Struct)]
    return {type(one).__name__: msgspec.to_builtins(one, str_keys=True) for one in reversed(instances)}
