"""Registers the system checks and chatproject's own commands."""

from django.apps import AppConfig

from chatproject import checks


class ChatprojectConfig(AppConfig):
    name = "chatproject"
    checks = checks
