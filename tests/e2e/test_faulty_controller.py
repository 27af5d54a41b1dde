"""A controller with a permanent fault: its device is offline soon with the reason, and online again after the fault ends."""

import pytest
from faulty_controller import FaultyController
from pattern import registers_of
from numbered_converter import PROFILES

PROTOCOLS = {"tcp": "tcp", "rtu": "rtu_over_tcp"}
# On a serial line short responses that arrive byte by byte arrive in time, and silence is accepted only after a long time.
FAULTS = {"tcp": FaultyController.FAULTS, "rtu": ["vanished", "half_closed", "torn", "cut"]}


@pytest.mark.parametrize("framing", PROTOCOLS)
def test_device_is_offline_soon_whatever_its_controller_does_wrong(start_daemon, framing):
    daemon = start_daemon(PROFILES=PROFILES, MODBUS_TIMEOUT="0.5")
    daemon.add_site()
    controllers = {}
    for unit, fault in enumerate(FAULTS[framing], 1):
        controller = FaultyController(framing, unit)
        device = daemon.add_device(controller.port, name=fault, device_type="ats", profile="pattern", protocol=PROTOCOLS[framing], slave_id=unit)
        controllers[device] = controller, fault
    for device in controllers:
        daemon.wait_online(device)

    for controller, fault in controllers.values():
        controller.set_fault(fault)
    for device, (_, fault) in controllers.items():
        daemon.wait_for(device, lambda reading: not reading["online"], f"the loss of a controller that is {fault}")
    for device in controllers:
        reading = daemon.reading(device)
        assert reading["error"] and reading["last_seen"] < reading["timestamp"] and None not in registers_of(reading).values()

    for controller, _ in controllers.values():
        controller.set_fault("none")
    for device in controllers:
        daemon.wait_online(device)
    for controller, _ in controllers.values():
        controller.close()
