"""An independent Modbus server: slave.py PORT tcp|rtu UNIT ADDRESS=VALUE… [UNIT ADDRESS=VALUE…]…"""

import sys

from pymodbus.datastore import ModbusSequentialDataBlock, ModbusServerContext, ModbusSlaveContext
from pymodbus.framer.rtu_framer import ModbusRtuFramer
from pymodbus.framer.socket_framer import ModbusSocketFramer
from pymodbus.server import StartTcpServer

port, framing = int(sys.argv[1]), sys.argv[2]
values = {}
for word in sys.argv[3:]:
    address, _, value = word.partition("=")
    if value:
        values[unit][int(address)] = int(value)
    else:
        unit = int(word)
        values[unit] = [0] * 1024
slaves = {unit: ModbusSlaveContext(hr=ModbusSequentialDataBlock(0, registers), zero_mode=True) for unit, registers in values.items()}
context = ModbusServerContext(slaves=slaves, single=False)
StartTcpServer(context=context, address=("127.0.0.1", port), framer=ModbusRtuFramer if framing == "rtu" else ModbusSocketFramer)
