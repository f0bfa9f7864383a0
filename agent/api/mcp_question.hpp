// What only the user can say: asked by the client, outside of its model, and brought back with the same call. The state
// that travels with the question is sealed over whom, which call and what was asked, and lasts a short while.
#pragma once

#include "gateway/async/clock.hpp"
#include "gateway/crypto/mint.hpp"
#include "validation/domain/intent.hpp"

#include <nlohmann/json.hpp>

#include <optional>
#include <string>

namespace purser::mcp {

// The argument that says what becomes of an open payment: taken from the user's answer alone.
inline constexpr const char* kChoiceOfUser = "if_open";
inline constexpr Millis kAnsweredWithin{10 * 60 * 1'000};

// The call that a question is about.
struct AboutCall {
  ThreadId thread;
  std::string tool;
  nlohmann::json arguments;
  std::string key;  // that the client gave it; empty: none. An answer is for the wish it was asked about.
};

struct Question {
  std::string text;
  bool about_open_payment = false;  // else whether the user agrees to what `text` says
};

// Of a call that was refused with `result`. `about`: the payment that a refund names first, else the user's open one,
// if it is of this conversation. Nothing: there is nothing that a user could say to it.
std::optional<Question> question_of(const nlohmann::json& result, const AboutCall& call, const PaymentIntent* about,
                                    const std::string& locale);

// {"resultType":"input_required","inputRequests","requestState"}
nlohmann::json input_required(const Question& question, const AboutCall& call, Mint& mint, UtcTime now);

// What came back.
struct Answered {
  // declined: a no, by the button or in the form. dismissed: the question was closed, which says neither yes nor no.
  enum class What { nothing, agreed, declined, dismissed, forged };
  What what = What::nothing;  // nothing: no answer that can be used, so the question is asked again
  std::string agreed_to;      // the question, when it was one to agree to
  std::string if_open;        // the choice, when it was one
};
// `params` of the call, as they came; `call` with the same arguments as when it was asked.
Answered answer_in(const nlohmann::json& params, const AboutCall& call, Mint& mint, UtcTime now);

}  // namespace purser::mcp
