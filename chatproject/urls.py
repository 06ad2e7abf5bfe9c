"""All paths of the product."""

from django.contrib import admin
from django.urls import include, path
from django.views.generic import RedirectView

from chat.files.api import urls as files
from chat.files.hooks import FileHooks
from chat.pages.doors import SignOut
from chat.support.reads.customers import desk_of_customer, reads_conversation
from chatproject.serving.health import alive, ready, version
from chatproject.serving.measuring import count_from_zero, metrics_page

_support = FileHooks(reads=reads_conversation, desk_of=desk_of_customer)
urlpatterns = [
    path("healthz", alive),
    path("readyz", ready),
    path("metrics", metrics_page),
    path("version", version),
    path("api/v1/support/", include("chat.support.api.urls")),
    path("api/v1/files/", include(files.paths(_support))),
    path("api/v1/", include("chat.api.urls")),
    path("files/", include((files.page_paths(_support), "files"))),
    # One guarded door for everybody (see GaplessSite.login): the admin's own have no guard, and tell no socket.
    path("admin/logout/", SignOut.as_view()),
    path("admin/password_change/", RedirectView.as_view(pattern_name="password")),
    path("", include("chat.support.pages.urls")),
    path("admin/", admin.site.urls),
    path("", include("chat.pages.urls")),
]
count_from_zero(urlpatterns)

handler400 = "chat.api.problems.bad_request"
handler403 = "chat.api.problems.forbidden"
handler404 = "chat.api.problems.not_found"
handler500 = "chat.api.problems.server_error"
