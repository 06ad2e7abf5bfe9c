from django.urls import path

from chat.support.pages import desk, hours, reports, widget

urlpatterns = [
    path("admin/desk/", desk.desk_page, name="desk"),
    path("admin/desk/hours/", hours.hours_page, name="support_hours"),
    path("admin/desk/reports/", reports.reports_page, name="support_reports"),
    path("widget.js", widget.loader, name="widget_loader"),
    path("widget/<str:key>/", widget.frame, name="widget"),
]
