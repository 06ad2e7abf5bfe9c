"""Messages as Markdown: `render` for pages, `plain` for one line of text. The stored body stays as typed.

The page's `markdown/` modules do the same; a table of examples tests both.
"""

from chat.markdown.html import render
from chat.markdown.plain import plain

__all__ = ["plain", "render"]
