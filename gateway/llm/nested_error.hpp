// Errors inside a success: APIs in front of models answer 200 with an error object and an explanation in words. What
// kind of error it is decides who deals with it. Rules decide, codes before words; where no rule knows the words a
// model may be asked, and can only make the verdict stricter.
#pragma once

#include <cstdint>
#include <deque>
#include <initializer_list>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace purser::llm {

enum class ErrorClass : std::uint8_t {
  user_error,           // what was asked cannot be done: the rule engine says so to the user
  system_policy,        // a filter, a quota, a missing right: an operator's matter, and asked of nobody else
  model_hallucination,  // the model wrote a call that does not exist or does not parse: another model may do better
  transient             // try again
};
std::string_view to_string(ErrorClass c);

// Whether one of `parts` stands in `text`.
bool has_any(std::string_view text, std::initializer_list<std::string_view> parts);

// The class, and how it is known: by a code that is meant for programs, by what the explanation says, or by nothing but
// the status.
struct Classed {
  enum class By : std::uint8_t { code, words, status };
  ErrorClass kind = ErrorClass::transient;
  By by = By::status;
};

// From the words of code and type (lower case, as classify() makes them) and the explanation.
Classed class_of(int status, std::string_view words, std::string_view explanation);

// How much of an explanation is read.
inline constexpr std::size_t kExplanationRead = 2'048;

// What a model is asked about an explanation, and its answer: one of the names above, nothing for any other.
std::string_view classifier_prompt();
std::optional<ErrorClass> class_named(std::string_view answer);

// How often a tenant's answers were errors inside a success, over its last answers.
class RejectionWatch {
 public:
  RejectionWatch(std::size_t window, std::size_t least, std::int64_t alarm_percent)
      : window_(window), least_(least), alarm_percent_(alarm_percent) {}

  // True when this answer brought the tenant's share to the alarm; again only after it was below in between.
  bool answered(const std::string& tenant, bool rejected);
  // In percent; 0 for nobody.
  std::int64_t share(const std::string& tenant) const;

 private:
  struct Tenant {
    std::deque<bool> last;
    std::size_t rejected = 0;
    bool alarmed = false;
  };
  std::size_t window_;
  std::size_t least_;  // answers before a share means anything
  std::int64_t alarm_percent_;
  std::map<std::string, Tenant> tenants_;
};

}  // namespace purser::llm
