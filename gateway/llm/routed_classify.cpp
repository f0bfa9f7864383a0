// What an error inside a success means, asked of a model where no rule knows its words. The words are a provider's and
// may be an attacker's: the question has no tools, only one of four names is taken for an answer, and that can only
// make the verdict stricter. What was refused is never asked again because a model said so.
#include "gateway/llm/model_metrics.hpp"
#include "gateway/llm/routed_under_way.hpp"
#include "validation/rules/personal_data.hpp"

namespace purser {
namespace {

using namespace llm;

constexpr Millis kClassifyTimeMax{2'000};
constexpr std::int64_t kClassifyTokensMax = 64;

ModelRequest question_about(const Attempt& failed, const ModelRequest& original, const std::string& tier) {
  ModelRequest question;
  question.system = classifier_prompt();
  question.messages.resize(1);
  question.messages.front().text = rules::mask_personal_data(failed.unclear).text;
  question.task = original.task;  // its words may go where the question's may, and nowhere else
  question.scope = original.scope;
  question.tier = tier;
  question.output_tokens_max = kClassifyTokensMax;
  question.whole = true;
  return question;
}

void heed(ErrorClass kind, Attempt& failed) {
  const auto becomes = [&](AttemptEnd end, Errc code) {
    failed.nested = kind;
    failed.end = end;
    failed.answer = Error(code, failed.answer.error().message);
  };
  switch (kind) {
    case ErrorClass::system_policy:
      return becomes(AttemptEnd::refused, Errc::model_refused);
    case ErrorClass::model_hallucination:
      return becomes(AttemptEnd::asked_wrongly, Errc::model_malformed);
    case ErrorClass::user_error:
      return becomes(AttemptEnd::user_error, Errc::model_unavailable);
    case ErrorClass::transient:
      return;
  }
}

}  // namespace

Task<void> RoutedModel::classify(const Asking& asking, Attempt& failed) {
  const TierSetup* tier = setup_.tier(setup_.classify_errors);
  if (tier == nullptr) co_return;
  const ModelRequest question = question_about(failed, asking.request, tier->name);
  Asking about{question, *tier, asking.limit.sooner(ports_.clock, kClassifyTimeMax)};
  const auto chain = chain_for(about);
  if (chain.empty()) co_return;
  const std::size_t model = chain.front().model;
  const auto sent = ports_.clock.now();
  UnderWay under_way(*this, model, about.number);
  Attempt told = co_await attempt_once(under_way, about, false);
  tell(model, question, told, std::chrono::duration_cast<Millis>(ports_.clock.now() - sent));
  if (told.answer) failed.asked_about = told.answer->cost_picousd;
  if (told.used) failed.asked_about = cost_of(model, *told.used, "");
  const auto kind = told.answer ? class_named(told.answer->text) : std::nullopt;
  ports_.metrics.add(metric::kClassified, {{"class", kind ? std::string(to_string(*kind)) : "none"}});
  if (kind) heed(*kind, failed);
}

}  // namespace purser
