"""Registers the system checks and chatproject's own commands."""

from django.apps import AppConfig
from django.contrib.admin.apps import AdminConfig

from chatproject import checks, telemetry


class ChatprojectConfig(AppConfig):
    name = "chatproject"
    checks = checks

    def ready(self) -> None:
        telemetry.begin()


class GaplessAdminConfig(AdminConfig):
    default_site = "chat.support.site.SupportSite"
