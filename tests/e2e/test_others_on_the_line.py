"""Another master on the pair, another client of the converter: their frames are evidence of traffic, never data. (What
happened at real sites, story 3.)"""

import re
import socket
import threading

import pytest
from conftest import PATIENCE
from converter import response_frame, request_frame
from pattern import origin, registers_of
from numbered_converter import add, readings_of, start_converter, start_patient_daemon, wrong  # noqa: F401 fixtures
from technician import scan


class OtherClient(threading.Thread):
    """Another TCP client of a simulated converter, that polls the blocks of the profile `pattern` without a pause."""

    COUNTS = [(0, 3), (40, 3), (55, 10), (75, 10), (95, 3), (109, 10), (134, 12), (182, 17), (203, 9)]

    def __init__(self, port):
        super().__init__(daemon=True)
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.settimeout(PATIENCE)
        self.responds, self.stopped = 0, False
        self.start()

    def run(self):
        while not self.stopped:
            for first, count in self.COUNTS:
                self.socket.sendall(request_frame(1, first, count))
                received = b""
                while len(received) < 5 + 2 * count:
                    received += self.socket.recv(4096)
                self.responds += 1


def test_responses_to_another_masters_requests_are_never_values(start_patient_daemon, start_converter):
    def after_anothers(converter, request):
        foreign = request_frame(request.unit, 700, request.count) + response_frame(request.unit, [9999] * request.count)
        converter.send(request, foreign)
        converter.send_response(request)

    converter = start_converter(response=after_anothers)
    daemon = start_patient_daemon()
    device = add(daemon, converter)
    for reading in readings_of(daemon, device, 4):
        assert not wrong(reading, 1)
    assert daemon.lines("somebody else is on the line"), daemon.text()


@pytest.mark.parametrize("place", ["before", "after"])
def test_foreign_response_of_our_unit_and_length_is_never_a_value(start_patient_daemon, start_converter, place):
    def beside(converter, request):
        is_hit = len(converter.requests) % 4 == 0
        foreign = response_frame(request.unit, [9999] * request.count)
        if is_hit and place == "before":
            converter.send(request, foreign)
        converter.send_response(request)
        if is_hit and place == "after":
            converter.send(request, foreign)

    converter = start_converter(response=beside)
    daemon = start_patient_daemon()
    device = add(daemon, converter)
    for reading in readings_of(daemon, device, 6):
        assert not wrong(reading, 1)


def test_another_client_of_the_converter_is_reported_and_changes_no_value(start_patient_daemon, start_simulator):
    simulator = start_simulator("--protocol", "rtu_over_tcp", "--baud", "115200", "--turnaround-ms", "5", "--pattern", devices=1)
    other = OtherClient(simulator.port)
    daemon = start_patient_daemon()
    device = daemon.add_device(simulator.port, device_type="ats", profile="pattern")
    daemon.wait_online(device)
    for reading in readings_of(daemon, device, 3):
        for address, value in registers_of(reading).items():
            assert value is None or origin(value)[1] == address
    other.stopped = True
    assert other.responds > 0
    assert daemon.lines("somebody else is on the line"), daemon.text()


def test_phantom_frames_without_a_request_of_ours_change_nothing(start_patient_daemon, start_converter):
    converter = start_converter()
    daemon = start_patient_daemon()
    device = add(daemon, converter, poll_interval=0.5)
    daemon.wait_online(device)

    def phantom():
        for count in (3, 10, 12, 36):
            converter.send(converter.seen()[-1], response_frame(1, [9999] * count))

    for reading in readings_of(daemon, device, 5, look=phantom):
        assert not wrong(reading, 1)


def test_scan_during_polling_reports_once_that_the_line_is_in_use(start_patient_daemon, start_simulator):
    simulator = start_simulator("--protocol", "rtu_over_tcp", "--baud", "115200", "--turnaround-ms", "5", "--pattern", devices=1)
    daemon = start_patient_daemon()
    device = daemon.add_device(simulator.port, device_type="ats", profile="pattern", poll_interval=0.1)
    daemon.wait_online(device)
    ran = scan(simulator.port, "--units", "2-9", "--protocol", "rtu_over_tcp", "--timeout", "0.3")
    assert "the line is in use" in ran.out and "--via" in ran.out, ran.out + ran.errors
    assert not [line for line in ran.out.splitlines() if re.match(r" *[2-9]  ", line)], ran.out
