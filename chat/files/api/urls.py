from django.urls import URLPattern, path

from chat.files.api import files, uploads
from chat.files.hooks import FileHooks


def paths(hooks: FileHooks) -> list[URLPattern]:
    """Paths of the API."""
    return [
        path("", files.Files.as_view(hooks=hooks)),
        *page_paths(hooks),
        path("uploads/", uploads.Uploads.as_view(hooks=hooks)),
        path("uploads/<int:pk>/", uploads.OneUpload.as_view()),
    ]


def page_paths(hooks: FileHooks) -> list[URLPattern]:
    """Paths for the pages, which only download."""
    return [
        path("<int:pk>/", files.OneFile.as_view(hooks=hooks)),
        path("<int:pk>/preview/", files.Preview.as_view(hooks=hooks)),
    ]
