"""The support's pages for people from outside: the loader of the widget, and the page in its frame."""
