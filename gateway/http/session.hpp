// One connection of the server: reads a request, has it answered, writes the answer, and again. The coroutine serve()
// owns the session; the server keeps a list to reach it at the stop. One thread.
#pragma once

#include "gateway/async/mutex.hpp"
#include "gateway/http/request_head.hpp"
#include "gateway/http/response_head.hpp"
#include "gateway/http/server.hpp"
#include "gateway/http/server_tls.hpp"
#include "gateway/http/time_limits.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/stream.hpp>

#include <array>
#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <tuple>

namespace purser::http {

// The concrete executor type: a type-erased one costs 8 % and 1.3 KB a connection.
using ServerSocket = asio::basic_stream_socket<asio::ip::tcp, asio::io_context::executor_type>;

// What all connections of one server share.
struct ServerShared {
  ServerShared(const asio::any_io_executor& executor, Clock& c, ServerLimits l, Handler h)
      : clock(c), limits(l), handler(std::move(h)), times(executor, c) {}

  std::string_view date();  // for the Date header, valid until the next call

  Clock& clock;
  const ServerLimits limits;
  const Handler handler;
  Server::Counters counters;
  TimeLimits times;
  std::shared_ptr<ServerTls> tls;  // of connections to come; null: plain HTTP
  std::size_t body_bytes = 0;      // of all sessions
  bool stopping = false;

 private:
  std::int64_t date_second_ = -1;
  std::string date_;
};

// What one is told who is not to be blamed: there are too many others.
Response overloaded(std::string_view what);

class Session final : private TimeLimits::Subject {
 public:
  Session(std::shared_ptr<ServerShared> shared, ServerSocket socket, std::string peer);
  ~Session() { release_body(); }

  // Returns when the connection is over; throws operation_aborted when it was canceled.
  static Task<void> serve(std::shared_ptr<Session> self);

  // The server stops: ends at once when idle or streaming, else after the answer in flight.
  void wind_down();
  // Ends now, whatever it is doing; a handler still runs to its end.
  void cut();

 private:
  enum class Phase { idle, receiving, handling, streaming, lingering };
  using Parts = std::array<asio::const_buffer, 3>;
  using TlsStream = asio::ssl::stream<ServerSocket&>;
  using Read = std::tuple<boost::system::error_code, std::size_t>;

  void time_is_up() override;
  void allow(Clock::duration time);
  bool closing() const { return cut_ || shared_->stopping; }
  void await_request();

  Task<bool> shake_hands();
  // No operation may be under way.
  void say_goodbye();
  Task<Read> read_some(asio::mutable_buffer into);
  Task<std::optional<RequestHead>> next_head();
  Task<std::optional<std::string>> read_body(const RequestHead& head);
  // Room for so many bytes of this request's body among those of all sessions; held until it is released.
  bool hold_body(std::size_t bytes);
  void release_body();
  Task<bool> read_more();
  Task<void> missed();
  Task<void> refuse(Refusal refusal);
  Task<void> refuse(Response response);

  static Task<bool> answer(std::shared_ptr<Session> self, RequestHead head, std::string body);
  Task<Response> ask_handler(Request request);
  Task<bool> send(Response response, HeadOptions options, bool with_body);
  Task<Read> write_all(Parts parts);
  Task<bool> write(Parts parts);

  // Sends the head; the rest is stream()'s, which needs nothing more of the request.
  Task<void> begin_stream(Response response, bool http_1_0);
  static Task<void> stream(std::shared_ptr<Session> self);
  static Task<Result<void>> write_piece(std::weak_ptr<Session> weak, std::string piece);
  static Task<void> client_left(std::weak_ptr<Session> weak);
  // Listens beside a stream for the end of its client, who may say so much and no more before he counts as gone.
  static void listen(std::shared_ptr<Session> self, AsyncMutex::Guard reading, std::size_t bytes_max);
  void send_producer_home();
  Task<void> discard_input(std::size_t bytes_max);
  Task<void> linger();

  const std::shared_ptr<ServerShared> shared_;
  ServerSocket socket_;
  std::unique_ptr<TlsStream> tls_;  // over the socket; null: plain
  const std::string peer_;
  std::string received_;        // read and not yet used
  std::size_t body_bytes_ = 0;  // held of the room for all bodies
  Phase phase_ = Phase::idle;
  bool expired_ = false;      // the last time limit was reached
  bool cut_ = false;          // nothing more is read or written
  bool refused_ = false;      // the peer may still be sending what nobody will read
  bool chunked_ = false;      // the stream's framing
  bool stream_ends_ = false;  // it is an answer, not a subscription
  bool producing_ = false;
  bool client_gone_ = false;  // before the producer was done
  std::function<Task<void>(StreamSink)> producer_;
  asio::cancellation_signal leaving_;  // of the producer
  AsyncMutex stream_turn_;             // pieces from several tasks do not mix
  AsyncMutex reading_;                 // beside a stream
};

}  // namespace purser::http
