#include "gateway/http/connection.hpp"

#include "gateway/async/completion.hpp"
#include "gateway/http/beast_text.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/connect.hpp>
#include <boost/asio/ssl/host_name_verification.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/buffer_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <openssl/err.h>

#include <algorithm>
#include <optional>
#include <type_traits>

namespace purser::http {
namespace {

namespace beast_http = boost::beast::http;
using tcp = asio::ip::tcp;
using error_code = boost::system::error_code;
using TlsStream = asio::ssl::stream<tcp::socket>;
using ReplyParser = beast_http::response_parser<beast_http::string_body>;
using PieceParser = beast_http::response_parser<beast_http::buffer_body>;

constexpr int kInterimRepliesMax = 8;
constexpr std::size_t kReadAhead = 64 << 10;
constexpr std::size_t kFirstReadBytes = 4 << 10;  // most answers come whole with it; Beast alone would ask for 512
constexpr std::size_t kPieceBytes = 8 << 10;

// What a failed read says about the answer. Whatever is not plainly the peer's grammar means that the outcome is open.
Error read_error(const error_code& ec) {
  if (ec == asio::error::operation_aborted) return Errc::canceled;
  if (ec == beast_http::error::header_limit || ec == beast_http::error::body_limit ||
      ec == beast_http::error::buffer_overflow) {
    return Errc::reply_too_large;
  }
  const bool cut_off = ec == beast_http::error::end_of_stream || ec == beast_http::error::partial_message;
  if (!cut_off && ec.category() == beast_http::make_error_code(beast_http::error::bad_value).category()) {
    return Error(Errc::reply_malformed, "the answer is not HTTP/1.1: " + ec.message());
  }
  return Error(Errc::connection_lost, "the connection broke before the whole answer had come: " + ec.message());
}

Error write_error(const error_code& ec) {
  if (ec == asio::error::operation_aborted) return Errc::canceled;
  return Error(Errc::connection_lost, "the connection broke while the request was sent: " + ec.message());
}

// Beast 1.81 takes any last transfer coding it does not know for none at all, and the first of two lengths.
bool framing_is_plain(const Headers& headers) {
  std::size_t codings = 0;
  std::size_t lengths = 0;
  for (const auto& [name, value] : headers) {
    if (equals_ignoring_case(name, "Transfer-Encoding")) {
      if (++codings > 1 || !equals_ignoring_case(value, "chunked")) return false;
    } else if (equals_ignoring_case(name, "Content-Length")) {
      const bool digits = std::all_of(value.begin(), value.end(), [](char c) { return c >= '0' && c <= '9'; });
      if (++lengths > 1 || value.empty() || !digits) return false;
    }
  }
  return codings + lengths <= 1;
}

std::string tls_reason(const error_code& ec, SSL* ssl) {
  const long verdict = SSL_get_verify_result(ssl);
  if (verdict != X509_V_OK) return X509_verify_cert_error_string(verdict);
  return ec.message();
}

template <class Stream>
class StreamConnection final : public Connection {
  static constexpr bool kTls = std::is_same_v<Stream, TlsStream>;

 public:
  StreamConnection(Stream stream, std::string host, const ClientLimits& limits)
      : stream_(std::move(stream)), host_(std::move(host)), limits_(limits) {
    buffer_.max_size(limits.reply_header_bytes_max + kReadAhead);
  }

  Task<Result<void>> open(Endpoints endpoints) override {
    auto [ec, endpoint] = co_await asio::async_connect(socket(), endpoints, kTuple);
    if (ec == asio::error::operation_aborted) co_return Error(Errc::canceled);
    if (ec) co_return Error(Errc::connect_failed, host_ + ": " + ec.message());
    error_code ignored;
    socket().set_option(tcp::no_delay(true), ignored);
    socket().non_blocking(true, ignored);
    co_return co_await shake_hands();
  }

  Task<Result<Exchange>> exchange(std::string request, bool is_head) override {
    std::optional<ReplyParser> parser;
    Exchange out;
    auto head = co_await ask(std::move(request), is_head, parser);
    if (!head) co_return head.error();
    out.reply = std::move(*head);
    const bool ends_by_itself = !parser->need_eof();
    if (!parser->is_done()) {
      auto [ec, n] = co_await beast_http::async_read(stream_, buffer_, *parser, kTuple);
      if (ec) co_return read_error(ec);
    }
    out.reusable = ends_by_itself && parser->keep_alive() && buffer_.size() == 0;
    out.reply.body = std::move(parser->get().body());
    co_return std::move(out);
  }

  Task<Result<Reply>> begin(std::string request) override { return ask(std::move(request), false, streamed_); }

  Task<Result<Piece>> more() override {
    Piece out;
    const bool ends_by_itself = !streamed_->need_eof();
    if (!streamed_->is_done()) {
      out.bytes.resize(kPieceBytes);
      auto& body = streamed_->get().body();
      body.data = out.bytes.data();
      body.size = out.bytes.size();
      body.more = true;
      auto [ec, n] = co_await beast_http::async_read_some(stream_, buffer_, *streamed_, kTuple);
      if (ec && ec != beast_http::error::need_buffer) co_return read_error(ec);
      out.bytes.resize(out.bytes.size() - streamed_->get().body().size);
    }
    out.last = streamed_->is_done();
    out.reusable = out.last && ends_by_itself && streamed_->keep_alive() && buffer_.size() == 0;
    co_return std::move(out);
  }

  bool answer_begun() const override { return answer_begun_; }

  bool still_clean() override {
    if constexpr (kTls) {
      if (SSL_has_pending(stream_.native_handle()) != 0 || SSL_get_shutdown(stream_.native_handle()) != 0) return false;
    }
    char byte = 0;
    error_code ec;
    socket().receive(asio::buffer(&byte, 1), tcp::socket::message_peek, ec);
    return ec == asio::error::would_block;
  }

  // Closed, not canceled: an operation of several reads would go on with the next one.
  void stop() override {
    error_code ignored;
    socket().close(ignored);
  }

  void say_goodbye() override {
    error_code ignored;
    if constexpr (kTls) {
      stream_.shutdown(ignored);  // the socket does not block: the alert is sent, its answer not awaited
    } else {
      socket().shutdown(tcp::socket::shutdown_both, ignored);
    }
  }

 private:
  tcp::socket& socket() {
    if constexpr (kTls) {
      return stream_.next_layer();
    } else {
      return stream_;
    }
  }

  Task<Result<void>> shake_hands() {
    if constexpr (kTls) {
      auto [ec] = co_await stream_.async_handshake(asio::ssl::stream_base::client, kTuple);
      if (ec == asio::error::operation_aborted) co_return Error(Errc::canceled);
      if (ec) co_return Error(Errc::tls_failed, host_ + ": " + tls_reason(ec, stream_.native_handle()));
    }
    co_return success();
  }

  // Sends the request and reads the head of its reply into a new `parser`.
  template <class P>
  Task<Result<Reply>> ask(std::string request, bool is_head, std::optional<P>& parser) {
    answer_begun_ = false;
    auto [write_ec, sent] = co_await asio::async_write(stream_, asio::buffer(request), kTuple);
    if (write_ec) co_return write_error(write_ec);
    Reply out;
    buffer_.reserve(kFirstReadBytes);
    for (int interim = 0;; ++interim) {
      prepare(parser, is_head);
      auto [ec, n] = co_await beast_http::async_read_header(stream_, buffer_, *parser, kTuple);
      answer_begun_ = answer_begun_ || parser->got_some();
      if (ec) co_return read_error(ec);
      out.status = static_cast<int>(parser->get().result_int());
      if (out.status >= 200) break;
      if (out.status == 101 || interim == kInterimRepliesMax) co_return Error(Errc::reply_malformed);
    }
    // Before the body is read: Beast would mix trailers in.
    for (const auto& field : parser->get()) out.headers.emplace_back(view(field.name_string()), view(field.value()));
    if (!framing_is_plain(out.headers))
      co_return Error(Errc::reply_malformed, "the answer's length can be read in two ways");
    co_return std::move(out);
  }

  template <class P>
  void prepare(std::optional<P>& parser, bool is_head) const {
    parser.emplace();
    parser->header_limit(static_cast<std::uint32_t>(limits_.reply_header_bytes_max));
    parser->body_limit(limits_.reply_bytes_max);
    parser->skip(is_head);
  }

  Stream stream_;
  const std::string host_;
  const ClientLimits limits_;
  boost::beast::flat_buffer buffer_;
  std::optional<PieceParser> streamed_;  // of the reply that is read piece by piece
  bool answer_begun_ = false;
};

}  // namespace

std::unique_ptr<Connection> make_connection(asio::any_io_executor executor, asio::ssl::context* tls, std::string host,
                                            const ClientLimits& limits) {
  tcp::socket socket(std::move(executor));
  if (tls == nullptr) {
    return std::make_unique<StreamConnection<tcp::socket>>(std::move(socket), std::move(host), limits);
  }
  TlsStream stream(std::move(socket), *tls);
  stream.set_verify_mode(asio::ssl::verify_peer);
  stream.set_verify_callback(asio::ssl::host_name_verification(host));
  error_code literal;
  (void)asio::ip::make_address(host, literal);
  if (literal) SSL_set_tlsext_host_name(stream.native_handle(), host.c_str());  // no server name for an address
  return std::make_unique<StreamConnection<TlsStream>>(std::move(stream), std::move(host), limits);
}

Result<std::unique_ptr<asio::ssl::context>> make_client_tls(const std::string& ca_file) {
  auto context = std::make_unique<asio::ssl::context>(asio::ssl::context::tls_client);
  context->set_verify_mode(asio::ssl::verify_peer);
  SSL_CTX_set_min_proto_version(context->native_handle(), TLS1_2_VERSION);
  error_code ec;
  if (ca_file.empty()) {
    context->set_default_verify_paths(ec);
  } else {
    context->load_verify_file(ca_file, ec);
  }
  if (ec) return Error(Errc::key_malformed, ca_file + ": not a file of CA certificates: " + ec.message(), "ca_file");
  return context;
}

Result<void> use_identity(asio::ssl::context& context, const ClientIdentity& identity) {
  const auto refused = [](const std::string& why) { return Error(Errc::key_malformed, why, "client_certificate"); };
  // A key with a passphrase would make OpenSSL ask for it at the terminal.
  context.set_password_callback([](std::size_t, asio::ssl::context::password_purpose) { return std::string(); });
  error_code ec;
  context.use_certificate_chain(asio::buffer(identity.certificate_pem), ec);
  if (ec) return refused("the client certificate cannot be used: " + ec.message());
  context.use_private_key(asio::buffer(identity.key_pem.reveal()), asio::ssl::context::pem, ec);
  if (ec || SSL_CTX_check_private_key(context.native_handle()) != 1) {
    ERR_clear_error();
    return refused("the key is not that of the client certificate");
  }
  return success();
}

}  // namespace purser::http
