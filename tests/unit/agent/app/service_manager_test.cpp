#include "agent/app/service_manager.hpp"

#include "tests/support/loop.hpp"
#include "tests/support/temp_folder.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cstring>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

namespace purser {
namespace {

// The manager's end.
class Manager {
 public:
  Manager() : path_(folder_.file("notify")), socket_(::socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, path_.c_str(), sizeof(address.sun_path) - 1);
    EXPECT_EQ(::bind(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof(address)), 0);
  }
  ~Manager() { ::close(socket_); }
  const std::string& path() const { return path_; }
  std::string heard() {
    std::array<char, 256> text{};
    const auto got = ::recv(socket_, text.data(), text.size(), 0);
    return got < 0 ? "" : std::string(text.data(), static_cast<std::size_t>(got));
  }

 private:
  test::TempFolder folder_;
  std::string path_;
  int socket_;
};

ServiceManager service(const std::map<std::string, std::string>& environment) {
  return ServiceManager(environment);
}

TEST(ServiceManager, tells_the_manager_and_nobody_else) {
  Manager systemd;
  const ServiceManager manager = service({{"NOTIFY_SOCKET", systemd.path()}});
  manager.tell("READY=1");
  EXPECT_EQ(systemd.heard(), "READY=1");
  EXPECT_FALSE(manager.beat().has_value());
  service({}).tell("READY=1");
  service({{"NOTIFY_SOCKET", "relative"}}).tell("READY=1");
  service({{"NOTIFY_SOCKET", "/" + std::string(200, 'x')}}).tell("READY=1");
  service({{"NOTIFY_SOCKET", "/nowhere"}}).tell("READY=1");
  EXPECT_EQ(systemd.heard(), "");
}

TEST(ServiceManager, keeps_the_watchdog_quiet_twice_within_its_limit) {
  Manager systemd;
  test::Loop loop;
  const ServiceManager manager = service({{"NOTIFY_SOCKET", systemd.path()}, {"WATCHDOG_USEC", "30000000"}});
  EXPECT_EQ(manager.beat(), std::chrono::seconds(15));
  auto beating = loop.start(manager.keep_alive(loop.clock));
  loop.settle();
  EXPECT_EQ(systemd.heard(), "WATCHDOG=1");
  loop.advance(std::chrono::seconds(14));
  EXPECT_EQ(systemd.heard(), "");
  loop.advance(std::chrono::seconds(1));
  EXPECT_EQ(systemd.heard(), "WATCHDOG=1");
  beating.cancel();
  EXPECT_TRUE(loop.until([&] { return beating.done(); }));
}

TEST(ServiceManager, a_limit_that_is_no_number_is_none) {
  for (const char* bad : {"", "x", "-5", "1", "99999999999999999999", "10 "}) {
    EXPECT_FALSE(service({{"NOTIFY_SOCKET", "/n"}, {"WATCHDOG_USEC", bad}}).beat().has_value()) << bad;
  }
}

}  // namespace
}  // namespace purser
