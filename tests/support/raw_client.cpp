#include "tests/support/raw_client.hpp"

#include "gateway/async/completion.hpp"

#include <boost/asio/write.hpp>

#include <algorithm>
#include <array>

namespace purser::test {
namespace {

using tcp = asio::ip::tcp;

Task<bool> write_all(tcp::socket& socket, std::string bytes) {
  auto [ec, n] = co_await asio::async_write(socket, asio::buffer(bytes), kTuple);
  co_return !ec;
}

std::size_t content_length(std::string_view head) {
  constexpr std::string_view kName = "\r\nContent-Length: ";
  const auto at = head.find(kName);
  return at == std::string_view::npos ? 0 : std::stoul(std::string(head.substr(at + kName.size(), 10)));
}

}  // namespace

RawClient::RawClient(Loop& loop, std::uint16_t port) : loop_(loop), socket_(loop.ioc) {
  socket_.connect(tcp::endpoint(asio::ip::address_v4::loopback(), port));
  socket_.set_option(tcp::no_delay(true));
}

bool RawClient::send(std::string_view bytes) {
  return loop_.run(write_all(socket_, std::string(bytes)));
}

void RawClient::half_close() {
  boost::system::error_code ignored;
  socket_.shutdown(tcp::socket::shutdown_send, ignored);
}

Task<void> RawClient::fill(std::size_t wanted) {
  std::array<char, 4096> piece;
  while (received_.size() < wanted && !ended_) {
    auto [ec, n] = co_await socket_.async_read_some(asio::buffer(piece), kTuple);
    received_.append(piece.data(), n);
    ended_ = static_cast<bool>(ec);
  }
}

std::string RawClient::take(std::size_t bytes) {
  std::string out = received_.substr(0, bytes);
  received_.erase(0, out.size());
  return out;
}

std::string RawClient::read_head() {
  while (received_.find("\r\n\r\n") == std::string::npos && !ended_) loop_.run(fill(received_.size() + 1));
  const auto end = received_.find("\r\n\r\n");
  return take(end == std::string::npos ? received_.size() : end + 4);
}

std::string RawClient::read_answer() {
  std::string head = read_head();
  const std::size_t length = content_length(head);
  loop_.run(fill(length));
  return head + take(length);
}

std::string RawClient::read_some(std::size_t bytes) {
  loop_.run(fill(bytes));
  return take(received_.size());
}

std::string RawClient::read_to_end() {
  loop_.run(fill(std::string::npos));
  return take(received_.size());
}

bool RawClient::quiet() {
  loop_.settle(3);
  if (ended_ || !received_.empty()) return false;
  socket_.non_blocking(true);
  char byte = 0;
  boost::system::error_code ec;
  socket_.receive(asio::buffer(&byte, 1), tcp::socket::message_peek, ec);
  return ec == asio::error::would_block;
}

void RawClient::close() {
  socket_.close();
}

void RawClient::reset() {
  socket_.set_option(asio::socket_base::linger(true, 0));
  socket_.close();
}

int status_of(std::string_view answer) {
  constexpr std::string_view kVersion = "HTTP/1.1 ";
  if (answer.substr(0, kVersion.size()) != kVersion) return 0;
  return std::atoi(std::string(answer.substr(kVersion.size(), 3)).c_str());
}

}  // namespace purser::test
