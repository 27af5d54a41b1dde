// An independent Modbus RTU slave on a serial device, built on libmodbus:
// libmodbus_slave DEVICE UNIT ADDRESS=VALUE…

#include <modbus/modbus.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <string>

namespace {

constexpr int registers = 1'024;

int fail(const char* what) {
  std::fprintf(stderr, "%s: %s\n", what, modbus_strerror(errno));
  return 1;
}

void fill(modbus_mapping_t& mapping, const std::string& pair) {
  const auto equals = pair.find('=');
  const int address = std::stoi(pair.substr(0, equals));
  mapping.tab_registers[address] = static_cast<std::uint16_t>(std::stoi(pair.substr(equals + 1)));
}

// Until the device is gone.
int serve(modbus_t* slave, modbus_mapping_t* mapping) {
  std::array<std::uint8_t, MODBUS_RTU_MAX_ADU_LENGTH> request{};
  for (;;) {
    const int length = modbus_receive(slave, request.data());
    if (length > 0) modbus_reply(slave, request.data(), length, mapping);
    if (length < 0 && (errno == EIO || errno == EBADF || errno == ENOTCONN)) return 0;
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) return std::fprintf(stderr, "libmodbus_slave DEVICE UNIT ADDRESS=VALUE…\n"), 2;
  modbus_t* slave = modbus_new_rtu(argv[1], 9'600, 'N', 8, 2);
  if (slave == nullptr) return fail("modbus_new_rtu");
  modbus_mapping_t* mapping = modbus_mapping_new(0, 0, registers, 0);
  if (mapping == nullptr) return fail("modbus_mapping_new");
  for (int index = 3; index < argc; ++index) fill(*mapping, argv[index]);
  if (modbus_set_slave(slave, std::atoi(argv[2])) != 0) return fail("modbus_set_slave");
  if (modbus_connect(slave) != 0) return fail(argv[1]);
  std::printf("ready\n");
  std::fflush(stdout);
  const int status = serve(slave, mapping);
  modbus_mapping_free(mapping);
  modbus_close(slave);
  modbus_free(slave);
  return status;
}
