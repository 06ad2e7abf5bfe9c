"""One example of each shape, for people who read the API's page: the instances that stand beside the structs."""

import inspect
from typing import Any

import msgspec

from chat import shapes
from chat.api import inputs

#: Of the instances of a struct the first is its example.
_INSTANCES = [
    *inputs.EXAMPLES,
    *(
        value
        for module in filter(inspect.ismodule, vars(shapes).values())
        for value in vars(module).values()
        if isinstance(value, msgspec.Struct)
    ),
]

EXAMPLES: dict[str, Any] = {
    type(value).__name__: msgspec.to_builtins(value, str_keys=True) for value in reversed(_INSTANCES)
}
