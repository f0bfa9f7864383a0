// Traces: spans that name a piece of work, when it began and ended, and whose part it is. One thread, the loop's. Where
// no tracer was installed nothing is made, and everything here costs a look at a pointer.
// What a span is told is written down by name at the call: names, codes, numbers and our own ids, never a text of a
// person or a model and never a secret.
#pragma once

#include "gateway/async/clock.hpp"
#include "gateway/http/message.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace purser::trace {

// As W3C Trace Context writes it: "00-<trace>-<span>-01".
struct Context {
  std::string trace;  // 32 lower-case hex digits; empty: there is none
  std::string span;   // 16
  bool sampled = false;
};

// Nothing (an empty trace) for what is no traceparent, or stands more than once.
Context parent_in(const http::Headers& headers);
Context parse_parent(std::string_view text);
// Empty for an empty context.
std::string header_of(const Context& context);

enum class Kind : std::uint8_t { internal = 1, server = 2, client = 3 };  // by OTLP's numbers

using Value = std::variant<std::string, std::int64_t>;

// A span that has ended.
struct Finished {
  Context context;
  std::string parent;  // span id; empty: the trace begins with it
  std::string name;
  Kind kind = Kind::internal;
  std::int64_t began_ns = 0;  // since 1970
  std::int64_t ended_ns = 0;
  std::vector<std::pair<std::string, Value>> attributes;
  std::string error;  // a code; empty: it went well
};

class Tracer;

// Ends with its life. Moves; a default one is nothing.
class Span {
 public:
  Span() = default;
  Span(Span&& other) noexcept = default;
  Span& operator=(Span&& other) noexcept;
  ~Span() { end(); }

  void set(std::string_view key, std::string_view value);
  void set(std::string_view key, std::int64_t value);
  void fail(std::string_view code);
  // Empty when nothing is traced; of a span that is not kept all the same, for others to follow the decision.
  Context context() const;
  void end();

 private:
  friend class Tracer;
  friend Span begin(std::string name, Kind kind, const Context& parent);
  friend void carry(const Context& span, const std::string& thread);
  struct State;
  std::shared_ptr<State> state_;
};

class Tracer {
 public:
  struct Options {
    std::int64_t sampled_per_mille = 1'000;
    std::size_t spans_max = 4'096;  // that have ended and were not taken yet
  };
  // `clock` outlives it and its spans. While it lives, the functions below use it, on the thread that made it.
  Tracer(Clock& clock, Options options);
  ~Tracer();

  // Those that have ended, oldest first, at most `limit`.
  std::vector<Finished> take(std::size_t limit);
  std::uint64_t dropped() const;  // for want of room, since the beginning

 private:
  friend class Span;
  friend Span begin(std::string name, Kind kind, const Context& parent);
  friend void carry(const Context& span, const std::string& thread);
  friend Context of_thread(const std::string& thread);
  struct Core;
  std::shared_ptr<Core> core_;
};

// Begins a span of `parent`, or of a trace of its own.
Span begin(std::string name, Kind kind, const Context& parent);
// What is done for this conversation from now on is a part of the open span, until it ends or another one carries the
// conversation.
void carry(const Context& span, const std::string& thread);
// The span that carries the conversation; empty: none does.
Context of_thread(const std::string& thread);

}  // namespace purser::trace
