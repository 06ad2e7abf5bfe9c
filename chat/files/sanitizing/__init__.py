"""Turns an uploaded file into the stored one: its type from the content, pictures drawn anew without the cameras' metadata."""

from chat.files.sanitizing.sanitizer import SanitizedFile, sanitize, scratch
