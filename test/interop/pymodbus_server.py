"""A Modbus device by pymodbus, with a register layout of its own: over TCP, or over a serial line (RTU, 19200 Bd, no parity).

Usage: pymodbus_server.py PORT|PATH. Prints "listening" once it accepts connections, or has opened the line.

Input registers (function 4), floats with the low word first:
   0 ..  1  volts, phase a, float32 CDAB
   2 ..  3  volts, phase b, float32 CDAB, NaN: not connected
  10        power, phase a, int16, tens of watts
  11        temperature, int16, tenths of a degree
  20 .. 21  import, uint32 CDAB, kWh
Coils (function 1 and 5):
   0        trip        1  close
Discrete inputs (function 2):
   5        breaker is closed
"""

import asyncio
import struct
import sys

from pymodbus.datastore import ModbusSequentialDataBlock, ModbusServerContext, ModbusSlaveContext
from pymodbus.server import StartAsyncSerialServer, StartAsyncTcpServer
from pymodbus.transaction import ModbusRtuFramer

BREAKER_CLOSED = 5


def low_word_first(high_word_first: bytes) -> list:
    high, low = struct.unpack('>HH', high_word_first)
    return [low, high]


def registers() -> list:
    image = [0] * 100
    image[0:2] = low_word_first(struct.pack('>f', 2401.5))
    image[2:4] = low_word_first(struct.pack('>f', float('nan')))
    image[10] = struct.unpack('>H', struct.pack('>h', -1234))[0]
    image[11] = 253
    image[20:22] = low_word_first(struct.pack('>I', 70_000))
    return image


class Coils(ModbusSequentialDataBlock):
    """Trip and close move the breaker a moment later, as a real one does."""

    def __init__(self, discrete):
        super().__init__(0, [0] * 100)
        self.discrete = discrete

    def setValues(self, address, values):
        super().setValues(address, values)
        if address in (0, 1) and values[0]:
            closed = address == 1
            loop = asyncio.get_running_loop()
            loop.call_later(0.1, lambda: self.discrete.setValues(BREAKER_CLOSED, [int(closed)]))


async def main(place: str) -> None:
    discrete = ModbusSequentialDataBlock(0, [0] * 100)
    discrete.setValues(BREAKER_CLOSED, [1])
    device = ModbusSlaveContext(
        di=discrete,
        co=Coils(discrete),
        ir=ModbusSequentialDataBlock(0, registers()),
        hr=ModbusSequentialDataBlock(0, [0] * 100),
        zero_mode=True,
    )
    context = ModbusServerContext(slaves=device, single=True)

    if place.startswith('/'):
        line = {'port': place, 'baudrate': 19200, 'parity': 'N', 'timeout': 0.05}
        server = await StartAsyncSerialServer(context=context, framer=ModbusRtuFramer, defer_start=True, **line)
        await server.start()
        print('listening', flush=True)
        await server.serve_forever()
        return

    port = int(place)

    async def announce():
        while True:
            try:
                _, writer = await asyncio.open_connection('127.0.0.1', port)
                writer.close()
                print('listening', flush=True)
                return
            except OSError:
                await asyncio.sleep(0.05)

    asyncio.get_running_loop().create_task(announce())
    await StartAsyncTcpServer(context=context, address=('127.0.0.1', port), allow_reuse_address=True)


asyncio.run(main(sys.argv[1]))
