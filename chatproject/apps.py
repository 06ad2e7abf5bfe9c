"""Registers the system checks and chatproject's own commands."""

from django.apps import AppConfig
from django.contrib.admin.apps import AdminConfig
from django.utils.module_loading import autodiscover_modules

from chatproject import checks, telemetry


class ChatprojectConfig(AppConfig):
    name = "chatproject"
    checks = checks

    def ready(self) -> None:
        # The checks of production use models, which do not exist before this.
        autodiscover_modules("production")
        telemetry.begin()


class GaplessAdminConfig(AdminConfig):
    default_site = "chat.support.site.SupportSite"
