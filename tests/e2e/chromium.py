"""Debian's Chromium, driven by Selenium."""

import pytest
from selenium import webdriver
from selenium.webdriver.chrome.service import Service


@pytest.fixture
def browser(tmp_path):
    options = webdriver.ChromeOptions()
    for argument in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu", "--window-size=1400,1600", f"--user-data-dir={tmp_path}/chromium"):
        options.add_argument(argument)
    options.binary_location = "/usr/bin/chromium"
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(service=Service("/usr/bin/chromedriver"), options=options)
    yield driver
    driver.quit()


def text(browser, selector):
    # In one step within the page: an element may be replaced between finding and reading it.
    return browser.execute_script("const found = document.querySelector(arguments[0]); return found && found.innerText.trim();", selector)
