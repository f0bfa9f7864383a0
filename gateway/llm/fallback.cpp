#include "gateway/llm/fallback.hpp"

#include "gateway/log.hpp"

namespace purser {

namespace {

bool is_final(Errc code) {
  return code == Errc::model_refused || code == Errc::canceled;
}

}  // namespace

Task<Result<ModelAnswer>> FallbackModel::ask(ModelRequest request, Deadline deadline) {
  const Deadline earlier{deadline.at - reserve_};
  auto answer = co_await first_.ask(request, earlier);
  if (answer || is_final(answer.code())) co_return answer;
  log::warn("model.fallback", {{"model", first_.name()}, {"code", answer.code()}, {"to", second_.name()}});
  co_return co_await second_.ask(std::move(request), deadline);
}

}  // namespace purser
