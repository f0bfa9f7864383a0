// A TCP client that sends exactly the bytes it is given, for tests of a server on the same Loop. Each call runs the
// loop until it is done; virtual time stands still meanwhile.
#pragma once

#include "tests/support/loop.hpp"

#include <boost/asio/ip/tcp.hpp>

#include <cstdint>
#include <string>
#include <string_view>

namespace purser::test {

class RawClient {
 public:
  RawClient(Loop& loop, std::uint16_t port);

  // False: the peer has closed before all was taken.
  bool send(std::string_view bytes);
  // Tells the peer that nothing more comes; reading goes on.
  void half_close();
  // One whole answer, head and body by its Content-Length. What came before the end when the peer closed.
  std::string read_answer();
  // The head of an answer to HEAD, or of one without a body.
  std::string read_head();
  // At least `bytes`, or what came before the end.
  std::string read_some(std::size_t bytes = 1);
  // All that comes until the peer closes or resets.
  std::string read_to_end();
  // No bytes and no end have come yet.
  bool quiet();
  void close();
  // Closes so that the peer sees a reset.
  void reset();

 private:
  Task<void> fill(std::size_t wanted);
  std::string take(std::size_t bytes);

  Loop& loop_;
  asio::ip::tcp::socket socket_;
  std::string received_;
  bool ended_ = false;
};

// The status of an answer, 0 when there is none.
int status_of(std::string_view answer);

}  // namespace purser::test
