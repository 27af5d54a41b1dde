"""/metrics, the log and /health for administrators; dashboards and alert rules use existing metrics."""

import asyncio
import json
import pathlib
import re
import signal
import subprocess

import pytest
import websockets
from conftest import free_port, wait_until
from metrics_text import of, samples

ROOT = pathlib.Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"


def promtool(*arguments, text=None, status=0):
    done = subprocess.run(["promtool", *map(str, arguments)], input=text, capture_output=True, text=True, timeout=60)
    assert done.returncode == status, done.stdout + done.stderr
    return done.stdout + done.stderr


@pytest.fixture
def plant(start_daemon, start_simulator, start_redis):
    redis = start_redis()
    simulator = start_simulator(devices=2)
    daemon = start_daemon(REDIS_URL=redis.url)
    daemon.add_site()
    ids = [daemon.add_device(simulator.port + place) for place in range(2)]
    for device in ids:
        daemon.wait_online(device)
    wait_until(lambda: daemon.get("/health").json()["redis"] == "ok", "Redis")
    return daemon, ids, redis


def test_default_scrape_is_small_and_follows_the_conventions(plant):
    daemon, ids, _ = plant
    daemon.post("/api/devices", {"nonsense": 1})

    async def watched():
        async with websockets.connect(f"ws://127.0.0.1:{daemon.port}/ws/metrics") as client:
            for _ in range(2):
                await client.recv()
            return await asyncio.to_thread(lambda: daemon.get("/metrics").text)

    wait_until(lambda: of(samples(daemon.get("/metrics").text), "gensetd_redis_readings_written_total") >= 2, "readings in Redis")
    text = asyncio.run(watched())
    assert promtool("check", "metrics", text=text) == ""
    series = samples(text)
    assert not [key for key in series if any(name == "device_id" for name, _ in key[1])]
    assert of(series, "gensetd_devices") == of(series, "gensetd_devices_online") == 2
    assert of(series, "gensetd_site_devices", site="MKZ") == of(series, "gensetd_site_devices_online", site="MKZ") == 2
    assert of(series, "gensetd_links") == of(series, "gensetd_links_connected") == 2
    assert of(series, "gensetd_registry_up") == of(series, "gensetd_redis_up") == 1
    assert of(series, "gensetd_websocket_clients") == 1
    assert of(series, "gensetd_websocket_messages_total") >= 2 and of(series, "gensetd_websocket_sent_bytes_total") > 1000
    assert of(series, "gensetd_http_requests_total", code="201") == 3
    assert of(series, "gensetd_http_requests_total", code="422") == 1
    assert of(series, "gensetd_registry_request_duration_seconds_count") == 4
    cycles = of(series, "gensetd_cycles_total")
    assert cycles >= 2 and of(series, "gensetd_cycles_failed_total") == 0
    for histogram in (
        "gensetd_cycle_duration_seconds", "gensetd_cycle_start_delay_seconds", "gensetd_answer_latency_seconds",
        "gensetd_redis_write_duration_seconds", "gensetd_http_request_duration_seconds",
    ):
        count = of(series, histogram + "_count")
        assert count >= 2 and count == of(series, histogram + "_bucket", le="+Inf"), histogram
        assert 0 < of(series, histogram + "_sum") < 60 * count
    assert of(series, "gensetd_cycle_duration_seconds_count") == cycles
    assert of(series, "gensetd_links_answers_total") == of(series, "gensetd_answer_latency_seconds_count")
    assert [labels for name, labels in series if name == "gensetd_build_info"]


def test_process_figures_are_those_of_the_kernel(plant):
    daemon, _, _ = plant
    series = samples(daemon.get("/metrics").text)
    process = pathlib.Path(f"/proc/{daemon.process.pid}")
    status = dict(line.split(":\t", 1) for line in (process / "status").read_text().splitlines() if ":\t" in line)
    assert of(series, "process_resident_memory_bytes") == pytest.approx(int(status["VmRSS"].split()[0]) * 1024, rel=0.2)
    assert of(series, "process_threads") == int(status["Threads"])
    assert abs(of(series, "process_open_fds") - len(list((process / "fd").iterdir()))) <= 2
    assert 0 < of(series, "process_cpu_seconds_total") < 600
    started = float((process / "stat").read_text().rsplit(")", 1)[1].split()[19]) / 100
    boot = int(re.search(r"^btime (\d+)", pathlib.Path("/proc/stat").read_text(), re.M)[1])
    assert of(series, "process_start_time_seconds") == pytest.approx(boot + started, abs=2)


def test_values_of_devices_are_sent_on_request(plant):
    daemon, ids, _ = plant
    text = daemon.get("/metrics?devices=1").text
    # The names of fields are the specification's: alarm_count is a count, the b of current_b is no bit, run_hours are in seconds.
    for complaint in promtool("check", "metrics", text=text, status=3).splitlines():
        assert re.match(r"gensetd_reading_(\w+_count .*\"_count\" suffix|\w+_b(_\w+)? .*abbreviated units|\w+_(hours|minutes)_seconds use base unit .*)$", complaint), complaint
    series = samples(text)
    for device in ids:
        labels = {"device_id": str(device), "site": "MKZ", "device_type": "generator"}
        assert of(series, "gensetd_device_online", **labels) == 1
        assert 0 <= of(series, "gensetd_reading_fuel_level_ratio", **labels) <= 1
        assert 0 < of(series, "gensetd_reading_battery_volt_volts", **labels) < 40
    assert samples(daemon.get("/metrics?devices=0").text).keys() == samples(daemon.get("/metrics").text).keys()
    for bad in ("?devices=yes", "?devices=", "?sites=1", "?devices=1&devices=1"):
        response = daemon.get("/metrics" + bad)
        assert response.status_code == 400 and response.json()["error"]["field"] in ("devices", "sites"), bad


def test_failures_are_counted_by_kind(start_daemon):
    daemon = start_daemon()
    daemon.add_site()
    daemon.add_device(free_port())
    errors = lambda: of(samples(daemon.get("/metrics").text), "gensetd_request_errors_total", kind="connect_failed")
    wait_until(lambda: errors() >= 1, "a failed connection")
    series = samples(daemon.get("/metrics").text)
    assert of(series, "gensetd_request_errors_total", kind="no_answer") == 0
    wait_until(lambda: of(samples(daemon.get("/metrics").text), "gensetd_cycles_failed_total") >= 1, "a failed cycle")
    assert of(samples(daemon.get("/metrics").text), "gensetd_site_devices_online", site="MKZ") == 0


def test_counts_of_a_link_remain_after_it_closes(plant):
    daemon, ids, _ = plant
    before = of(samples(daemon.get("/metrics").text), "gensetd_links_answers_total")
    assert before >= 2
    for device in ids:
        assert daemon.delete(f"/api/devices/{device}").status_code == 204
    series = samples(daemon.get("/metrics").text)
    assert of(series, "gensetd_links") == 0 and of(series, "gensetd_links_answers_total") >= before


def metrics_in(expression):
    return set(re.findall(r"\b((?:gensetd|process)_[a-z0-9_]+)\b", expression))


def test_dashboard_and_alerts_use_existing_metrics(plant, tmp_path):
    daemon, _, _ = plant
    there = {name for name, _ in samples(daemon.get("/metrics").text)}
    dashboard = json.loads((DEPLOY / "grafana/gensetd.json").read_text())
    asked = set()
    for panel in dashboard["panels"]:
        assert panel["title"] and panel["targets"], panel["id"]
        for target in panel["targets"]:
            asked |= metrics_in(target["expr"])
    expressions = [target["expr"].replace("$__rate_interval", "1m") for panel in dashboard["panels"] for target in panel["targets"]]
    as_rules = tmp_path / "dashboard.yml"
    as_rules.write_text(json.dumps({"groups": [{"name": "dashboard", "rules": [{"record": f"panel:{number}", "expr": each} for number, each in enumerate(expressions)]}]}))
    promtool("check", "rules", as_rules)
    rules = (DEPLOY / "prometheus/gensetd.rules.yml").read_text()
    asked |= {name for line in rules.splitlines() if line.strip().startswith("expr:") for name in metrics_in(line)}
    assert asked and not asked - there, "asked for, but not there"


def test_alert_rules_fire_as_described():
    assert "SUCCESS" in promtool("check", "rules", DEPLOY / "prometheus/gensetd.rules.yml")
    assert "SUCCESS" in promtool("test", "rules", DEPLOY / "prometheus/gensetd.tests.yml")


def test_health_distinguishes_live_from_ready(plant):
    daemon, _, redis = plant
    for path in ("/health", "/health/live", "/health/ready"):
        response = daemon.get(path)
        assert response.status_code == 200 and (response.json()["status"], response.json()["live"], response.json()["ready"]) == ("ok", True, True)
    redis.stop(signal.SIGKILL)
    seen = wait_until(lambda: (body := daemon.get("/health").json())["status"] == "degraded" and body, "the loss of Redis")
    assert seen["ready"] is True and seen["redis"] != "ok"
    assert daemon.get("/health/ready").status_code == 200, "polling goes on, and a restart would help nobody"


def documented_events():
    """The table of log events in docs/operations.md: {name: fields}."""
    rows = re.findall(r"^\| `([a-z_]+)` \| (?:info|warning|error|debug) \| ([^|]*)\|", (ROOT / "docs/operations.md").read_text(), re.M)
    return {event: set(re.findall(r"`([a-z_]+)`", fields)) for event, fields in rows}


def events_in_source():
    """What the program can log: {name: fields}."""
    found = {}
    for file in (ROOT / "src").rglob("*.cpp"):
        text = file.read_text()
        for match in re.finditer(r"(event\()?log::(?:debug|info|warning|error)\(\"([a-z_]+)\"\)(.*?)say\(", text, re.S):
            fields = set(re.findall(r"\.field\(\"([a-z_]+)\"", match[3])) | ({"device_id", "site"} if match[1] else set())
            found.setdefault(match[2], set()).update(fields)
    return found


def test_every_event_of_the_log_is_described():
    described, there = documented_events(), events_in_source()
    assert described == there


def test_log_lines_are_events(start_daemon, start_simulator):
    simulator = start_simulator(devices=1)
    daemon = start_daemon(LOG_FORMAT="json")
    daemon.add_site()
    device = daemon.add_device(simulator.port)
    daemon.wait_online(device)
    simulator.stop()
    daemon.wait_for(device, lambda reading: not reading["online"], "offline")
    daemon.stop()
    described = documented_events()
    lines = [json.loads(line) for line in daemon.text().splitlines()]
    for line in lines:
        assert {"time", "level", "message", "event"} <= line.keys(), line
        assert line.keys() - {"time", "level", "message", "event"} <= described[line["event"]], line
    by_event = {line["event"]: line for line in lines}
    assert {"started", "registry_changed", "device_online", "device_offline", "stopping", "stopped"} <= by_event.keys()
    assert by_event["device_offline"]["device_id"] == device and by_event["device_offline"]["kind"] in ("connection_lost", "connect_failed", "no_answer")
