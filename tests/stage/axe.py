"""The findings of axe on a page, in both themes."""

from typing import Any, Literal

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Frame, Page


def turn(page: Page, theme: Literal["light", "dark"]) -> None:
    """Returns when the colours stand still: halfway through a transition their contrast is another."""
    page.emulate_media(color_scheme=theme)
    page.evaluate("() => new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn)))")
    page.evaluate("() => Promise.allSettled(document.getAnimations().map(({ finished }) => finished))")


def violations(page: Page, *, frame: Frame | None = None) -> list[str]:
    """All rules in the light theme; in the dark one what can differ. `frame`: of the page, which is looked at instead."""
    seen: Any = frame or page
    turn(page, "light")
    found = Axe().run(seen).response["violations"]
    turn(page, "dark")
    found += Axe().run(seen, options={"runOnly": ["color-contrast"]}).response["violations"]
    return [f"{rule['id']}: {rule['nodes'][0]['target']}" for rule in found]
