// The prompts: versioned text with a manifest that holds the digest of each. A prompt that does not match its digest
// was changed without a new version and is refused.
#pragma once

#include "config/settings.hpp"
#include "validation/money/result.hpp"

#include <string>

namespace purser {

struct PromptSet {
  std::string version;
  std::string system_zh;
  std::string system_en;
};

// From `settings.folder`, or the ones that are built in. Errors: config_unreadable, config_bad_value naming the file.
Result<PromptSet> load_prompts(const PromptSettings& settings);

}  // namespace purser
