"""Reads a request's body as the struct that an operation takes. Errors are sentences by field."""

import re
from typing import Any, TypeVar

import msgspec
from django.db import models
from rest_framework.exceptions import ValidationError

from delivery.wire import ids

Taken = TypeVar("Taken", bound=msgspec.Struct)

#: msgspec's messages, each with the sentence for people.
_SENTENCES = tuple(
    (re.compile(said), sentence)
    for said, sentence in (
        (r"got `null`", "This field may not be null."),
        (r"Expected `int` >= (\d+)", "Ensure this value is greater than or equal to {}."),
        (r"Expected `int` <= (\d+)", "Ensure this value is less than or equal to {}."),
        (r"Expected `int\b|Integer value out of range", "A valid integer is required."),
        (r"Expected `bool\b", "Must be a valid boolean."),
        (rf"matching regex|Expected `str` of length .= {ids.UUID_LENGTH}$", "Must be a valid UUID."),
        (r"Expected `str` of length >= 1", "This field may not be blank."),
        (r"Expected `str` of length <= (\d+)", "Ensure this field has no more than {} characters."),
        (r"Expected `str\b", "Not a valid string."),
        (r"Expected `array` of length >= 1", "This list may not be empty."),
        (r"Expected `array` of length <= (\d+)", "Ensure this field has no more than {} elements."),
        (r"Expected `array\b", "Expected a list of items."),
        (r'^("[^"]*" is not a valid choice)', "{}."),
        (r"Invalid enum value '?(.*?)'?$", '"{}" is not a valid choice.'),
    )
)
_PLACE = re.compile(r" - at `\$(?:\[(\d+)\])?`$")


def read(kind: type[Taken], body: object) -> Taken:
    """Raises DRF's ValidationError: with all unknown fields, else with all fields that are missing or not valid."""
    if not isinstance(body, dict):
        raise ValidationError({"non_field_errors": ["The body is an object with fields, or empty."]})
    fields = {field.name: field for field in msgspec.structs.fields(kind)}
    if unknown := set(body) - set(fields):
        raise ValidationError({name: ["There is no such field."] for name in sorted(map(str, unknown))})
    found: dict[str, Any] = {}
    wrong: dict[str, list[str]] = {}
    for name, field in fields.items():
        try:
            if name in body:
                found[name] = _converted(body[name], field.type)
            elif field.required:
                wrong[name] = ["This field is required."]
        except msgspec.ValidationError as error:
            wrong[name] = [_sentence(str(error))]
    if wrong:
        raise ValidationError(wrong)
    return kind(**found)


def choices_of(kind: type[Any]) -> dict[str, Any]:
    """The JSON Schema of one of Django's enumerations, which msgspec does not know."""
    if issubclass(kind, models.Choices):
        return {"enum": [str(value) for value in kind.values]}
    raise NotImplementedError


def _converted(value: Any, kind: Any) -> Any:
    if isinstance(value, str):
        if "\x00" in value:
            raise msgspec.ValidationError("Null characters are not allowed")
        value = value if _is_as_it_is(kind) else value.strip()
    return msgspec.convert(value, kind, dec_hook=_chosen)


def _chosen(kind: type[Any], value: object) -> object:
    if issubclass(kind, models.Choices) and isinstance(value, str) and value in kind.values:
        return kind(value)
    raise ValueError(f'"{value}" is not a valid choice')


def _is_as_it_is(kind: Any) -> bool:
    return any((meta.extra or {}).get("as_it_is", False) for meta in getattr(kind, "__metadata__", ()))


def _sentence(error: str) -> str:
    place = _PLACE.search(error)
    said = error[: place.start()] if place else error
    where = f"{place[1]}: " if place and place[1] else ""
    for known, sentence in _SENTENCES:
        if found := known.search(said):
            return where + sentence.format(*found.groups())
    return f"{where}{said}."
