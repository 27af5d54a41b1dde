"""An independent Modbus server: slave.py PORT tcp|rtu UNIT [TABLE/]ADDRESS=VALUE… [UNIT [TABLE/]ADDRESS=VALUE…]…

TABLE is holding (the default), input, coils or discrete.
"""

import sys

from pymodbus.datastore import ModbusSequentialDataBlock, ModbusServerContext, ModbusSlaveContext
from pymodbus.framer.rtu_framer import ModbusRtuFramer
from pymodbus.framer.socket_framer import ModbusSocketFramer
from pymodbus.server import StartTcpServer

port, framing = int(sys.argv[1]), sys.argv[2]
TABLES = {"holding": "hr", "input": "ir", "coils": "co", "discrete": "di"}
values = {}
for word in sys.argv[3:]:
    address, _, value = word.partition("=")
    if value:
        table, _, address = address.rpartition("/")
        registers = values[unit][TABLES[table or "holding"]]
        registers.extend([0] * (int(address) + 1 - len(registers)))
        registers[int(address)] = int(value)
    else:
        unit = int(word)
        values[unit] = {table: [0] * 1024 for table in TABLES.values()}
slaves = {
    unit: ModbusSlaveContext(zero_mode=True, **{table: ModbusSequentialDataBlock(0, of_table) for table, of_table in tables.items()})
    for unit, tables in values.items()
}
context = ModbusServerContext(slaves=slaves, single=False)
StartTcpServer(context=context, address=("127.0.0.1", port), framer=ModbusRtuFramer if framing == "rtu" else ModbusSocketFramer)
