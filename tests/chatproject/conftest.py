"""What tests of the supervisor begin with."""

import logging

import pytest

from tests.stage.ports import free_port


@pytest.fixture
def port() -> int:
    return free_port()


@pytest.fixture
def log(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    caplog.set_level(logging.INFO, "gapless.serve")
    return caplog
