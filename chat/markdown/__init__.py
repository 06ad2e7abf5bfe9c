"""What people write, as Markdown: `render` for pages, `plain` where one line is shown. The body itself stays what was typed.

The page's `markdown/` modules do the same; a table of examples holds both to it.
"""

from chat.markdown.html import render
from chat.markdown.plain import plain

__all__ = ["plain", "render"]
