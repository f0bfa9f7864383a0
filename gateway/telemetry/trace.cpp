#include "gateway/telemetry/trace.hpp"

#include "gateway/crypto/digest.hpp"

#include <algorithm>
#include <charconv>
#include <deque>
#include <map>

namespace purser::trace {
namespace {

constexpr std::size_t kTraceDigits = 32;
constexpr std::size_t kSpanDigits = 16;
constexpr std::size_t kAttributesMax = 32;
constexpr std::size_t kThreadsCarriedMax = 8;  // by one span

thread_local Tracer* installed = nullptr;

bool is_id(std::string_view text, std::size_t digits) {
  const auto is_hex = [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); };
  return text.size() == digits && std::all_of(text.begin(), text.end(), is_hex) &&
         text.find_first_not_of('0') != std::string_view::npos;
}

std::string new_id(std::size_t digits) {
  for (;;) {
    std::string id = crypto::hex_lower(crypto::random_bytes(digits / 2));
    if (is_id(id, digits)) return id;
  }
}

// Which traces are kept rests on the id alone, so that whoever is asked twice says the same.
bool is_kept(std::string_view trace, std::int64_t per_mille) {
  std::uint32_t draw = 0;
  const std::string_view last = trace.substr(kTraceDigits - 7);
  std::from_chars(last.data(), last.data() + last.size(), draw, 16);
  return draw % 1'000 < static_cast<std::uint32_t>(per_mille);
}

}  // namespace

Context parse_parent(std::string_view text) {
  constexpr std::size_t kLength = 2 + 1 + kTraceDigits + 1 + kSpanDigits + 1 + 2;
  const auto first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  text = text.substr(first, text.find_last_not_of(" \t") - first + 1);
  if (text.size() < kLength) return {};
  const std::string_view version = text.substr(0, 2);
  // Later versions may say more behind a dash; 00 says nothing more.
  const bool whole = text.size() == kLength || (version != "00" && text[kLength] == '-');
  const std::string_view flags = text.substr(kLength - 2, 2);
  const bool dashes = text[2] == '-' && text[3 + kTraceDigits] == '-' && text[kLength - 3] == '-';
  unsigned version_number = 0;
  unsigned bits = 0;
  const bool numbers =
      std::from_chars(version.data(), version.data() + 2, version_number, 16).ptr == version.data() + 2 &&
      std::from_chars(flags.data(), flags.data() + 2, bits, 16).ptr == flags.data() + 2;
  Context out;
  out.trace = text.substr(3, kTraceDigits);
  out.span = text.substr(4 + kTraceDigits, kSpanDigits);
  out.sampled = (bits & 1U) != 0;
  const bool good = whole && dashes && numbers && version_number != 0xff && is_id(out.trace, kTraceDigits) &&
                    is_id(out.span, kSpanDigits);
  return good ? out : Context();
}

Context parent_in(const http::Headers& headers) {
  const std::string* found = nullptr;
  for (const auto& [name, value] : headers) {
    if (!http::equals_ignoring_case(name, "traceparent")) continue;
    if (found != nullptr) return {};
    found = &value;
  }
  return found == nullptr ? Context() : parse_parent(*found);
}

std::string header_of(const Context& context) {
  if (context.trace.empty()) return {};
  return "00-" + context.trace + "-" + context.span + (context.sampled ? "-01" : "-00");
}

struct Tracer::Core {
  Core(Clock& c, Options o) : clock(c), options(o), began(c.now()), began_wall(c.wall()) {}

  // Rises with the clock that measures, whatever is done to the one on the wall.
  std::int64_t now_ns() const {
    const auto since = std::chrono::duration_cast<std::chrono::nanoseconds>(clock.now() - began);
    return to_millis(began_wall) * 1'000'000 + since.count();
  }

  Clock& clock;
  const Options options;
  const Clock::time_point began;
  const UtcTime began_wall;
  std::deque<Finished> ended;
  std::uint64_t dropped = 0;
  std::map<std::string, std::weak_ptr<Span::State>> open;  // by span id
  std::map<std::string, std::vector<Context>> carrying;    // by thread; the last one carries it
};

struct Span::State {
  std::shared_ptr<Tracer::Core> core;
  Finished span;
  std::vector<std::string> threads;  // that it carries
};

Span& Span::operator=(Span&& other) noexcept {
  end();
  state_ = std::move(other.state_);
  return *this;
}

void Span::set(std::string_view key, std::string_view value) {
  if (state_ && state_->span.attributes.size() < kAttributesMax)
    state_->span.attributes.emplace_back(std::string(key), std::string(value));
}

void Span::set(std::string_view key, std::int64_t value) {
  if (state_ && state_->span.attributes.size() < kAttributesMax)
    state_->span.attributes.emplace_back(std::string(key), value);
}

void Span::fail(std::string_view code) {
  if (state_) state_->span.error = code;
}

Context Span::context() const {
  return state_ ? state_->span.context : Context();
}

void Span::end() {
  const auto state = std::exchange(state_, nullptr);
  if (!state) return;
  Tracer::Core& core = *state->core;
  const std::string& id = state->span.context.span;
  for (const std::string& thread : state->threads) {
    const auto found = core.carrying.find(thread);
    if (found == core.carrying.end()) continue;
    std::erase_if(found->second, [&](const Context& one) { return one.span == id; });
    if (found->second.empty()) core.carrying.erase(found);
  }
  core.open.erase(id);
  if (!state->span.context.sampled) return;
  state->span.ended_ns = core.now_ns();
  if (core.ended.size() >= core.options.spans_max) {
    ++core.dropped;
    return;
  }
  core.ended.push_back(std::move(state->span));
}

Tracer::Tracer(Clock& clock, Options options) : core_(std::make_shared<Core>(clock, options)) {
  installed = this;
}

Tracer::~Tracer() {
  if (installed == this) installed = nullptr;
}

std::vector<Finished> Tracer::take(std::size_t limit) {
  std::vector<Finished> out;
  while (!core_->ended.empty() && out.size() < limit) {
    out.push_back(std::move(core_->ended.front()));
    core_->ended.pop_front();
  }
  return out;
}

std::uint64_t Tracer::dropped() const {
  return core_->dropped;
}

Span begin(std::string name, Kind kind, const Context& parent) {
  Span made;
  if (installed == nullptr) return made;
  auto state = std::make_shared<Span::State>();
  state->core = installed->core_;
  Finished& span = state->span;
  const bool begins = parent.trace.empty();
  span.context.trace = begins ? new_id(kTraceDigits) : parent.trace;
  span.context.span = new_id(kSpanDigits);
  span.context.sampled = begins ? is_kept(span.context.trace, state->core->options.sampled_per_mille) : parent.sampled;
  span.parent = parent.span;
  span.name = std::move(name);
  span.kind = kind;
  span.began_ns = state->core->now_ns();
  state->core->open[span.context.span] = state;
  made.state_ = std::move(state);
  return made;
}

void carry(const Context& span, const std::string& thread) {
  if (installed == nullptr || thread.empty()) return;
  Tracer::Core& core = *installed->core_;
  const auto found = core.open.find(span.span);
  const auto state = found == core.open.end() ? nullptr : found->second.lock();
  if (!state || state->threads.size() >= kThreadsCarriedMax) return;
  state->threads.push_back(thread);
  core.carrying[thread].push_back(state->span.context);
}

Context of_thread(const std::string& thread) {
  if (installed == nullptr) return {};
  const auto& carrying = installed->core_->carrying;
  const auto found = carrying.find(thread);
  return found == carrying.end() ? Context() : found->second.back();
}

}  // namespace purser::trace
