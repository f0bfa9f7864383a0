#include "agent/app/cli.hpp"
#include "agent/app/process.hpp"

int main(int argc, char** argv) {
  return purser::run_command_line(argc, argv, purser::environment());
}
