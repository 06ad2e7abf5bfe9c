"""Every alert has its case, its runbook and its rank: what pages somebody at night was seen firing, and leads somewhere."""

import re
from typing import Any

import pytest
import yaml

from tests.stage.servers import ROOT

pytestmark = pytest.mark.fast

SHIPPED = ROOT / "deploy" / "prometheus"
RUNBOOKS = (ROOT / "docs" / "runbooks.md").read_text()


def shipped(name: str) -> Any:
    return yaml.safe_load((SHIPPED / name).read_text())


ALERTS = {rule["alert"]: rule for group in shipped("alerts.yml")["groups"] for rule in group["rules"]}
CASES = [case for test in shipped("alerts_test.yml")["tests"] for case in test["alert_rule_test"]]


def test_every_alert_was_seen_quiet_and_firing() -> None:
    quiet = {case["alertname"] for case in CASES if not case["exp_alerts"]}
    firing = {case["alertname"] for case in CASES if case["exp_alerts"]}
    assert quiet == firing == set(ALERTS)


def test_every_alert_has_a_runbook_and_every_runbook_an_alert() -> None:
    sections = re.findall(r"^## (\w+)$", RUNBOOKS, re.MULTILINE)
    assert sections == list(ALERTS)
    for name, rule in ALERTS.items():
        assert rule["annotations"]["runbook_url"] == f"docs/runbooks.md#{name.lower()}"
        [section] = re.findall(rf"^## {name}\n(.+?)(?=^## |\Z)", RUNBOOKS, re.MULTILINE | re.DOTALL)
        assert re.search(r"^1\. ", section, re.MULTILINE), f"{name} says what to do"
        assert re.search(r"^Seen firing: .+", section, re.MULTILINE), f"{name} was never seen firing by a real fault"


def test_every_alert_says_who_is_called_and_what_to_do() -> None:
    for rule in ALERTS.values():
        assert rule["labels"]["severity"] in ("page", "ticket")
        assert {"summary", "action"} < rule["annotations"].keys()


def test_alerts_are_silenced_by_alerts_that_exist() -> None:
    text = (SHIPPED / "alertmanager.yml").read_text()
    named = set(re.findall(r"Gapless\w+", text.split("inhibit_rules")[1]))
    assert named <= set(ALERTS)
    assert {rule["labels"]["severity"] for rule in ALERTS.values()} == {"page", "ticket"}
