from django.urls import path

from chat.support.pages import widget

urlpatterns = [
    path("widget.js", widget.loader, name="widget_loader"),
    path("widget/<str:key>/", widget.frame, name="widget"),
]
