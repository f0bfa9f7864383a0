#include "gateway/llm/fallback.hpp"

#include "gateway/log.hpp"

namespace purser {

namespace {

// The first had no answer. Neither a refusal nor a failure of ours is one.
bool had_none(Errc code) {
  switch (code) {
    case Errc::model_unavailable:
    case Errc::model_malformed:
    case Errc::model_truncated:
    case Errc::model_rate_limited:
    case Errc::timed_out:
      return true;
    default:
      return false;
  }
}

}  // namespace

Task<Result<ModelAnswer>> FallbackModel::ask(ModelRequest request, Deadline deadline) {
  const Deadline earlier{deadline.at - reserve_};
  auto answer = co_await first_.ask(request, earlier);
  if (answer || !had_none(answer.code())) co_return answer;
  log::warn("model.fallback", {{"model", first_.name()}, {"code", answer.code()}, {"to", second_.name()}});
  co_return co_await second_.ask(std::move(request), deadline);
}

}  // namespace purser
