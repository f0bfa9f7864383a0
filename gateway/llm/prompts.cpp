#include "gateway/llm/prompts.hpp"

#include "gateway/crypto/digest.hpp"

#include <nlohmann/json.hpp>

#include <fstream>
#include <functional>
#include <sstream>

namespace purser {

// Defined by the build from the files of prompts/.
std::string_view prompt_manifest();
std::string_view prompt_system_zh();
std::string_view prompt_system_en();

namespace {

using nlohmann::json;
using Read = std::function<Result<std::string>(const std::string& name)>;

Result<std::string> built_in(const std::string& name) {
  if (name == "manifest.json") return std::string(prompt_manifest());
  if (name == "system.zh.md") return std::string(prompt_system_zh());
  if (name == "system.en.md") return std::string(prompt_system_en());
  return Error(Errc::config_unreadable, "no built-in prompt " + name, "prompts.folder");
}

Result<std::string> from_folder(const std::string& folder, const std::string& name) {
  std::ifstream file(folder + "/" + name);
  std::stringstream text;
  text << file.rdbuf();
  if (!file) return Error(Errc::config_unreadable, folder + "/" + name + " cannot be read", "prompts.folder");
  return text.str();
}

Result<std::string> checked(const Read& read, const json& manifest, const std::string& file) {
  for (const json& entry : manifest.value("prompts", json::array())) {
    if (entry.value("file", "") != file) continue;
    auto text = read(file);
    if (!text) return text;
    if (crypto::sha256_hex(*text) == entry.value("sha256", "")) return text;
    return Error(Errc::config_bad_value, file + " does not match its digest in manifest.json: give it a new version",
                 "prompts.folder");
  }
  return Error(Errc::config_bad_value, "manifest.json does not name " + file, "prompts.folder");
}

}  // namespace

Result<PromptSet> load_prompts(const PromptSettings& settings) {
  const Read read =
      settings.folder.empty()
          ? Read(built_in)
          : Read([folder = settings.folder](const std::string& name) { return from_folder(folder, name); });
  auto text = read("manifest.json");
  if (!text) return text.error();
  const json manifest = json::parse(*text, nullptr, false);
  if (!manifest.is_object())
    return Error(Errc::config_bad_value, "manifest.json is not a JSON object", "prompts.folder");
  auto zh = checked(read, manifest, "system.zh.md");
  if (!zh) return zh.error();
  auto en = checked(read, manifest, "system.en.md");
  if (!en) return en.error();
  PromptSet out;
  out.version = manifest.value("version", "");
  out.system_zh = std::move(*zh);
  out.system_en = std::move(*en);
  return out;
}

}  // namespace purser
