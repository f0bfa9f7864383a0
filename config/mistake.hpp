// One thing that is wrong with a configuration, told so that the operator can mend it without reading the source.
#pragma once

#include "validation/money/errc.hpp"

#include <string>
#include <vector>

namespace purser {

struct Mistake {
  Errc code = Errc::config_bad_value;
  std::string source;  // "defaults", "file /etc/purser.json", "environment PURSER_LLM_MODEL", "--set", "all together"
  std::string key;     // "llm.model"; empty when it is about a source as a whole
  std::string value;  // as given, cut; empty for a secret and for keys that do not exist, which may be misspelt secrets
  std::string rule;   // what is right

  friend bool operator==(const Mistake&, const Mistake&) = default;
};

using Mistakes = std::vector<Mistake>;

}  // namespace purser
