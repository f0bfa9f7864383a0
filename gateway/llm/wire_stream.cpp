#include "gateway/llm/wire_stream.hpp"

#include "gateway/llm/wire_answer.hpp"

namespace purser::llm {
namespace {

Failure too_large() {
  return {Error(Errc::model_malformed, "the answer is larger than allowed"), false, false};
}

}  // namespace

StreamReader::StreamReader(Asked asked, WireLimits limits, std::size_t bytes_max)
    : asked_(std::move(asked)),
      limits_(limits),
      bytes_max_(bytes_max),
      events_(SseLimits{bytes_max, bytes_max, bytes_max}),
      calls_(limits) {}

void StreamReader::begin(int status, std::string_view content_type) {
  status_ = status;
  content_type_ = content_type;
  is_stream_ = status == 200 && (says_event_stream(content_type) || content_type.empty());
}

void StreamReader::fail(Failure failure) {
  if (!failure_) failure_ = std::move(failure);
}

void StreamReader::spoil(std::string why) {
  fail(malformed(std::move(why)));
}

bool StreamReader::feed(std::string_view bytes) {
  progress_ = false;
  if (failure_) return false;
  if (!is_stream_) {
    if (document_.size() + bytes.size() > bytes_max_) fail(too_large());
    document_.append(bytes);
    return bytes.find_first_not_of(" \t\r\n") != std::string_view::npos;
  }
  std::vector<SseEvent> events;
  auto taken = events_.feed(bytes, events);
  for (const SseEvent& event : events) take_event(event);
  if (!taken) fail(too_large());
  return progress_;
}

void StreamReader::take_event(const SseEvent& event) {
  if (done()) return;
  if (event.data.starts_with("[DONE]")) {
    done_ = true;
    progress_ = true;
    return;
  }
  if (event.data.find_first_not_of(" \t\r\n") == std::string::npos) return;
  element root;
  if (parser_.allocate(event.data.size() + 1, kReplyDepthMax) != simdjson::SUCCESS ||
      parser_.parse(event.data).get(root) != simdjson::SUCCESS) {
    // Words can do without a chunk that is no JSON; a call that lacks one is another call.
    chunk_lost_ = true;
    if (event.name == "error") fail({Error(Errc::model_unavailable, "the provider reported an error"), true, false});
    return;
  }
  if (auto error = find_error(root)) return fail(classify(status_, error));
  if (event.name == "error") return fail(classify(status_, root));
  take_chunk(root);
}

void StreamReader::take_chunk(element root) {
  if (const auto model = text_of(field(root, "model")); !model.empty()) answer_.model = model;
  if (const auto tier = text_of(field(root, "service_tier")); !tier.empty()) answer_.service_tier = tier;
  if (auto used = told_usage(root)) {
    usage_ = *used;
    progress_ = true;
  }
  bool ambiguous = false;
  simdjson::dom::array choices;
  const auto list = field(root, "choices", ambiguous);
  if (ambiguous) calls_.spoil("a key stands twice in the answer");
  const bool has_choices = list && list->get(choices) == simdjson::SUCCESS && choices.size() > 0;
  // The last chunk of a stream that was asked for its usage. Others repeat the count in every chunk.
  if (usage_ && !has_choices) counted_ = true;
  if (!has_choices) return;
  for (element choice : choices)
    if (integer_of(field(choice, "index")).value_or(0) == 0) take_choice(choice);
}

void StreamReader::take_choice(element choice) {
  if (auto error = field(choice, "error")) return fail(classify(200, error));
  bool ambiguous = false;
  // Some servers put the whole message where a piece belongs.
  auto delta = field(choice, "delta", ambiguous);
  if (!delta) delta = field(choice, "message", ambiguous);
  if (delta) {
    const auto content = text_of(field(*delta, "content", ambiguous));
    const auto thought = reasoning_of(*delta);
    const auto refusal = text_of(field(*delta, "refusal", ambiguous));
    answer_.text += content;
    answer_.reasoning += thought;
    answer_.refusal += refusal;
    const auto calls = field(*delta, "tool_calls", ambiguous);
    if (calls && !reason_.empty()) calls_.spoil("a tool call came after the end of the answer");
    if (calls) take_calls(*calls);
    if (!content.empty() || !thought.empty() || !refusal.empty() || calls) begun_ = progress_ = true;
  }
  const auto reason = text_of(field(choice, "finish_reason", ambiguous));
  if (!reason.empty()) {
    reason_ = reason;
    progress_ = true;
  }
  if (ambiguous) calls_.spoil("a key stands twice in the answer");
}

void StreamReader::take_calls(element value) {
  simdjson::dom::array list;
  if (value.get(list) != simdjson::SUCCESS) return calls_.spoil("tool_calls is not a list");
  for (element entry : list) {
    bool ambiguous = false;
    CallFragment fragment;
    fragment.index = integer_of(field(entry, "index", ambiguous));
    fragment.id = text_of(field(entry, "id", ambiguous));
    const auto type = field(entry, "type", ambiguous);
    if (type && text_of(type) != "function" && !text_of(type).empty()) calls_.spoil("a tool call is no function call");
    std::string written;
    std::string extra;
    if (const auto function = field(entry, "function", ambiguous)) {
      fragment.name = text_of(field(*function, "name", ambiguous));
      const auto arguments = field(*function, "arguments", ambiguous);
      if (arguments && arguments->is_object()) {
        written = simdjson::minify(*arguments);
        fragment.arguments = written;
      } else if (arguments && arguments->is_string()) {
        fragment.arguments = text_of(arguments);
      } else if (arguments) {
        calls_.spoil("the arguments of a tool call are neither text nor an object");
      }
    }
    if (const auto more = field(entry, "extra_content", ambiguous); more && more->is_object()) {
      extra = simdjson::minify(*more);
      fragment.extra = extra;
    }
    if (ambiguous) calls_.spoil("a key stands twice in a tool call");
    calls_.add(fragment);
  }
}

Usage StreamReader::usage_so_far() const {
  if (usage_) return *usage_;
  Usage usage = estimated_usage(answer_, asked_);
  usage.output_tokens += static_cast<std::int64_t>(calls_.bytes() / 4);
  return usage;
}

Reading StreamReader::finish(bool whole) {
  if (!is_stream_ && !failure_) {
    if (!whole) return failed({Error(Errc::model_truncated, "the answer was cut"), true, false});
    WireReply reply;
    reply.status = status_;
    reply.content_type = content_type_;
    reply.body = document_;
    return read_reply(reply, asked_, limits_);
  }
  // Who left because it was done() may have left in the middle of a line: half of "[DONE]" is no lost chunk.
  if (whole && !done()) {
    std::vector<SseEvent> events;
    events_.finish(events);
    for (const SseEvent& event : events) take_event(event);
  }
  if (failure_) return failed(*failure_);
  if (reason_.empty() && !done_) {
    if (!begun_ && whole) return failed(malformed("the stream ended without an answer"));
    return failed({Error(Errc::model_truncated, "the stream was cut before the answer's end"), true, false});
  }
  if (chunk_lost_ && !calls_.empty()) calls_.spoil("a chunk of the answer was lost");
  auto calls = calls_.finish(asked_.message_count, answer_.extras);
  if (!calls && ending_of(reason_) == Ending::cut) return failed(cut_at_the_limit());
  if (!calls) return failed({calls.error(), true, false});
  if (answer_.model.empty()) answer_.model = asked_.model;
  answer_.usage = usage_so_far();
  answer_.calls = std::move(*calls);
  return judge(std::move(answer_), reason_);
}

}  // namespace purser::llm
