// A streamed answer, read while it comes. Text may be looked at as it grows; calls exist only after the end, when
// nothing of them can be missing. Pure; one object a reply.
#pragma once

#include "gateway/llm/call_assembler.hpp"
#include "gateway/llm/sse.hpp"
#include "gateway/llm/wire.hpp"
#include "gateway/llm/wire_error.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace purser::llm {

class StreamReader {
 public:
  // `bytes_max` bounds the whole reply.
  StreamReader(Asked asked, WireLimits limits, std::size_t bytes_max);

  // What the head of the reply says. A reply that is no stream is read as one document.
  void begin(int status, std::string_view content_type);

  // The bytes of the reply cannot be read, whatever follows.
  void spoil(std::string why);

  // Takes the next bytes. True when they brought something of the answer (words, thoughts, a piece of a call, its end):
  // comments and empty events are no progress.
  bool feed(std::string_view bytes);

  // Nothing that could still come would change the answer.
  bool done() const { return done_ || failure_.has_value() || (ended() && counted_); }
  // The model has ended its answer; the count of what it used may still follow.
  bool ended() const { return !reason_.empty(); }
  // Words, thoughts or a piece of a call have come.
  bool begun() const { return begun_; }

  const std::string& text() const { return answer_.text; }
  const std::string& model() const { return answer_.model; }

  // The answer. `whole`: the message ended as HTTP says, or was left because it was done(); otherwise it was cut, and
  // counts only when the model had ended its answer before. Errors as read_reply; a stream that was cut is
  // model_truncated and transient.
  Reading finish(bool whole);
  // What a reply that was cut is thought to have used.
  Usage usage_so_far() const;

 private:
  void take_event(const SseEvent& event);
  void take_chunk(element root);
  void take_choice(element choice);
  void take_calls(element list);
  void fail(Failure failure);

  Asked asked_;
  WireLimits limits_;
  std::size_t bytes_max_;
  SseParser events_;
  simdjson::dom::parser parser_;
  bool is_stream_ = true;
  int status_ = 200;
  std::string content_type_;
  std::string document_;  // of a reply that is no stream
  ModelAnswer answer_;
  CallAssembler calls_;
  std::string reason_;
  std::optional<Usage> usage_;
  std::optional<Failure> failure_;
  bool begun_ = false;
  bool progress_ = false;
  bool done_ = false;
  bool counted_ = false;
  bool chunk_lost_ = false;
};

}  // namespace purser::llm
