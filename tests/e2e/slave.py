"""An independent Modbus slave: slave.py PORT tcp|rtu UNIT ADDRESS=VALUE…"""

import sys

from pymodbus.datastore import ModbusSequentialDataBlock, ModbusServerContext, ModbusSlaveContext
from pymodbus.framer.rtu_framer import ModbusRtuFramer
from pymodbus.framer.socket_framer import ModbusSocketFramer
from pymodbus.server import StartTcpServer

port, framing, unit = int(sys.argv[1]), sys.argv[2], int(sys.argv[3])
values = [0] * 1024
for pair in sys.argv[4:]:
    address, value = pair.split("=")
    values[int(address)] = int(value)
slave = ModbusSlaveContext(hr=ModbusSequentialDataBlock(0, values), zero_mode=True)
context = ModbusServerContext(slaves={unit: slave}, single=False)
StartTcpServer(context=context, address=("127.0.0.1", port), framer=ModbusRtuFramer if framing == "rtu" else ModbusSocketFramer)
