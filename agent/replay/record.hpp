// A conversation with a real endpoint, taken down as a script: what the model answered becomes model steps, without
// secrets and without numbers of persons, dated, and good for a while.
#pragma once

#include "agent/replay/match.hpp"
#include "agent/replay/script.hpp"
#include "config/loader.hpp"

#include <memory>
#include <string>

namespace purser::replay {

// The endpoint of PURSER_LLM_BASE_URL, asked over the network; the only part of a replay that uses it.
class RealModel {
 public:
  // Error: config_bad_value, also when no endpoint is set.
  static Result<std::unique_ptr<RealModel>> make(const SettingsSources& sources);
  virtual ~RealModel() = default;
  // What the endpoint answers to the request of a replay, as the body of a model step; blocks. Error: what the network
  // says, or model_unavailable with the status.
  virtual Result<nlohmann::json> ask(const nlohmann::json& request) = 0;
  virtual std::string provider() const = 0;
  virtual std::string model() const = 0;
};

// The body of a model step out of a reply's document; secrets and personal numbers are gone. Error: model_malformed.
Result<nlohmann::json> step_of(const nlohmann::json& document, const std::string& secret);

// A step as it is written down: without numbers of persons in what a user says or a client sends.
nlohmann::json without_persons(nlohmann::json step);

// Values that were captured, by their names again: "pi_..." becomes "$intent1".
nlohmann::json named(const nlohmann::json& value, const Captures& captures);

// {"provider", "model", "date", "expires"}; days as YYYY-MM-DD.
nlohmann::json recorded_note(const RealModel& model, UtcTime now);
// Why this recording may not be played on that day, with its line: it is over, or still to come. Empty when it may, or
// when it is none.
std::string stale(const Script& script, UtcTime now);

// Without its model steps, for an endpoint to give them anew.
Script without_models(Script script);

}  // namespace purser::replay
