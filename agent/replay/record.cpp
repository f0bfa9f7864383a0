#include "agent/replay/record.hpp"

#include "agent/replay/script_rules.hpp"
#include "agent/replay/script_text.hpp"
#include "gateway/async/system_clock.hpp"
#include "gateway/http/client.hpp"
#include "validation/rules/personal_data.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

namespace purser::replay {
namespace {

using nlohmann::json;

constexpr std::chrono::hours kGoodFor{90 * 24};
constexpr std::chrono::seconds kAnswerTimeMax{120};

std::string day(UtcTime at) {
  return format_time(at).substr(0, 10);
}

std::string redacted(std::string text, const std::string& secret) {
  if (!secret.empty())
    for (auto at = text.find(secret); at != text.npos; at = text.find(secret)) text.replace(at, secret.size(), "***");
  return rules::mask_personal_data(text).text;
}

// In every text of it, however that was written.
json redacted_in(json value, const std::string& secret) {
  if (value.is_string()) return redacted(value.get<std::string>(), secret);
  if (value.is_structured())
    for (json& member : value) member = redacted_in(std::move(member), secret);
  return value;
}

// An answer as it came, which may be anything.
class Reader {
 public:
  explicit Reader(const std::string& secret) : secret_(secret) {}

  Result<json> step(const json& document) {
    const json none;
    if (document.is_discarded()) return Error(Errc::model_malformed, "the endpoint's answer is no JSON", "choices");
    const json choices = member(document, "choices", none);
    if (!choices.is_array() || choices.empty()) return odd("choices", "expected a list with a choice in it", choices);
    const json message = member(choices[0], "message", none);
    if (!message.is_object()) return odd("choices[0].message", "expected object", message);
    json out = json::object();
    const json content = member(message, "content", none);
    if (!content.is_null() && !content.is_string())
      return odd("choices[0].message.content", "expected string or null", content);
    if (content.is_string() && !content.empty() && content != "") out["text"] = redacted(content, secret_);
    if (auto good = calls(member(message, "tool_calls", none), out); !good) return good.error();
    const json finish = member(choices[0], "finish_reason", none);
    if (finish == "length" || finish == "content_filter") out["finish"] = finish;
    if (!out.contains("text") && !out.contains("calls")) out["text"] = "";
    return out;
  }

 private:
  static json member(const json& holder, const char* key, const json& otherwise) {
    return holder.is_object() && holder.contains(key) ? holder[key] : otherwise;
  }
  static Error odd(const std::string& where, const std::string& rule, const json& found) {
    const std::string text = found.dump(-1, ' ', false, json::error_handler_t::replace);
    return Error(Errc::model_malformed, "the endpoint's answer, " + where + ": " + rule + ", found " + brief(text, 60),
                 where);
  }

  Result<void> calls(const json& list, json& out) {
    const std::string at = "choices[0].message.tool_calls";
    if (list.is_null() || (list.is_array() && list.empty())) return success();
    if (!list.is_array()) return odd(at, "expected a list", list);
    out["calls"] = json::array();
    for (std::size_t i = 0; i < list.size(); ++i) {
      const std::string here = at + "[" + std::to_string(i) + "]";
      const json function = member(list[i], "function", json());
      if (!function.is_object()) return odd(here + ".function", "expected object", function);
      const json id = member(list[i], "id", "");
      if (!id.is_string()) return odd(here + ".id", "expected string", id);
      const json name = member(function, "name", json());
      if (!name.is_string()) return odd(here + ".function.name", "expected string", name);
      const json arguments = member(function, "arguments", "{}");
      if (!arguments.is_string()) return odd(here + ".function.arguments", "expected string", arguments);
      json step{{"id", redacted(id, secret_)}, {"name", redacted(name, secret_)}};
      json args = json::parse(arguments.get_ref<const std::string&>(), nullptr, false);
      if (args.is_object()) {
        step["args"] = redacted_in(std::move(args), secret_);
      } else {
        step["args_raw"] = redacted(arguments, secret_);
      }
      out["calls"].push_back(std::move(step));
    }
    return success();
  }

  const std::string& secret_;
};

class Endpoint final : public RealModel {
 public:
  Endpoint(const ModelSettings& settings, http::Origin origin)
      : origin_(std::move(origin)), model_(settings.model), key_(settings.api_key) {}

  std::string provider() const override { return origin_.host; }
  std::string model() const override { return model_; }

  Result<json> ask(const json& request) override {
    json question = request;
    if (!model_.empty()) question["model"] = model_;
    question["stream"] = false;
    question.erase("stream_options");
    http::Call call(origin_, "POST", origin_.base_path + "/chat/completions");
    call.headers.emplace_back("Content-Type", "application/json");
    call.headers.emplace_back("Accept", "application/json");
    if (!key_.empty()) call.headers.emplace_back("Authorization", "Bearer " + key_.reveal());
    call.body = question.dump();
    const auto reply = sent(std::move(call));
    if (!reply) return reply.error();
    if (reply->status != 200)
      return Error(Errc::model_unavailable, provider() + " answered " + std::to_string(reply->status));
    return step_of(json::parse(reply->body, nullptr, false), key_.empty() ? "" : key_.reveal());
  }

 private:
  // A loop of its own for each question: nothing of it is left when the replay goes on.
  static Result<http::Reply> sent(http::Call call) {
    SystemClock clock;
    asio::io_context loop(1);
    auto client = http::make_client(loop.get_executor(), clock, http::ClientLimits(), "");
    if (!client) return client.error();
    Result<http::Reply> reply = Error(Errc::internal, "the question was not sent");
    asio::co_spawn(loop, (*client)->send(std::move(call), {clock.now() + kAnswerTimeMax}),
                   [&](std::exception_ptr bug, Result<http::Reply> answered) {
                     if (!bug) reply = std::move(answered);
                     client->reset();
                   });
    loop.run();
    return reply;
  }

  http::Origin origin_;
  std::string model_;
  Secret key_;
};

}  // namespace

Result<std::unique_ptr<RealModel>> RealModel::make(const SettingsSources& sources) {
  LoadedSettings loaded = load_settings(sources);
  if (!loaded.ok()) return Error(Errc::config_bad_value, report_text(loaded), "settings");
  const ModelSettings& settings = loaded.settings.model;
  if (settings.base_url.empty())
    return Error(Errc::config_bad_value, "recording needs an endpoint: set PURSER_LLM_BASE_URL", "PURSER_LLM_BASE_URL");
  auto origin = http::Origin::parse(settings.base_url);
  if (!origin) return origin.error();
  return std::unique_ptr<RealModel>(std::make_unique<Endpoint>(settings, std::move(*origin)));
}

Result<json> step_of(const json& document, const std::string& secret) {
  Reader reader{secret};
  return reader.step(document);
}

json without_persons(json step) {
  for (const char* key : {"user", "note"})
    if (step.contains(key)) step[key] = redacted(step[key].get<std::string>(), "");
  if (step.contains("request") && step["request"].contains("body"))
    step["request"]["body"] = redacted_in(step["request"]["body"], "");
  if (step.contains("concurrent"))
    for (json& one : step["concurrent"]) one = without_persons(std::move(one));
  return step;
}

std::string doubled(std::string text, std::string_view mark) {
  for (auto at = text.find(mark); at != text.npos; at = text.find(mark, at + 2 * mark.size())) text.insert(at, mark);
  return text;
}

json named(const json& value, const Captures& captures) {
  if (value.is_object() || value.is_array()) {
    json out = value;
    for (auto& member : out) member = named(member, captures);
    return out;
  }
  if (!value.is_string()) return value;
  // What a script would read as a capture or a parameter stands as itself.
  std::string text = doubled(doubled(value.get<std::string>(), "$"), "{{");
  for (const auto& [name, known] : captures) {
    if (!known.is_string() || known.get_ref<const std::string&>().size() < 16) continue;
    const std::string id = known.get<std::string>();
    for (auto at = text.find(id); at != text.npos; at = text.find(id)) text.replace(at, id.size(), "$" + name);
  }
  return text;
}

json recorded_note(const RealModel& model, UtcTime now) {
  return {
      {"provider", model.provider()}, {"model", model.model()}, {"date", day(now)}, {"expires", day(now + kGoodFor)}};
}

std::string stale(const Script& script, UtcTime now) {
  const json note = script.root.value("recorded", json());
  if (!note.is_object()) return {};
  if (note.value("date", "") > day(now))
    return place_in(script, "/recorded/date") + "recorded on " + note.value("date", "?") + ", and it is " + day(now) +
           " by this machine's clock; a recording is of a day that has been: set the clock right, or record it anew "
           "with --record all";
  if (note.value("expires", "") >= day(now)) return {};
  return place_in(script, "/recorded/expires") + "recorded from " + note.value("model", "?") + " on " +
         note.value("date", "?") + ", good until " + note.value("expires", "?") + "; record it anew with --record all";
}

Script without_models(Script script) {
  Script out = script;
  out.steps.clear();
  out.where.clear();
  out.places.clear();
  for (std::size_t i = 0; i < script.steps.size(); ++i) {
    if (script.steps[i].contains("model")) {
      // What was expected of the answer is expected of what caused it, until there is an answer again.
      if (script.steps[i].contains("expect") && !out.steps.empty())
        for (const auto& [key, value] : script.steps[i]["expect"].items()) out.steps.back()["expect"][key] = value;
      continue;
    }
    out.steps.push_back(script.steps[i]);
    out.where.push_back(script.where[i]);
    out.places.push_back(script.places[i]);
  }
  return out;
}

}  // namespace purser::replay
