"""The HTTP door of files: /api/v1/files/, and the pages' own path /files/, which answers the same."""
