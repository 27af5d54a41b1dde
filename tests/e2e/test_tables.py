"""The four Modbus tables, optional blocks and texts, against pymodbus."""

import json
import subprocess

import pytest
from conftest import GENSETD, wait_until

PROFILE = """
format = 2
name = "tables"
title = { en = "Tables", ru = "Таблицы" }
device_type = "generator"
protocol = "tcp"
probe_address = 3
probe_table = "input"
word_order = "high_first"
no_data = { u16 = "none", i32 = "none" }
tcp = { merge_limit = 125, request_gap_ms = 0, requests_in_flight = 4 }
serial = { merge_limit = 36, request_gap_ms = 5, requests_in_flight = 1 }
groups = [{ name = "g", label = { en = "G", ru = "Г" } }]
blocks = [
  { name = "holding", address = 0, count = 4 },
  { name = "input", table = "input", address = 0, count = 4 },
  { name = "coils", table = "coils", address = 0, count = 13 },
  { name = "discrete", table = "discrete", address = 5, count = 9 },
  { name = "model", address = 100, count = 8, every = 10 },
  { name = "words", table = "input", address = 50, count = 2, when = ["alarm"] },
]
fields = [
  { name = "held", address = 3, type = "u16", group = "g", label = { en = "a", ru = "а" } },
  { name = "given", table = "input", address = 3, type = "u16", group = "g", label = { en = "b", ru = "б" } },
  { name = "wide", table = "input", address = 0, type = "i32", decimals = 2, group = "g", label = { en = "c", ru = "в" } },
  { name = "alarm", table = "coils", address = 12, type = "bit", group = "g", label = { en = "d", ru = "г" } },
  { name = "quiet", table = "coils", address = 11, type = "bit", group = "g", label = { en = "e", ru = "д" } },
  { name = "switch", table = "discrete", address = 13, type = "bit", group = "g", label = { en = "f", ru = "е" } },
  { name = "model", address = 100, type = "text", length = 8, group = "g", label = { en = "g", ru = "ё" } },
  { name = "detail", table = "input", address = 50, type = "u16", group = "g", label = { en = "h", ru = "ж" } },
]
alarms = [
  { group = "warning", table = "input", address = 51, bit = 4, code = "hot", label = { en = "Too hot", ru = "Перегрев" } },
]
[[alarm_groups]]
name = "warning"
class = "warning"
"""
TEXT = "AGC 150 \0xx"
REGISTERS = {
    3: 1003, "input/3": 2003, "input/0": 65535, "input/1": 65411, "coils/12": 1, "discrete/13": 1, "input/50": 77, "input/51": 1 << 4,
    **{100 + index: ord(TEXT[2 * index]) << 8 | ord(TEXT[2 * index + 1]) for index in range(len(TEXT) // 2)},
}


@pytest.fixture
def profiles(tmp_path):
    folder = tmp_path / "profiles"
    folder.mkdir()
    (folder / "tables.toml").write_text(PROFILE)
    return folder


@pytest.mark.parametrize("protocol, framing", [("tcp", "tcp"), ("rtu_over_tcp", "rtu")])
def test_values_of_all_tables_are_those_of_a_pymodbus_slave(start_daemon, start_slave, profiles, protocol, framing):
    slave = start_slave(REGISTERS, framing=framing)
    daemon = start_daemon(PROFILES=str(profiles))
    daemon.add_site()
    device = daemon.add_device(slave.port, profile="tables", protocol=protocol)
    reading = daemon.wait_online(device)
    assert (reading["held"], reading["given"], reading["wide"]) == (1003, 2003, -1.25)
    assert (reading["alarm"], reading["quiet"], reading["switch"]) == (True, False, True)
    assert reading["model"] == "AGC 150" and reading["detail"] == 77
    assert reading["error"] is None
    alarm = wait_until(lambda: daemon.get("/api/alarms").json()["alarms"], "the alarm by name")[0]
    assert (alarm["code"], alarm["args"]["text_en"], alarm["priority"]) == ("alarm:warning.hot", "Too hot", 3)
    points = daemon.get(f"/api/devices/{device}/points").json()
    assert [point["code"] for point in points["on"]] == ["alarm:warning.hot"] and points["on"][0]["read_at"]
    assert points["unnamed"] == [{"table": "input", "address": 50, "bit": bit} for bit in (0, 2, 3, 6)]
    reads = daemon.get(f"/api/devices/{device}/diagnostics").json()["read_plan"]["reads"]
    assert [read["table"] for read in reads] == ["coils", "discrete", "holding", "input", "input", "holding"]
    assert [read["is_optional"] for read in reads] == [False] * 4 + [True] * 2
    response = daemon.get("/api/history", params={"device_id": device, "fields": "model"})
    assert response.status_code == 400 and "is a text" in response.json()["error"]["message"]


@pytest.mark.parametrize("protocol, framing", [("tcp", "tcp"), ("rtu_over_tcp", "rtu")])
def test_raw_ranges_of_all_tables(start_daemon, start_slave, protocol, framing):
    slave = start_slave(REGISTERS, framing=framing)
    daemon = start_daemon()

    def read(range_, *more):
        command = [GENSETD, "read", f"127.0.0.1:{slave.port}", "--protocol", protocol, "--json", "--raw", range_, *more]
        return json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)

    assert read("3") == {"address": 3, "values": [1003]}
    assert read("input/2:2") == {"table": "input", "address": 2, "values": [0, 2003]}
    assert read("coils/5:8") == {"table": "coils", "address": 5, "values": [0] * 7 + [1]}
    assert read("discrete/13") == {"table": "discrete", "address": 13, "values": [1]}
    body = {"ip_address": "127.0.0.1", "port": slave.port, "protocol": protocol}
    answer = daemon.post("/api/devices/read", {**body, "raw": {"table": "input", "address": 2, "count": 2}}).json()
    assert answer["registers"] == [{"table": "input", "address": 2, "values": [0, 2003]}]
    refused = daemon.post("/api/devices/read", {**body, "raw": {"table": "output", "address": 2, "count": 2}})
    assert refused.status_code == 422
    assert refused.json()["error"]["message"] == "raw: table must be one of holding, input, coils, discrete"


def test_the_connection_test_reads_the_table_of_the_profile(start_daemon, start_slave, profiles):
    slave = start_slave(REGISTERS)
    daemon = start_daemon(PROFILES=str(profiles))
    answer = daemon.post("/api/devices/test-connection", {"ip_address": "127.0.0.1", "port": slave.port, "profile": "tables"}).json()
    assert (answer["success"], answer["address"], answer["raw_value"]) == (True, 3, 2003)
