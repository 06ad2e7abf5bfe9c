"""A library is loaded without its optional dependencies, and later imports work as before."""

import importlib
import subprocess
import sys
from types import ModuleType

import pytest

from delivery.blocked_imports import blocked
from tests.stage.servers import ROOT


def test_packages_seem_not_to_be_installed_and_afterwards_are_as_before() -> None:
    loaded = sys.modules["json"]
    with blocked("json", "tabnanny"):
        for package in ("json", "tabnanny"):
            with pytest.raises(ModuleNotFoundError):
                importlib.import_module(package)
    assert sys.modules["json"] is loaded
    assert isinstance(importlib.import_module("tabnanny"), ModuleType)


def test_they_are_as_before_when_the_library_could_not_be_loaded() -> None:
    loaded = sys.modules["json"]
    with pytest.raises(ModuleNotFoundError), blocked("json"):
        importlib.import_module("no_such_library")
    assert sys.modules["json"] is loaded


def test_a_web_process_loads_nothing_that_no_web_process_needs() -> None:
    loads = "from django.urls import get_resolver; import chatproject.asgi, sys; get_resolver().url_patterns"
    unneeded = ["PIL", "boto3", "cryptography.hazmat", "daphne", "rich.traceback", "twisted"]
    code = f"{loads}; assert not sys.modules.keys() & set({unneeded}), sys.modules.keys() & set({unneeded})"
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)
