"""A process that ends makes no announcements."""

import logging
from types import SimpleNamespace

import pytest

from delivery.bus import announcing


@pytest.mark.parametrize(
    ("part", "as_it_is_then"),
    [
        ("threading", SimpleNamespace(main_thread=lambda: SimpleNamespace(is_alive=lambda: False))),
        ("thread", SimpleNamespace(_shutdown=True)),
    ],
)
def test_nothing_is_announced_when_the_process_ends(
    part: str, as_it_is_then: SimpleNamespace, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "gapless.bell")
    monkeypatch.setattr(announcing, part, as_it_is_then)
    monkeypatch.setattr(announcing, "_announce_here", None)
    announcing.announce([])
    told = [line.getMessage().split(":")[0] for line in caplog.records if line.name == "gapless.bell"]
    assert told == ["the process ends"]
