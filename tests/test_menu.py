"""The menus of a page open where there is no room for them, and close again."""

from pathlib import Path

import pytest

BUILT = Path(__file__).parents[1] / "_build" / "html"
PAGE = BUILT / "book" / "04_quantizer.html"

pytestmark = pytest.mark.skipif(not PAGE.exists(), reason="needs the built book")


@pytest.fixture(params=["primary", "secondary"])
def menu(request):
    return request.param


def test_a_menu_opens_on_a_phone_and_leads_on(chromium, menu):
    page = chromium.new_page(viewport={"width": 360, "height": 740})
    page.goto(PAGE.as_uri())
    page.locator(f"button.{menu}-toggle:visible").click()
    opened = page.locator(f"#pst-{menu}-sidebar-modal")
    assert opened.is_visible()
    name = {"primary": "5. Move the codes", "secondary": "Exercises"}[menu]
    opened.get_by_role("link", name=name).click()
    page.wait_for_url({"primary": "**/05_ema.html", "secondary": "**#exercises"}[menu])
    page.close()


def test_the_table_of_contents_makes_room_on_a_screen(chromium):
    page = chromium.new_page(viewport={"width": 1280, "height": 800})
    page.goto(PAGE.as_uri())
    chapters, button = page.locator("#pst-primary-sidebar"), ".primary-toggle:visible"
    assert chapters.bounding_box()["x"] == 0
    page.locator(button).click()
    page.wait_for_function(
        "document.querySelector('#pst-primary-sidebar').getBoundingClientRect().x < 0"
    )
    page.locator(button).click()
    page.wait_for_function(
        "document.querySelector('#pst-primary-sidebar').getBoundingClientRect().x === 0"
    )
    page.close()
