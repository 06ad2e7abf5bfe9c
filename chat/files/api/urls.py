from django.urls import URLPattern, path

from chat.files.api import files, uploads
from chat.files.reads import ReadsBesides


def paths(*, reads_besides: ReadsBesides) -> list[URLPattern]:
    """The API's."""
    return [
        path("", files.Files.as_view()),
        *page_paths(reads_besides=reads_besides),
        path("uploads/", uploads.Uploads.as_view()),
        path("uploads/<int:pk>/", uploads.OneUpload.as_view()),
    ]


def page_paths(*, reads_besides: ReadsBesides) -> list[URLPattern]:
    """The pages' own, where nothing is given."""
    return [
        path("<int:pk>/", files.OneFile.as_view(reads_besides=reads_besides)),
        path("<int:pk>/preview/", files.Preview.as_view(reads_besides=reads_besides)),
    ]
