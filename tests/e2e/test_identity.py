"""Which controller it is: the scan of the command and of the API, and the connection test, against pymodbus and the simulator."""

import json
import subprocess
import threading
import time

import pytest
from conftest import GENSETD, PATIENCE, free_port, wait_until

MAP = """
format = 2
name = "{name}"
extends = "hgm9520n"
title = {{ en = "{name}", ru = "{name}" }}
{lines}
"""
MAPS = {
    "right": 'identity = [{ address = 768, type = "u16", equals = [1] }, { address = 770, type = "text", length = 6, word_order = "high_first", '
    'begins_with = "AGC" }]\nfirmware = { address = 776, type = "u16" }',
    "other_number": 'identity = [{ address = 768, type = "u16", equals = [2, 3] }]',
    "other_text": 'identity = [{ address = 770, type = "text", length = 6, word_order = "high_first", equals = ["DSE"] }]',
    "refused": 'identity = [{ address = 5000, type = "u16", equals = [1] }]',
    "input": 'identity = [{ table = "input", address = 768, type = "u16", equals = [7] }]',
}


def words(text):
    filled = text + "\0" * (len(text) % 2)
    return [ord(filled[index]) << 8 | ord(filled[index + 1]) for index in range(0, len(filled), 2)]


MODEL = {768: 1, 776: 412, **{770 + index: word for index, word in enumerate(words("AGC 150"))}}
GENSET = {0: 512, 135: 5001, 155: 4999, 213: 282, 260: 9}


@pytest.fixture
def maps(tmp_path):
    folder = tmp_path / "maps"
    folder.mkdir()
    for name, lines in MAPS.items():
        (folder / f"{name}.toml").write_text(MAP.format(name=name, lines=lines))
    return str(folder)


def scan(port, *arguments):
    ran = subprocess.run([GENSETD, "scan", f"127.0.0.1:{port}", "--json", *arguments], capture_output=True, text=True, timeout=120)
    return json.loads(ran.stdout)


def by_name(unit):
    return {profile["name"]: profile for profile in unit["profiles"]}


def check_maps(unit):
    found = by_name(unit)
    assert next(iter(found)) == "right" and found["right"]["fits"] == "likely"
    assert found["right"]["why"].startswith('register 768 is 1; registers 770..775 are "AGC 150"; all 9 blocks answer: ')
    assert found["right"]["why"].endswith("; firmware 412") and found["right"]["firmware"] == "412"
    assert found["other_number"] == {"name": "other_number", "fits": "unlikely", "why": "register 768 is 1, not 2 or 3"}
    assert found["other_text"] == {"name": "other_text", "fits": "unlikely", "why": 'registers 770..775 are "AGC 150", not "DSE"'}
    assert found["refused"] == {"name": "refused", "fits": "no", "why": "register 5000 is refused (exception 2)"}
    assert found["input"] == {"name": "input", "fits": "unlikely", "why": "input register 768 is 0, not 7"}
    assert found["hgm9520n"]["fits"] == "likely" and "register 768" not in found["hgm9520n"]["why"]


@pytest.mark.parametrize("protocol, framing", [("tcp", "tcp"), ("rtu_over_tcp", "rtu")])
def test_registers_that_tell_the_model_decide(start_slave, start_daemon, maps, protocol, framing):
    slave = start_slave({**GENSET, **MODEL}, framing, unit=5)
    arguments = ("--units", "4-6", "--protocol", protocol, "--profiles", maps)
    by_command = scan(slave.port, *arguments)
    assert [unit["unit"] for unit in by_command["units"]] == [5]
    check_maps(by_command["units"][0])
    daemon = start_daemon(PROFILES=maps)
    response = daemon.post("/api/scan", {"ip_address": "127.0.0.1", "port": slave.port, "protocol": protocol, "slave_ids": [4, 5, 6]})
    assert response.status_code == 200
    assert response.json() == {**by_command, "error": None}


def test_controller_that_refuses_the_status_register_is_identified(start_slave, tmp_path):
    """Register 2000 does not exist; the map of the controller begins elsewhere."""
    folder = tmp_path / "maps"
    folder.mkdir()
    (folder / "elsewhere.toml").write_text(MAP.format(name="elsewhere", lines='probe_address = 2000\nidentity = [{ address = 768, type = "u16", equals = [1] }]'))
    slave = start_slave({**GENSET, **MODEL})
    found = by_name(scan(slave.port, "--units", "1", "--profiles", str(folder))["units"][0])
    assert found["elsewhere"]["fits"] == "likely" and found["elsewhere"]["why"].startswith("register 768 is 1; ")


def test_connection_test_tells_the_model(start_slave, start_daemon, maps):
    slave = start_slave({**GENSET, **MODEL})
    daemon = start_daemon(PROFILES=maps)

    def test(profile):
        answer = daemon.post("/api/devices/test-connection", {"ip_address": "127.0.0.1", "port": slave.port, "profile": profile}).json()
        assert answer["success"] is True
        return answer["identity"], answer["identity_reason"], answer["firmware"]

    assert test("right") == ("likely", 'register 768 is 1; registers 770..775 are "AGC 150"', "412")
    assert test("other_number") == ("unlikely", "register 768 is 1, not 2 or 3", None)
    assert test("refused") == ("unlikely", "register 5000 is refused (exception 2)", None)
    assert test("hgm9520n") == (None, None, None)


def test_register_that_is_not_answered_decides_nothing(start_simulator, start_daemon, maps):
    simulator = start_simulator("--unknown", "768:1", "--refuse", "silence", devices=1)
    daemon = start_daemon(PROFILES=maps, MODBUS_TIMEOUT="0.3")
    answer = daemon.post("/api/devices/test-connection", {"ip_address": "127.0.0.1", "port": simulator.port, "profile": "other_number"}).json()
    assert (answer["success"], answer["identity"], answer["identity_reason"]) == (True, None, "register 768 was not answered")
    found = by_name(scan(simulator.port, "--units", "1", "--protocol", "tcp", "--profiles", maps)["units"][0])
    assert (found["other_number"]["fits"], found["other_number"]["why"]) == ("no", "register 768 was not answered")


def test_controller_that_does_not_respond_has_no_identity(start_daemon, maps):
    answer = start_daemon(PROFILES=maps).post("/api/devices/test-connection", {"ip_address": "127.0.0.1", "port": free_port(), "profile": "right"}).json()
    assert answer["success"] is False and answer["identity"] is None and answer["identity_reason"] is None


def test_scan_without_a_connection_says_why(start_daemon):
    port = free_port()
    answer = start_daemon().post("/api/scan", {"ip_address": "127.0.0.1", "port": port}).json()
    assert answer["units"] == [] and answer["error"].startswith(f"127.0.0.1:{port}: connection refused; ") and answer["stopped"] is False


def test_units_are_1_to_16_by_default(start_simulator, start_daemon):
    simulator = start_simulator("--one-port", devices=20, port=free_port())
    answer = start_daemon().post("/api/scan", {"ip_address": "127.0.0.1", "port": simulator.port}).json()
    assert [unit["unit"] for unit in answer["units"]] == list(range(1, 17))
    assert all(unit["profiles"][0]["name"] == "hgm9520n" for unit in answer["units"])


@pytest.mark.parametrize(
    "change, field",
    [
        ({"slave_ids": list(range(1, 18))}, "slave_ids"), ({"slave_ids": []}, "slave_ids"), ({"slave_ids": [1, 1]}, "slave_ids"), ({"slave_ids": [256]}, "slave_ids"),
        ({"slave_ids": [-1]}, "slave_ids"), ({"slave_ids": [1.5]}, "slave_ids"), ({"slave_ids": "1-16"}, "slave_ids"),
        ({"slave_ids": [0], "protocol": "rtu_over_tcp"}, "slave_ids"), ({"slave_ids": [248], "protocol": "rtu_over_tcp"}, "slave_ids"),
        ({"port": 0}, "port"), ({"protocol": "udp"}, "protocol"), ({"ip_address": "a b"}, "ip_address"), ({"slave_id": 1}, "slave_id"), ({"profile": "hgm9520n"}, "profile"),
    ],
)
def test_bad_scan_is_named(start_daemon, change, field):
    response = start_daemon().post("/api/scan", {"ip_address": "127.0.0.1", **change})
    assert response.status_code == 422 and response.json()["error"]["field"] == field, response.text


def test_one_scan_at_a_time_and_polling_goes_on(start_simulator, start_daemon):
    """Silent units hold the line half a second each; the device on the same line is polled in between, over the one connection."""
    simulator = start_simulator("--protocol", "rtu_over_tcp", "--baud", "115200", "--trace", devices=1)
    daemon = start_daemon()
    daemon.add_site()
    device = daemon.add_device(simulator.port, protocol="rtu_over_tcp", poll_interval=0.5)
    daemon.wait_online(device)
    body = {"ip_address": "127.0.0.1", "port": simulator.port, "protocol": "rtu_over_tcp"}
    found = []
    scanning = threading.Thread(target=lambda: found.append(daemon.post("/api/scan", body)))
    scanning.start()
    time.sleep(0.5)
    first = daemon.reading(device)["seq"]
    second = daemon.post("/api/scan", body)
    assert second.status_code == 409 and second.json()["error"]["code"] == "scan_running"
    daemon.wait_for(device, lambda reading: reading["seq"] >= first + 3, "polling during the scan")
    assert not found, "the scan was too short for this test"
    scanning.join(PATIENCE + 60)
    answer = found[0].json()
    assert [unit["unit"] for unit in answer["units"]] == [1] and answer["stopped"] is False
    assert daemon.reading(device)["online"] is True
    assert simulator.text().count(": connected") == 1
    assert daemon.post("/api/scan", {**body, "slave_ids": [1]}).status_code == 200, "the place is free again"


def test_stop_does_not_wait_for_a_scan(start_simulator, start_daemon):
    simulator = start_simulator("--silence", "1", devices=1)
    daemon = start_daemon()
    ended = []

    def ask():
        try:
            ended.append(daemon.post("/api/scan", {"ip_address": "127.0.0.1", "port": simulator.port}).status_code)
        except OSError:
            ended.append(None)

    scanning = threading.Thread(target=ask)
    scanning.start()
    time.sleep(0.3)
    began = time.monotonic()
    assert daemon.stop() == 0
    assert time.monotonic() - began < 8
    scanning.join(PATIENCE)
    wait_until(lambda: ended, "the end of the request")
