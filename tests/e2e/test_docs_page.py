"""/api/docs, the description as a page, in a real browser."""

import json
from pathlib import Path

import pytest
import requests
from chromium import browser, text  # noqa: F401 (a fixture)
from conftest import wait_until
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from test_description import DESCRIPTION, OPERATIONS, operation, resolved

SCRIPT = (Path(__file__).parent.parent.parent / "web/docs.js").read_text()


def open_docs(browser, daemon, fragment=""):
    browser.get("about:blank")
    browser.get(f"{daemon.url}/api/docs{fragment}")
    wait_until(lambda: browser.execute_script("return document.querySelectorAll('.operation').length") == len(OPERATIONS), "the operations")


def shown(browser):
    """The ids of the operations that are to be seen."""
    return browser.execute_script("return [...document.querySelectorAll('.operation')].filter((one) => one.offsetParent).map((one) => one.id);")


def test_every_operation_is_on_the_page_with_all_that_is_described(start_daemon, browser):
    open_docs(browser, start_daemon())
    for method, path in OPERATIONS:
        described = operation(method, path)
        operation_id = described["operationId"]
        whole = browser.execute_script("return document.getElementById(arguments[0]).textContent;", operation_id)
        wanted = [method.upper(), path, described["summary"]]
        wanted += [status + resolved(response)["description"] for status, response in described["responses"].items()]
        wanted += [parameter["name"] for parameter in described.get("parameters", [])]
        contents = described.get("requestBody", {}).get("content", {})
        wanted += [kind for kind in contents if kind != "application/json"]
        schemas = [content["schema"] for kind, content in contents.items() if kind == "application/json"]
        schemas += [resolved(response).get("content", {}).get("application/json", {}).get("schema", {}) for response in described["responses"].values()]
        for schema in schemas:
            name = schema.get("$ref", "").split("/")[-1]
            wanted += [] if name in ("", "Error") else [name, *resolved(schema)["properties"]]
        for part in wanted:
            assert part in whole, (operation_id, part)
        link = f'#contents a[href="#{operation_id}"]'
        assert path in text(browser, link), operation_id
    tags = browser.execute_script("return [...document.querySelectorAll('section > h2')].map((one) => one.textContent);")
    assert tags == [tag["name"] for tag in DESCRIPTION["tags"]]


def test_page_fetches_nothing_from_other_hosts_and_logs_no_error(start_daemon, browser):
    daemon = start_daemon()
    open_docs(browser, daemon)
    fetched = browser.execute_script("return performance.getEntriesByType('resource').map((one) => one.name);")
    assert set(fetched) - {"data:,"} == {f"{daemon.url}/api/{name}" for name in ("docs.js", "docs.css", "openapi.json")}
    assert browser.get_log("browser") == []
    for word in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "new Function", "setAttribute", "http://", "https://"):
        assert word not in SCRIPT, "text of the description becomes no markup, and all of it is here"


def test_deep_link_opens_its_operation_and_opening_sets_the_link(start_daemon, browser):
    daemon = start_daemon()
    open_docs(browser, daemon, "#create_device")
    is_open = "return [...document.querySelectorAll('.operation[open]')].map((one) => one.id);"
    assert browser.execute_script(is_open) == ["create_device"]
    top = browser.execute_script("return document.getElementById('create_device').getBoundingClientRect().top;")
    assert 0 <= top < 300, "it is where one looks"
    browser.find_element(By.CSS_SELECTOR, '#contents a[href="#get_site"]').click()
    wait_until(lambda: "get_site" in browser.execute_script(is_open), "the operation of the link")
    open_docs(browser, daemon)
    browser.execute_script("document.querySelector('#get_health > summary').click();")
    wait_until(lambda: browser.current_url.endswith("/api/docs#get_health"), "the link")


def test_search_finds_paths_fields_and_errors(start_daemon, browser):
    open_docs(browser, start_daemon())
    box = browser.find_element(By.ID, "search")
    searches = {
        "/api/devices/test-connection": {"test_connection"},
        "slave_id raw count": {"read_device"},
        "WEBSOCKET_CLIENTS_MAX": {"open_websocket"},
        "no-such-word": set(),
    }
    for words, found in searches.items():
        box.send_keys(Keys.CONTROL, "a")
        box.send_keys(words)
        wait_until(lambda: set(shown(browser)) == found, words)
        assert text(browser, "#found") == f"{len(found)} found"
    box.send_keys(Keys.CONTROL, "a")
    box.send_keys(Keys.BACKSPACE)
    wait_until(lambda: len(shown(browser)) == len(OPERATIONS), "all again")


def test_with_a_token_the_page_requests_the_description_with_it(start_daemon, browser):
    daemon = start_daemon(API_TOKEN="s3cret", READ_TOKEN="look")
    assert requests.get(daemon.url + "/api/docs", timeout=20).status_code == 200
    browser.get(daemon.url + "/api/docs")
    for token, said in (("wrong", "This token is not accepted."), ("look", None)):
        wait_until(lambda: browser.find_element(By.ID, "token").is_displayed(), "the question")
        browser.find_element(By.ID, "token").send_keys(token, Keys.ENTER)
        if said:
            wait_until(lambda: text(browser, "#state") == said, "the refusal")
    wait_until(lambda: len(shown(browser)) == len(OPERATIONS), "the operations")
    assert not browser.find_element(By.ID, "login").is_displayed()


@pytest.mark.parametrize("width", [320, 390, 768, 1440])
def test_it_fits_every_width(start_daemon, browser, width):
    daemon = start_daemon()
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 500})
    open_docs(browser, daemon)
    browser.execute_script("document.querySelectorAll('details').forEach((one) => { one.open = true; });")
    assert browser.execute_script("return document.documentElement.scrollWidth <= window.innerWidth;")


def contrast(one, other):
    """Of two colours as the browser reports them (WCAG 2.1, 1.4.3)."""

    def luminance(colour):
        parts = [int(part) / 255 for part in colour[colour.index("(") + 1 : -1].split(",")[:3]]
        linear = [part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_it_is_readable_in_both_themes(start_daemon, browser, theme):
    daemon = start_daemon()
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": theme}]})
    open_docs(browser, daemon, "#create_device")
    pairs = json.loads(
        browser.execute_script(
            """
            const ground = (one) => {
                for (; one; one = one.parentElement) {
                    const colour = getComputedStyle(one).backgroundColor;
                    if (!/, 0\\)$/.test(colour)) return colour;
                }
                return "rgb(255, 255, 255)";
            };
            const has_text = (one) => [...one.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim());
            const texts = [...document.querySelectorAll("body *")].filter((one) => one.offsetParent && has_text(one));
            return JSON.stringify([...new Set(texts.map((one) => JSON.stringify([getComputedStyle(one).color, ground(one)])))].map((pair) => JSON.parse(pair)));
            """
        )
    )
    assert len(pairs) > 5
    assert all(contrast(*pair) >= 4.5 for pair in pairs), [(pair, contrast(*pair)) for pair in pairs if contrast(*pair) < 4.5]
    background = browser.execute_script("return getComputedStyle(document.body).backgroundColor;")
    assert (contrast(background, "rgb(0, 0, 0)") > 10) == (theme == "light")
