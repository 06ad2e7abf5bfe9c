from django.urls import path

from chat.files.api import files, uploads

urlpatterns = [
    path("", files.Files.as_view()),
    path("<int:pk>/", files.OneFile.as_view()),
    path("<int:pk>/preview/", files.Preview.as_view()),
    path("uploads/", uploads.Uploads.as_view()),
    path("uploads/<int:pk>/", uploads.OneUpload.as_view()),
]
#: The pages' own, where nothing is given.
page_patterns = [
    path("<int:pk>/", files.OneFile.as_view()),
    path("<int:pk>/preview/", files.Preview.as_view()),
]
