"""Every path of the product."""

from django.contrib import admin
from django.urls import include, path

from chatproject.health import alive, ready

urlpatterns = [
    path("healthz", alive),
    path("readyz", ready),
    path("api/v1/", include("chat.api.urls")),
    path("admin/", admin.site.urls),
    path("", include("chat.pages.urls")),
]

handler400 = "chat.api.problems.bad_request"
handler403 = "chat.api.problems.forbidden"
handler404 = "chat.api.problems.not_found"
handler500 = "chat.api.problems.server_error"
