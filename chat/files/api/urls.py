from django.urls import URLPattern, path

from chat.files.api import files, uploads
from chat.files.beside import Beside


def paths(beside: Beside) -> list[URLPattern]:
    """Paths of the API."""
    return [
        path("", files.Files.as_view(beside=beside)),
        *page_paths(beside),
        path("uploads/", uploads.Uploads.as_view(beside=beside)),
        path("uploads/<int:pk>/", uploads.OneUpload.as_view()),
    ]


def page_paths(beside: Beside) -> list[URLPattern]:
    """Paths for the pages, which only download."""
    return [
        path("<int:pk>/", files.OneFile.as_view(beside=beside)),
        path("<int:pk>/preview/", files.Preview.as_view(beside=beside)),
    ]
