"""What happened at real sites, one test a story. The converter is scripted where the order of things is what matters.
Story 3, others on the line, stands in test_others_on_the_line.py."""

import threading
import time

import pytest
from conftest import PATIENCE, wait_until
from converter import response_frame
from pattern import origin, registers_of
from numbered_converter import add, readings_of, start_converter, start_patient_daemon, wrong  # noqa: F401 fixtures

SERIAL_REGISTERS_MAX = 44  # reads of 45 were unreliable at the sites
BLOCKS = 9  # of the HGM9560, and of the profile `pattern`



# 1. The converter splits responses and joins frames.


def test_a_response_in_pieces_is_one_reading(start_patient_daemon, start_converter):
    def in_pieces(converter, request):
        frame = response_frame(request.unit, converter.values(request))
        for piece in (frame[:1], frame[1:4], frame[4:-1], frame[-1:]):
            converter.send(request, piece)
            time.sleep(0.02)  # the pause within the frame under test

    converter = start_converter(response=in_pieces)
    daemon = start_patient_daemon()
    device = add(daemon, converter)
    daemon.wait_online(device)
    for reading in readings_of(daemon, device, 5):
        assert reading["online"] and reading["error"] is None and not wrong(reading, 1)
        assert None not in registers_of(reading).values()


def test_packets_of_fifty_milliseconds_cut_and_join_and_values_are_right(start_patient_daemon, start_simulator):
    simulator = start_simulator("--protocol", "rtu_over_tcp", "--packing-ms", "50", "--profile", "hgm9560", devices=1)
    daemon = start_patient_daemon(MODBUS_TIMEOUT="5")
    device = daemon.add_device(simulator.port, device_type="ats")
    for reading in [daemon.wait_online(device), *readings_of(daemon, device, 2)]:
        assert reading["online"] and reading["error"] is None and 0 <= reading["mains_freq"] < 55


def test_a_frame_joined_with_ours_is_not_part_of_it(start_patient_daemon, start_converter):
    def joined(converter, request):
        other = response_frame(request.unit + 1, [7] * request.count)
        converter.send(request, other + response_frame(request.unit, converter.values(request)) + other)

    converter = start_converter(response=joined)
    daemon = start_patient_daemon()
    device = add(daemon, converter)
    daemon.wait_online(device)
    for reading in readings_of(daemon, device, 3):
        assert reading["online"] and not wrong(reading, 1)


# 2. Responses arrive late.


@pytest.mark.parametrize("lost_as_well", [False, True])
def test_a_late_response_is_never_taken_for_the_next_one(start_patient_daemon, start_converter, lost_as_well):
    """Every fifth response is late, and arrives when it can do harm: when other registers are requested whose response looks
    the same, before that response or instead of it."""
    late = []
    seconds = 9  # the delay that gensetd allows for, less a margin for a busy machine

    def response(converter, request):
        for asked in [asked for asked in late if (asked.unit, asked.count) == (request.unit, request.count) and asked.first != request.first]:
            late.remove(asked)
            if time.monotonic() - asked.time < seconds:
                converter.send_response(asked)
                if lost_as_well:
                    return
        if len(converter.requests) % 5 == 0:
            late.append(request)
        else:
            converter.send_response(request)

    converter = start_converter(response=response)
    daemon = start_patient_daemon()
    device = add(daemon, converter, profile="pattern_equal")
    for reading in readings_of(daemon, device, 8):
        assert not wrong(reading, 1)
    wait_until(lambda: len(converter.requests) > 15, "late answers")


def test_responses_some_seconds_late_are_never_taken_for_other_registers(start_patient_daemon, start_simulator):
    simulator = start_simulator(
        "--protocol", "rtu_over_tcp", "--baud", "115200", "--turnaround-ms", "5", "--late", "0.2", "--late-by-ms", "200", "--late-spread-ms", "2500", "--pattern", devices=1
    )
    daemon = start_patient_daemon()
    device = daemon.add_device(simulator.port, device_type="ats", profile="pattern")
    for reading in readings_of(daemon, device, 6):
        for address, value in registers_of(reading).items():
            assert value is None or origin(value)[1] == address


def test_a_doubled_response_is_used_once(start_patient_daemon, start_converter):
    last = []

    def twice(converter, request):
        while last:
            converter.send(request, last.pop())  # the copy arrives when the next response is expected
        frame = response_frame(request.unit, converter.values(request))
        converter.send(request, frame)
        last.append(frame)

    converter = start_converter(response=twice)
    daemon = start_patient_daemon()
    device = add(daemon, converter)
    daemon.wait_online(device)
    for reading in readings_of(daemon, device, 5):
        assert not wrong(reading, 1) and reading["online"]


# 4. One connection per converter.


def test_one_connection_for_all_devices_of_a_converter(start_patient_daemon, start_converter):
    converter = start_converter(units=(1, 2, 3))
    daemon = start_patient_daemon()
    devices = {unit: add(daemon, converter, unit) for unit in (1, 2, 3)}
    for unit, device in devices.items():
        assert not wrong(daemon.wait_online(device), unit)
    test = {"ip_address": "127.0.0.1", "port": converter.port, "slave_id": 2, "protocol": "rtu_over_tcp", "profile": "pattern"}
    response = daemon.post("/api/devices/test-connection", test).json()
    assert response["success"] is True, response
    assert len(converter.connections) == 1


def test_a_converter_that_accepts_one_connection_is_sufficient(start_patient_daemon, start_simulator):
    simulator = start_simulator(
        "--protocol", "rtu_over_tcp", "--one-port", "--baud", "115200", "--turnaround-ms", "5", "--clients-max", "1", "--trace", devices=3
    )
    daemon = start_patient_daemon()
    devices = [daemon.add_device(simulator.port, protocol="rtu_over_tcp", slave_id=unit, name=f"unit {unit}") for unit in (1, 2, 3)]
    for device in devices:
        daemon.wait_online(device)
    assert len(simulator.lines(": connected")) == 1 and not simulator.lines("rejected")


# 5. Fixed pauses cost everything. (How long a cycle takes is measured by bench/serial_cycle.)


def test_a_cycle_takes_fewer_requests_than_there_are_blocks(start_patient_daemon, start_converter):
    converter = start_converter()
    daemon = start_patient_daemon()
    device = add(daemon, converter)
    daemon.wait_online(device)
    counts = []
    readings_of(daemon, device, 6, look=lambda: counts.append(len(converter.seen())))
    cycles = [after - before for before, after in zip(counts, counts[1:])]
    assert min(cycles) < BLOCKS and sum(cycles) < len(cycles) * BLOCKS, cycles


# 6. One slow device held up all.


def test_a_slow_device_delays_no_other(start_patient_daemon, start_converter):
    asked = threading.Event()
    slow = start_converter(response=lambda converter, request: asked.set())
    quick = start_converter()
    daemon = start_patient_daemon(MODBUS_TIMEOUT="50")
    waiting = add(daemon, slow)
    assert asked.wait(PATIENCE)
    device = add(daemon, quick)
    daemon.wait_online(device)
    assert len(readings_of(daemon, device, 5)) == 5
    assert len(slow.seen()) == 1 and daemon.reading(waiting) is None


# 7. Merged reads work, up to a size.


def test_merged_reads_stay_within_the_size_that_sites_respond_to(start_patient_daemon, start_converter):
    converter = start_converter(units=(1, 2))
    daemon = start_patient_daemon()
    switchboard = add(daemon, converter, 1, profile="hgm9560")
    genset = add(daemon, converter, 2, device_type="generator", profile="hgm9520n", protocol="rtu_over_tcp")
    for device in (switchboard, genset):
        daemon.wait_online(device)
        readings_of(daemon, device, 2)
    largest = max(request.count for request in converter.seen())
    assert 17 < largest <= SERIAL_REGISTERS_MAX


# 8. A controller does not respond to unknown registers.


@pytest.mark.parametrize("refuse", ["silence", "exception"])
def test_a_silent_merged_range_falls_back_to_blocks(start_patient_daemon, start_simulator, refuse):
    simulator = start_simulator(
        "--protocol", "rtu_over_tcp", "--baud", "115200", "--turnaround-ms", "5", "--merge-limit", "17", "--refuse", refuse, "--pattern", "--trace", devices=1
    )
    daemon = start_patient_daemon()
    device = daemon.add_device(simulator.port, device_type="ats", profile="pattern")
    reading = daemon.wait_for(device, lambda reading: reading["online"] and None not in registers_of(reading).values(), "all values")
    for address, value in registers_of(reading).items():
        assert origin(value)[1] == address
    # From then on only readable blocks are requested.
    for reading in readings_of(daemon, device, 3):
        assert reading["online"] and reading["error"] is None


def test_registers_that_a_controller_does_not_know_cost_only_their_block(start_patient_daemon, start_simulator):
    # 65..74 lie in the gap between two blocks.
    simulator = start_simulator(
        "--protocol", "rtu_over_tcp", "--baud", "115200", "--turnaround-ms", "5", "--unknown", "65:10,98:11", "--pattern", devices=1
    )
    daemon = start_patient_daemon()
    device = daemon.add_device(simulator.port, device_type="ats", profile="pattern")
    reading = daemon.wait_for(device, lambda reading: reading["online"] and None not in registers_of(reading).values(), "all values")
    for address, value in registers_of(reading).items():
        assert origin(value)[1] == address


# 9. Devices flickered.


def test_one_lost_response_does_not_make_a_device_offline(start_patient_daemon, start_converter):
    lost = []

    def lose_one(converter, request):
        # One response in every ten requests: no cycle loses two.
        if len(converter.requests) % 10 == 0:
            lost.append(request)
        else:
            converter.send_response(request)

    converter = start_converter(response=lose_one)
    daemon = start_patient_daemon()
    device = add(daemon, converter)
    daemon.wait_online(device)
    readings = []
    while len(lost) < 3:
        readings += readings_of(daemon, device, 2)
    assert all(reading["online"] and not wrong(reading, 1) for reading in readings)
    assert not daemon.lines("offline:")


def test_half_a_minute_of_silence_is_one_loss_and_one_return(start_patient_daemon, start_converter):
    silent = threading.Event()

    def response(converter, request):
        if not silent.is_set():
            converter.send_response(request)

    converter = start_converter(response=response)
    daemon = start_patient_daemon()
    device = add(daemon, converter, offline_after=3)
    daemon.wait_online(device)
    silent.set()
    failed = [reading for reading in readings_of(daemon, device, 6) if reading["error"]]
    online = [reading["online"] for reading in failed]
    assert online[:2] == [True, True] and online[2:] == [False] * len(online[2:]), failed
    assert all(not wrong(reading, 1) and None not in registers_of(reading).values() for reading in failed)
    silent.clear()
    daemon.wait_online(device)
    assert len(daemon.lines("offline:")) == 1 and len(daemon.lines("online again")) == 1


def test_outages_of_the_line_end_by_themselves(start_patient_daemon, start_simulator):
    simulator = start_simulator(
        "--protocol", "rtu_over_tcp", "--baud", "115200", "--turnaround-ms", "5", "--outage-every", "12", "--outage-for", "8", devices=1
    )
    daemon = start_patient_daemon()
    device = daemon.add_device(simulator.port, device_type="generator", protocol="rtu_over_tcp")
    for _ in range(2):
        daemon.wait_online(device)
        daemon.wait_for(device, lambda reading: not reading["online"], "an outage")
    daemon.wait_online(device)


# 10. Fields vanished: see test_life.py. 11. Ghosts, 12. editing: see test_life.py.


# 13. Silent dead TCP connections.


def test_a_connection_that_died_silently_is_reopened(start_patient_daemon, start_converter):
    died = threading.Event()

    def response(converter, request):
        if request.connection > 0 or not died.is_set():
            converter.send_response(request)

    converter = start_converter(response=response)
    daemon = start_patient_daemon()
    device = add(daemon, converter)
    daemon.wait_online(device)
    died.set()
    wait_until(lambda: len(converter.connections) >= 2, "a new connection")
    reading = daemon.wait_online(device)
    assert not wrong(reading, 1) and len(converter.connections) >= 2


def test_connections_that_hang_are_replaced(start_patient_daemon, start_simulator):
    simulator = start_simulator(
        "--protocol", "rtu_over_tcp", "--baud", "115200", "--turnaround-ms", "5", "--hang", "0.05", "--trace", devices=1
    )
    daemon = start_patient_daemon()
    device = daemon.add_device(simulator.port, protocol="rtu_over_tcp")
    wait_until(lambda: len(simulator.lines(": connected")) >= 3, "new connections")
    daemon.wait_online(device)


def test_a_good_connection_is_kept(start_patient_daemon, start_converter):
    converter = start_converter()
    daemon = start_patient_daemon()
    device = add(daemon, converter, poll_interval=0.1)
    daemon.wait_online(device)
    readings_of(daemon, device, 10)
    assert len(converter.connections) == 1


# A dead unit among living ones.


def test_a_dead_unit_costs_its_neighbours_one_timeout_per_retry_delay(start_patient_daemon, start_converter):
    timeout, retry_delay = 0.3, 1.0
    converter = start_converter(units=(1, 3))
    daemon = start_patient_daemon(MODBUS_TIMEOUT=str(timeout), MODBUS_RETRY_DELAY=str(retry_delay))
    dead = add(daemon, converter, 2, retry_delay=retry_delay)
    living = [add(daemon, converter, unit) for unit in (1, 3)]
    for device in living:
        daemon.wait_online(device)
    wait_until(lambda: len(converter.seen(2)) >= 4, "attempts at the dead unit")
    times = [request.time for request in converter.seen(2)]
    # The delay is spread by 10 % and counts from the end of the wait. A busy machine only makes it longer.
    assert min(after - before for before, after in zip(times, times[1:])) >= timeout + 0.9 * retry_delay - 0.02
    assert len(converter.connections) == 1, "silence of one unit is no reason to connect anew"
    assert daemon.reading(dead)["online"] is False
    for unit, device in zip((1, 3), living):
        assert daemon.reading(device)["online"] and not wrong(daemon.reading(device), unit)
    assert not daemon.lines("unit 1: offline") and not daemon.lines("unit 3: offline")


def test_dead_units_of_a_simulated_converter_leave_the_others_online(start_patient_daemon, start_simulator):
    simulator = start_simulator(
        "--protocol", "rtu_over_tcp", "--one-port", "--baud", "115200", "--turnaround-ms", "5", "--dead-units", "2", devices=3
    )
    daemon = start_patient_daemon()
    devices = [daemon.add_device(simulator.port, protocol="rtu_over_tcp", slave_id=unit, name=f"unit {unit}") for unit in (1, 2, 3)]
    for device in (devices[0], devices[2]):
        daemon.wait_online(device)
    lost = daemon.wait_for(devices[1], lambda reading: reading["error"], "the dead unit's error")
    assert f"127.0.0.1:{simulator.port} unit 2: no answer within 0.4 s" in lost["error"]


# 15. Type and protocol are independent.


@pytest.mark.parametrize("protocol", ["rtu_over_tcp", "tcp"])
def test_a_hgm9520n_behind_a_converter(start_patient_daemon, start_simulator, protocol):
    simulator = start_simulator("--protocol", protocol, "--one-port", "--profile", "hgm9520n,hgm9520n,hgm9560", "--baud", "115200", "--turnaround-ms", "5", devices=3)
    daemon = start_patient_daemon()
    gensets = [daemon.add_device(simulator.port, protocol=protocol, slave_id=unit, name=f"Gen {unit}") for unit in (1, 2)]
    switchboard = daemon.add_device(simulator.port, protocol=protocol, device_type="ats", slave_id=3, name="ATS")
    for device in gensets:
        reading = daemon.wait_online(device)
        assert reading["device_type"] == "generator" and reading["error"] is None and reading["gen_status"] is not None
    reading = daemon.wait_online(switchboard)
    assert reading["device_type"] == "ats" and reading["error"] is None and 0 <= reading["mains_freq"] < 55
