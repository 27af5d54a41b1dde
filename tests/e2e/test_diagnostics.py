"""The diagnostics of a device and /metrics show the exact counts of a line."""

import pytest
from conftest import free_port, wait_until
from metrics_text import of, samples
from scripted_controller import ScriptedController

NEVER = 3600  # seconds: a cycle only starts when the test requests it
ALONE = 40  # a register of the HGM9560 that is read in a request of its own
COUNTERS = ["requests", "answers", "exceptions", "timeouts", "broken_frames", "foreign_frames", "late_answers", "doubled_answers", "confirmations", "doubts"]


@pytest.fixture
def start_controller():
    started = []

    def start(framing="rtu"):
        started.append(ScriptedController(framing))
        return started[-1]

    yield start
    for controller in started:
        controller.close()


def diagnostics(daemon, device):
    response = daemon.get(f"/api/devices/{device}/diagnostics")
    assert response.status_code == 200, response.text
    return response.json()


def wait_cycles(daemon, device, count):
    return wait_until(lambda: (seen := diagnostics(daemon, device))["polling"]["cycles"] == count and seen, f"cycle {count} of device {device}")


def next_cycle(daemon, device):
    """One more cycle, now: an edit of a device has it read at once."""
    count = diagnostics(daemon, device)["polling"]["cycles"] + 1
    assert daemon.patch(f"/api/devices/{device}", {"description": f"cycle {count}"}).status_code == 200
    seen = wait_cycles(daemon, device, count)
    return seen, daemon.reading(device)


def test_every_event_on_a_line_is_counted_once(start_daemon, start_controller):
    controller = start_controller()
    daemon = start_daemon()
    daemon.add_site('M"K\\Z')
    device = daemon.add_device(controller.port, device_type="ats", poll_interval=NEVER, retry_delay=NEVER, modbus_timeout=2)
    seen = wait_cycles(daemon, device, 1)
    assert seen["polling"]["online"] is True and seen["read_plan"]["is_split"] is False
    reads = len([read for read in seen["read_plan"]["reads"] if not read["is_optional"]])
    assert controller.requests == 2 * reads, "what is read for the first time is confirmed"

    # Each fault is met once and costs no cycle: the reading after it is online, complete and without an error.
    for fault in ("refuse_as_busy", "double", "spoil", "reset", "lose", "be_late", "overhear"):
        controller.on(ALONE, getattr(ScriptedController, fault))
        seen, reading = next_cycle(daemon, device)
        assert controller.faults_left() == 0, fault
        assert (reading["online"], reading["error"], reading["genset_status"]) == (True, None, 40), fault

    polling, unit, link = seen["polling"], seen["unit"], seen["link"]
    assert (polling["cycles"], polling["failed_cycles"], polling["failures_in_a_row"]) == (8, 0, 0)
    # After the wrong CRC, the lost response and the late one; and where a slow machine made a response late.
    slow = polling["retries"] - 3
    assert 0 <= slow <= 3
    assert (polling["last_hour_cycles"], polling["last_hour_failed_cycles"], polling["last_hour_success_rate"]) == (8, 0, 1)
    assert polling["last_seen"] == reading["last_seen"] and polling["last_cycle_ms"] > 0
    # Confirmed were the reads of the first cycle, the block whose register counts in each, and the refusal.
    confirmations = unit["confirmations"]
    assert confirmations >= reads + 7 + 1
    # The reset connection may have lost a second response to the read before: that read is repeated.
    doubts = unit["doubts"]
    assert doubts <= 1
    responses = 8 * reads + confirmations - 1 + doubts
    expected = {
        "requests": controller.requests, "answers": responses, "exceptions": 0, "timeouts": 2 + slow, "broken_frames": 1,
        "late_answers": 1 + slow, "doubled_answers": 1, "confirmations": confirmations, "doubts": doubts,
    }
    # Besides the responses: the exception, the three second attempts, and the reset connection.
    assert controller.requests == responses + 5 + slow
    assert {name: unit[name] for name in COUNTERS} == {**expected, "foreign_frames": 0}
    assert {name: link[name] for name in COUNTERS} == {**expected, "foreign_frames": 1}
    assert (link["connects"], link["connections_lost"], link["connected"]) == (2, 1, True)
    broken_length = link["garbage_bytes"]
    assert broken_length >= 5 + 2 * 3, "the answer with the wrong CRC, three registers at least"
    assert link["shared_with_others"] is True
    foreign = link["last_foreign_frame"]
    assert (foreign["kind"], foreign["slave_id"], foreign["function"], foreign["register_count"]) == ("answer", 9, 3, 7)
    assert foreign["heard_at"] <= reading["timestamp"]
    latency = unit["recent_latency"]
    assert latency["answers"] == min(64, 8 * reads + doubts) and 0 < latency["mean_ms"] <= latency["max_ms"] < 2000
    assert 0.2 <= link["busy_seconds"] and 0 < link["utilisation"] < 1 and 0 < link["utilisation_last_minute"] < 1

    # Nothing is read before the test requests it: diagnostics and /metrics agree.
    series = samples(daemon.get("/metrics?devices=1").text)
    mine, line = {"device_id": str(device), "site": 'M"K\\Z'}, {"link": f"127.0.0.1:{controller.port}"}
    for name in COUNTERS:
        assert of(series, f"gensetd_device_{name}_total", **mine) == seen["unit"][name], name
        assert of(series, f"gensetd_link_{name}_total", **line) == seen["link"][name], name
    for name, value in {"cycles": 8, "cycles_failed": 0, "retries": 3 + slow, "cycles_missed": 0}.items():
        assert of(series, f"gensetd_device_{name}_total", **mine) == value, name
    assert of(series, "gensetd_device_failures_in_a_row", **mine) == 0 and of(series, "gensetd_device_offline_after", **mine) == 1
    assert of(series, "gensetd_device_answer_latency_seconds_count", **mine) == 8 * reads + doubts
    assert of(series, "gensetd_device_last_cycle_seconds", **mine) == pytest.approx(seen["polling"]["last_cycle_ms"] / 1000)
    assert of(series, "gensetd_link_busy_seconds_total", **line) == pytest.approx(seen["link"]["busy_seconds"], abs=1e-5)
    for name, value in {"connected": 1, "shared": 1, "connects_total": 2, "connections_lost_total": 1, "garbage_bytes_total": broken_length}.items():
        assert of(series, f"gensetd_link_{name}", **line) == value, name


def test_devices_of_one_link_know_each_other(start_daemon, start_simulator):
    simulator = start_simulator("--one-port", devices=3)
    daemon = start_daemon()
    daemon.add_site()
    ids = [daemon.add_device(simulator.port, slave_id=unit) for unit in (1, 2, 3)]
    for device in ids:
        daemon.wait_online(device)
    other = daemon.add_device(free_port())
    wait_until(lambda: diagnostics(daemon, other)["polling"]["failed_cycles"] > 0, "a failed cycle")
    seen = diagnostics(daemon, ids[1])
    assert seen["link"]["other_devices"] == [ids[0], ids[2]] and seen["unit"]["slave_id"] == 2
    assert seen["link"]["requests"] > seen["unit"]["requests"]
    lost = diagnostics(daemon, other)
    assert lost["link"]["connected"] is False and lost["link"]["other_devices"] == [] and lost["link"]["connects"] == 0
    assert lost["polling"]["last_seen"] is None and lost["unit"]["recent_latency"] == {"answers": 0, "last_ms": None, "mean_ms": None, "max_ms": None}
    assert lost["polling"]["last_hour_success_rate"] == 0
    series = samples(daemon.get("/metrics?devices=1").text)
    assert len([key for key in series if key[0] == "gensetd_link_connected"]) == 2, "one of each link, not of each device"


def test_device_that_is_not_polled_is_reported_as_such(start_daemon):
    daemon = start_daemon()
    daemon.add_site()
    device = daemon.add_device(free_port())

    def not_polled(reason):
        seen = diagnostics(daemon, device)
        assert seen == {"device_id": device, "polled": False, "not_polled_because": reason, "polling": None, "unit": None, "read_plan": None, "link": None}
        assert not [key for key in samples(daemon.get("/metrics?devices=1").text) if key[0].startswith(("gensetd_link_", "gensetd_device_"))]

    daemon.patch(f"/api/devices/{device}", {"is_active": False})
    not_polled("the device is not active")
    daemon.patch(f"/api/devices/{device}", {"is_active": True})
    assert diagnostics(daemon, device)["polled"] is True
    daemon.patch("/api/sites/1", {"is_active": False})
    not_polled("its site is not active")
    unknown = daemon.get("/api/devices/77/diagnostics")
    assert unknown.status_code == 404 and unknown.json()["error"]["code"] == "not_found"


def test_split_plan_is_reported_as_such(start_daemon, start_controller):
    controller = start_controller()
    daemon = start_daemon()
    daemon.add_site()
    device = daemon.add_device(controller.port, device_type="ats", poll_interval=NEVER, modbus_timeout=2)
    plan = wait_cycles(daemon, device, 1)["read_plan"]
    merged = next(read for read in plan["reads"] if len(read["blocks"]) > 1)

    def refuse_when_merged(self, response, connection):
        if response[2] // 2 >= merged["register_count"]:
            self.refuse_address(response, connection)
        else:
            connection.sendall(response)
        self.on(merged["first"], refuse_when_merged)

    controller.on(merged["first"], refuse_when_merged)
    seen, reading = next_cycle(daemon, device)
    assert reading["online"] is True and reading["error"] is None
    assert seen["read_plan"]["is_split"] is True
    assert all(len(read["blocks"]) == 1 for read in seen["read_plan"]["reads"] if set(read["blocks"]) & set(merged["blocks"]))
    assert sorted(block for read in seen["read_plan"]["reads"] for block in read["blocks"]) == sorted(block for read in plan["reads"] for block in read["blocks"])


@pytest.mark.parametrize("own, everyones", [(None, "3"), (3, "1"), (3, None)])
def test_silent_cycles_below_the_limit_keep_a_device_online(start_daemon, start_controller, own, everyones):
    controller = start_controller("tcp")
    daemon = start_daemon(**({"OFFLINE_AFTER": everyones} if everyones else {}))
    daemon.add_site()
    device = daemon.add_device(controller.port, poll_interval=NEVER, retry_delay=NEVER, modbus_timeout=0.5, offline_after=own)
    wait_cycles(daemon, device, 1)
    good = daemon.reading(device)
    assert good["online"] is True and good["error"] is None

    def only_fields(reading):
        return {name: value for name, value in reading.items() if name not in ("timestamp", "online", "error", "seq")}

    controller.silent = True
    for failures in (1, 2, 3, 4):
        seen, reading = next_cycle(daemon, device)
        assert (reading["online"], seen["polling"]["online"]) == (failures < 3, failures < 3), failures
        assert "no answer within 0.5 s" in reading["error"]
        assert only_fields(reading) == only_fields(good), "values and last_seen are those of the last good cycle"
        assert (seen["polling"]["failures_in_a_row"], seen["polling"]["offline_after"], seen["polling"]["failed_cycles"]) == (failures, 3, failures)
    assert seen["polling"]["last_hour_success_rate"] == 0.2

    controller.silent = False
    seen, reading = next_cycle(daemon, device)
    assert reading["online"] is True and reading["error"] is None and seen["polling"]["failures_in_a_row"] == 0


def test_limit_of_a_device_overrides_the_common_limit(start_daemon, start_controller):
    controller, other = start_controller("tcp"), start_controller("tcp")
    daemon = start_daemon(OFFLINE_AFTER="3")
    daemon.add_site()
    common = {"poll_interval": NEVER, "retry_delay": NEVER, "modbus_timeout": 0.5}
    hasty = daemon.add_device(controller.port, offline_after=1, **common)
    patient = daemon.add_device(other.port, **common)
    for device in (hasty, patient):
        wait_cycles(daemon, device, 1)
    controller.silent = other.silent = True
    assert next_cycle(daemon, hasty)[1]["online"] is False
    assert next_cycle(daemon, patient)[1]["online"] is True


def test_one_lost_response_is_not_an_outage(start_daemon, start_controller):
    """With the default limit of one failed cycle: whichever response is lost, the second attempt replaces it."""
    controller = start_controller("tcp")
    daemon = start_daemon()
    daemon.add_site()
    device = daemon.add_device(controller.port, poll_interval=NEVER, retry_delay=NEVER, modbus_timeout=0.5)
    reads = wait_cycles(daemon, device, 1)["read_plan"]["reads"]
    for count, read in enumerate(reads, 1):
        controller.on(read["first"], ScriptedController.lose)
        seen, reading = next_cycle(daemon, device)
        assert controller.faults_left() == 0
        assert (reading["online"], reading["error"]) == (True, None), read
        assert (seen["polling"]["retries"], seen["polling"]["failed_cycles"], seen["unit"]["timeouts"]) == (count, 0, count)
