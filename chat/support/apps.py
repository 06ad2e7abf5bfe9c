from django.apps import AppConfig


class SupportConfig(AppConfig):
    name = "chat.support"
    verbose_name = "Support desk"
