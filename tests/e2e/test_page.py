"""The page in a real browser."""

import os

import pytest
import requests
from conftest import wait_until
from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from test_tls import TlsDaemon, make_certificate


def start_browser(tmp_path, *more):
    options = webdriver.ChromeOptions()
    for argument in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu", "--window-size=1400,1600", f"--user-data-dir={tmp_path}/chromium", *more):
        options.add_argument(argument)
    options.binary_location = "/usr/bin/chromium"
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    return webdriver.Chrome(service=Service("/usr/bin/chromedriver"), options=options)


@pytest.fixture
def browser(tmp_path):
    driver = start_browser(tmp_path)
    yield driver
    driver.quit()


@pytest.fixture
def browser_over_tls(tmp_path):
    """Takes a certificate that no authority knows."""
    driver = start_browser(tmp_path, "--ignore-certificate-errors")
    yield driver
    driver.quit()


def text(browser, selector):
    # In one step within the page: an element found may be replaced before it is asked.
    return browser.execute_script("const found = document.querySelector(arguments[0]); return found && found.innerText.trim();", selector)


def card(device, more=""):
    return f'article[data-device="{device}"]{more}'


def value(browser, device, field):
    return text(browser, card(device, f' [data-field="{field}"]'))


def picture(browser, name):
    folder = os.environ.get("GENSETD_PICTURES")
    if folder:
        browser.save_screenshot(f"{folder}/{name}.png")


def test_page_shows_live_values_and_marks_what_is_lost(start_daemon, start_simulator, start_slave, browser):
    simulator = start_simulator()
    slave = start_slave({260: 9, 271: 56, 511: 3, 0: 512, 220: 32766})
    daemon = start_daemon()
    daemon.add_site()
    genset = daemon.add_device(slave.port, name="<b>Genset & 1</b>")
    switchboard = daemon.add_device(simulator.port + 2, device_type="ats", name="Switchboard")
    dead = daemon.add_device(1, name="Dead")
    for device in (genset, switchboard):
        daemon.wait_online(device)
    browser.get(daemon.url + "/")
    wait_until(lambda: text(browser, card(genset, " .state")) == "online", "the genset online")
    wait_until(lambda: text(browser, card(switchboard, " .state")) == "online", "the switchboard online")
    assert text(browser, card(genset, " .name")) == "<b>Genset & 1</b>"
    assert value(browser, genset, "gen_status") == "Running (9)"
    assert value(browser, genset, "run_minutes") == "56 min"
    assert value(browser, genset, "coolant_temp") == "—", "32766 is no data"
    assert value(browser, genset, "mode_auto") == "yes"
    assert value(browser, genset, "gen_uab") == "0.0 V"
    assert text(browser, card(dead, " .state")) == "offline"
    assert "connection refused" in text(browser, card(dead, " .error"))
    assert value(browser, dead, "gen_uab") == "—"
    picture(browser, "live")

    browser.find_element(By.ID, "language").click()
    wait_until(lambda: text(browser, card(genset, " .state")) == "на связи", "Russian")
    assert value(browser, genset, "mode_auto") == "да"
    picture(browser, "russian")
    browser.find_element(By.ID, "language").click()

    slave.kill()
    wait_until(lambda: text(browser, card(genset, " .state")) == "offline", "the loss")
    assert value(browser, genset, "run_minutes") == "56 min", "last known values stay"
    assert "read" in text(browser, card(genset, " .age")) and "ago" in text(browser, card(genset, " .age"))

    daemon.delete(f"/api/devices/{dead}")
    wait_until(lambda: text(browser, card(dead)) is None, "the deleted device's end")
    added = daemon.add_device(simulator.port, name="Added")
    wait_until(lambda: text(browser, card(added, " .state")) == "online", "the added device")

    daemon.stop()
    wait_until(lambda: "lost" in text(browser, "#connection"), "the notice of the lost server")
    wait_until(lambda: text(browser, card(switchboard, " .state")) in ("stale", "offline"), "no value shown as live")
    picture(browser, "lost")
    errors = [entry for entry in browser.get_log("browser") if entry["level"] == "SEVERE" and "ERR_CONNECTION" not in entry["message"] and "WebSocket" not in entry["message"]]
    assert errors == []


def test_page_asks_for_the_token(start_daemon, start_simulator, browser):
    simulator = start_simulator(devices=1)
    daemon = start_daemon(API_TOKEN="geheim/+ключ".encode().hex())
    headers = {"Authorization": "Bearer " + "geheim/+ключ".encode().hex()}
    daemon.post("/api/sites", {"name": "MKZ", "code": "MKZ"}, headers=headers)
    body = {"site_id": 1, "name": "G", "device_type": "generator", "ip_address": "127.0.0.1", "port": simulator.port}
    assert daemon.post("/api/devices", body, headers=headers).status_code == 201
    browser.get(daemon.url + "/")
    wait_until(lambda: browser.find_element(By.ID, "token").is_displayed(), "the question for the token")
    assert text(browser, card(1)) is None
    browser.find_element(By.ID, "token").send_keys("wrong")
    browser.find_element(By.ID, "token-send").click()
    wait_until(lambda: text(browser, "#token-wrong") == "This token is not accepted.", "the refusal")
    browser.find_element(By.ID, "token").send_keys("geheim/+ключ".encode().hex())
    browser.find_element(By.ID, "token-send").click()
    wait_until(lambda: text(browser, card(1, " .state")) == "online", "the values")
    assert not browser.find_element(By.ID, "token").is_displayed() and not browser.find_element(By.ID, "token-wrong").is_displayed()
    browser.refresh()
    wait_until(lambda: text(browser, card(1, " .state")) == "online", "the values again, without a question")
    console = [entry["message"] for entry in browser.get_log("browser") if entry["level"] in ("SEVERE", "WARNING")]
    assert [message for message in console if " 401 " not in message] == [], "nothing that the Content-Security-Policy forbids"
    assert not any("/ws/" in message for message in console), "no WebSocket is tried before there is a token"
    assert "geheim" not in daemon.text() and "geheim/+ключ".encode().hex() not in daemon.text() + browser.current_url


def test_reader_opens_the_page_over_tls(programs, start_simulator, tmp_path, browser_over_tls):
    simulator = start_simulator(devices=1)
    daemon = TlsDaemon(tmp_path, *make_certificate(tmp_path, "page"), API_TOKEN="everything", READ_TOKEN="only-reading")
    programs.append(daemon)
    for path, body in (("/api/sites", {"name": "MKZ", "code": "MKZ"}), ("/api/devices", {"site_id": 1, "name": "G", "device_type": "generator", "ip_address": "127.0.0.1", "port": simulator.port})):
        answer = requests.post(daemon.url + path, json=body, headers={"Authorization": "Bearer everything"}, verify=str(daemon.certificate), timeout=20)
        assert answer.status_code == 201, answer.text
    browser = browser_over_tls
    browser.get(daemon.url + "/")
    wait_until(lambda: browser.find_element(By.ID, "token").is_displayed(), "the question for the token")
    browser.find_element(By.ID, "token").send_keys("only-reading")
    browser.find_element(By.ID, "token-send").click()
    wait_until(lambda: text(browser, card(1, " .state")) == "online", "the values")
    console = [entry["message"] for entry in browser.get_log("browser") if entry["level"] in ("SEVERE", "WARNING")]
    assert [message for message in console if " 401 " not in message] == []
