#include "config/loader.hpp"

#include "config/definitions.hpp"
#include "tests/unit/config/temporary_folder.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace purser {
namespace {

class Loader : public testing::Test {
 protected:
  LoadedSettings load(const std::string& file_text = "") {
    if (!file_text.empty()) sources.file = folder.write("purser.json", file_text);
    return load_settings(sources);
  }
  Settings good(const std::string& file_text = "") {
    auto loaded = load(file_text);
    EXPECT_TRUE(loaded.ok()) << report_text(loaded);
    return loaded.settings;
  }
  Mistake bad(const std::string& file_text = "") {
    auto loaded = load(file_text);
    EXPECT_EQ(loaded.mistakes.size(), 1U) << report_text(loaded);
    EXPECT_FALSE(loaded.ok());
    return loaded.mistakes.empty() ? Mistake() : loaded.mistakes.front();
  }

  TemporaryFolder folder;
  SettingsSources sources;
};

TEST_F(Loader, NothingSaidIsTheDefaults) {
  const Settings s = good();
  EXPECT_EQ(s.server.listen, "127.0.0.1:8080");
  EXPECT_EQ(s.intent.lifetime, Millis(300'000));
  EXPECT_TRUE(s.store.url.empty());
}

TEST_F(Loader, ADatabaseThatNobodyPlacedGoesIntoTheStateFolder) {
  const auto placed = [&](std::map<std::string, std::string> environment) {
    sources.environment = std::move(environment);
    const LoadedSettings loaded = load_settings(sources);
    EXPECT_TRUE(loaded.ok()) << report_text(loaded);
    EXPECT_EQ(loaded.settings.store.url.reveal(),
              loaded.state_folder.empty() ? "" : "sqlite://" + loaded.state_folder + "/purser.db");
    return loaded.state_folder;
  };
  EXPECT_EQ(placed({{"HOME", "/home/mei"}}), "/home/mei/.local/state/purser");
  EXPECT_EQ(placed({{"HOME", "/home/mei"}, {"XDG_STATE_HOME", "/s"}}), "/s/purser");
  EXPECT_EQ(placed({{"HOME", "/home/mei"}, {"XDG_STATE_HOME", "/s"}, {"STATE_DIRECTORY", "/var/lib/purser:/x"}}),
            "/var/lib/purser");
  EXPECT_EQ(placed({}), "");
  EXPECT_EQ(placed({{"HOME", "somewhere"}}), "");
  sources.environment = {{"HOME", "/home/mei"}, {"PURSER_DATABASE_URL", "sqlite:///a.db"}};
  EXPECT_EQ(load_settings(sources).settings.store.url.reveal(), "sqlite:///a.db");
  EXPECT_EQ(load_settings(sources).state_folder, "");
}

TEST_F(Loader, ThePriceTableOfTheModelsFileIsReadToo) {
  const auto told = [&](const std::string& prices) {
    const std::string table = folder.write("prices.json", prices);
    const std::string models = folder.write(
        "models.json",
        R"({"providers":{"p":{"base_url":"http://127.0.0.1:9/v1"}},"models":{"m":{"provider":"p","id":"m"}},)"
        R"("tiers":{"fast":{"models":["m"]}},"prices_file":")" +
            table + R"("})");
    sources.sets = {"llm.base_url=file://" + models};
    const LoadedSettings loaded = load_settings(sources);
    return loaded.mistakes.empty() ? std::string() : loaded.mistakes.front().key + " " + loaded.mistakes.front().rule;
  };
  const std::string good_one =
      R"({"version":"1","cny_per_usd":{"rate":"7.1","date":"d"},"models":{"m":[{"input":"1","output":"2"}]}})";
  EXPECT_EQ(told(good_one), "");
  EXPECT_EQ(told("nonsense"), "llm.prices_file the price table: the file is a JSON object");
  EXPECT_EQ(told(R"({"version":5})"), "llm.prices_file the price table: version is the date of the prices");
  EXPECT_EQ(told(R"({"version":"1","cny_per_usd":7})"),
            "llm.prices_file the price table: cny_per_usd is an object of rate and date");
}

TEST_F(Loader, TheLaterSourceWins) {
  const char* file = R"({"log": {"level": "warn"}, "llm": {"attempts_max": 2, "model": "from-file"}})";
  EXPECT_EQ(good(file).log.level, "warn");
  sources.environment = {{"PURSER_LLM_MODEL", "from-environment"}, {"PURSER_LOG_LEVEL", "error"}};
  EXPECT_EQ(good(file).log.level, "error");
  sources.sets = {"log.level=trace", "log.level=debug"};
  const Settings s = good(file);
  EXPECT_EQ(s.log.level, "debug");
  EXPECT_EQ(s.model.model, "from-environment");
  EXPECT_EQ(s.model.attempts_max, 2);
}

TEST_F(Loader, EveryTypeComesFromEverySource) {
  const Settings s =
      good(R"({"intent": {"lifetime_ms": 60000, "honour_late_payment": true}, "turn": {"tool_rounds_max": 3}})");
  EXPECT_EQ(s.intent.lifetime, Millis(60'000));
  EXPECT_TRUE(s.intent.honour_late_payment);
  EXPECT_EQ(s.turn.tool_rounds_max, 3);
  sources.environment = {{"PURSER_INTENT_LIFETIME_MS", "61000"}, {"PURSER_INTENT_HONOUR_LATE_PAYMENT", "false"}};
  sources.sets = {"turn.tool_rounds_max=4", "catalogue.file="};
  const Settings t = good();
  EXPECT_EQ(t.intent.lifetime, Millis(61'000));
  EXPECT_FALSE(t.intent.honour_late_payment);
  EXPECT_EQ(t.turn.tool_rounds_max, 4);
}

TEST_F(Loader, TheFileIsNamedByArgumentOrVariable) {
  sources.environment["PURSER_CONFIG"] = folder.write("a.json", R"({"log": {"level": "warn"}})");
  EXPECT_EQ(good().log.level, "warn");
  EXPECT_EQ(good(R"({"log": {"level": "error"}})").log.level, "error");
}

TEST_F(Loader, AFileThatCannotBeReadIsTold) {
  sources.file = folder.path() + "/missing.json";
  EXPECT_EQ(bad().code, Errc::config_unreadable);
  sources.file = folder.path();
  EXPECT_EQ(bad().code, Errc::config_unreadable);
  EXPECT_EQ(bad("{\"log\": {\"level\": \"" + std::string(1 << 20, 'x') + "\"}}").code, Errc::json_too_large);
}

TEST_F(Loader, AllMistakesAreToldTogether) {
  sources.environment = {{"PURSER_LLM_ATTEMPTS_MAX", "99"}, {"PURSER_WECHAT_APIV3_KEY", "too-short"}};
  sources.sets = {"log.format=xml", "log.colour=red", "nonsense"};
  const auto loaded =
      load(R"({"server": {"listen": "nowhere", "liste": 1}, "turn": {"time_max_ms": 1.5, "time_max_ms": 2}})");
  std::string told;
  for (const auto& m : loaded.mistakes)
    told += m.source.substr(0, m.source.find('/')) + "|" + m.key + "|" + m.value + "\n";
  EXPECT_EQ(told,
            "file |turn.time_max_ms|\n"
            "file |server.listen|\"nowhere\"\n"
            "file |server.liste|\n"
            "file |turn.time_max_ms|\n"
            "file |turn.time_max_ms|2\n"
            "environment PURSER_LLM_ATTEMPTS_MAX|llm.attempts_max|99\n"
            "environment PURSER_WECHAT_APIV3_KEY|wechat.apiv3_key|\n"
            "--set|log.format|\"xml\"\n"
            "--set|log.colour|\n"
            "--set|nonsense|\n");
}

TEST_F(Loader, AMistakeNamesTheRule) {
  sources.sets = {"llm.attempts_max=0"};
  const Mistake mistake = bad();
  EXPECT_EQ(mistake, (Mistake{Errc::config_bad_value, "--set", "llm.attempts_max", "0", "is an integer from 1 to 10"}));
  EXPECT_EQ(report_text(load()), "error: --set: llm.attempts_max = 0: is an integer from 1 to 10\n");
  sources.sets = {"wechat.ca_file=" + folder.path() + "/missing.pem"};
  EXPECT_EQ(bad().code, Errc::config_unreadable);
}

TEST_F(Loader, UnknownKeysAreMistakesWithASuggestion) {
  const Mistake near = bad(R"({"llm": {"base_ulr": "https://x"}})");
  EXPECT_EQ(near.code, Errc::config_unknown_key);
  EXPECT_EQ(near.rule, "is no setting; did you mean llm.base_url?");
  EXPECT_EQ(near.value, "") << "a misspelt secret must not be shown";
  EXPECT_EQ(bad(R"({"kafka": {"brokers": "x"}})").rule, "is no setting");
}

TEST_F(Loader, SecretsAreRefusedInFileAndArguments) {
  const Mistake in_file = bad(R"({"llm": {"api_key": "sk-canary"}})");
  EXPECT_EQ(in_file.code, Errc::config_secret_in_file);
  EXPECT_NE(in_file.rule.find("PURSER_LLM_API_KEY_FILE"), std::string::npos);
  sources.file.clear();
  sources.sets = {"llm.api_key=sk-canary"};
  const Mistake in_arguments = bad();
  EXPECT_EQ(in_arguments.code, Errc::config_secret_in_file);
  sources.sets.clear();
  EXPECT_EQ(bad(R"({"database": {"url": "postgresql://u:canary@h/d"}})").code, Errc::config_secret_in_file);
}

TEST_F(Loader, ADatabaseUrlWithoutPasswordMayStandAnywhere) {
  EXPECT_EQ(good(R"({"database": {"url": "sqlite:///srv/a.db"}})").store.url.reveal(), "sqlite:///srv/a.db");
  sources.sets = {"database.url=sqlite:///srv/b.db"};
  EXPECT_EQ(good().store.url.reveal(), "sqlite:///srv/b.db");
}

TEST_F(Loader, NoReportEverHoldsASecret) {
  sources.environment = {{"PURSER_API_KEYS", "canary"},         {"PURSER_WECHAT_MERCHANT_KEY_PEM", "canary"},
                         {"PURSER_WECHAT_APIV3_KEY", "canary"}, {"PURSER_LLM_API_KEY", "can ary canary"},
                         {"PURSER_DATABASE_URL", "canary"},     {"PURSER_LLM_APIKEY", "canary"}};
  sources.sets = {"llm.api_key=canary", "llm.apikey=canary", "wechat.apiv3=canary"};
  const auto loaded = load(R"({"llm": {"api_key": "canary", "apikey": "canary"}, "auth": {"api_keys": ["canary"]}})");
  EXPECT_EQ(loaded.mistakes.size(), 12U) << report_text(loaded);
  EXPECT_EQ(report_text(loaded).find("canary"), std::string::npos) << report_text(loaded);
  EXPECT_EQ(report_json(loaded).find("canary"), std::string::npos);
}

TEST_F(Loader, SecretsComeByVariableOrFile) {
  sources.environment = {{"PURSER_LLM_BASE_URL", "https://llm.example/v1"}, {"PURSER_LLM_API_KEY", "sk-a"}};
  EXPECT_EQ(good().model.api_key.reveal(), "sk-a");
  sources.environment.erase("PURSER_LLM_API_KEY");
  sources.environment["PURSER_LLM_API_KEY_FILE"] = folder.write("key", "sk-b\n");
  EXPECT_EQ(good().model.api_key.reveal(), "sk-b");
}

TEST_F(Loader, ASecretFromAFileObeysTheSameRules) {
  sources.environment["PURSER_API_KEYS_FILE"] = folder.write("short", "shop:canary");
  const Mistake rule = bad();
  EXPECT_EQ(rule.key, "auth.api_keys");
  EXPECT_EQ(rule.source, "environment PURSER_API_KEYS_FILE");
  EXPECT_EQ(rule.value, "");
  sources.environment["PURSER_API_KEYS_FILE"] = folder.write("open", "shop:0123456789abcdef", 0644);
  EXPECT_EQ(bad().code, Errc::config_unreadable);
  sources.environment["PURSER_API_KEYS_FILE"] = folder.write("good", "shop:0123456789abcdef\ncafe:0123456789abcdeg\n");
  EXPECT_EQ(good().auth.api_keys.reveal(), "shop:0123456789abcdef\ncafe:0123456789abcdeg");
  sources.environment["PURSER_API_KEYS"] = "shop:0123456789abcdef";
  EXPECT_NE(bad().rule.find("not from both"), std::string::npos);
}

TEST_F(Loader, OnlySecretsHaveAFileVariable) {
  sources.environment["PURSER_LLM_MODEL_FILE"] = folder.write("model", "x");
  EXPECT_EQ(load().settings.model.model, Settings().model.model);
}

TEST_F(Loader, AnEmptyVariableIsUnset) {
  sources.environment = {{"PURSER_LLM_ATTEMPTS_MAX", ""}, {"PURSER_LLM_API_KEY_FILE", ""}, {"PURSER_LLM_MODLE", ""}};
  EXPECT_EQ(good(R"({"llm": {"attempts_max": 2}})").model.attempts_max, 2);
}

TEST_F(Loader, MisspeltVariablesAreMistakesAndForeignOnesAreNot) {
  sources.environment = {{"PURSER_WECHAT_MCHDI", "1900009191"}};
  EXPECT_EQ(bad().rule, "is no setting; did you mean PURSER_WECHAT_MCHID?");
  sources.environment = {{"PURSER_SERVICE_HOST", "10.0.0.1"}, {"PURSER_PORT", "tcp://10.0.0.1:80"}, {"HOME", "/root"}};
  const auto loaded = load();
  EXPECT_TRUE(loaded.ok()) << report_text(loaded);
  EXPECT_EQ(loaded.warnings.size(), 2U) << report_text(loaded);
}

TEST_F(Loader, APasswordWithinAnAddressIsNotShown) {
  sources.environment = {{"PURSER_REDIS_URL", "redis://:canary@h"}};
  const auto loaded = load();
  EXPECT_TRUE(loaded.ok());
  EXPECT_EQ(loaded.settings.redis.url.reveal(), "redis://:canary@h");
  EXPECT_EQ(report_text(loaded).find("canary"), std::string::npos);
  sources.environment = {{"PURSER_REDIS_URL", "rediss://:canary@h"}};
  EXPECT_EQ(bad().key, "redis.url");
  EXPECT_EQ(report_text(load()).find("canary"), std::string::npos);
}

TEST_F(Loader, SettingsAreJudgedTogetherAtTheEnd) {
  sources.sets = {"llm.attempt_time_max_ms=50000"};
  EXPECT_EQ(bad().key, "llm.attempt_time_max_ms");
  sources.sets.push_back("llm.total_time_max_ms=50000");
  good();
}

// Whoever writes it down believes that nobody comes in without a certificate.
TEST_F(Loader, CertificatesThatAreRequiredNeedTheirAuthorities) {
  for (const std::string& section : {std::string("tls"), std::string("admin_tls")}) {
    const std::string key = section + ".client_required";
    const auto told = [&](const std::string& file) {
      const Mistake mistake = bad(file);
      EXPECT_EQ(mistake.key, key) << file;
      EXPECT_NE(mistake.rule.find("needs " + section + ".client_ca_file"), std::string::npos) << mistake.rule;
      return mistake.source;
    };
    const std::string in_file = "{\"" + section + "\":{\"client_required\":true}}";
    EXPECT_TRUE(told(in_file).starts_with("file "));
    (void)told("{\"" + section + "\":{\"certificate_file\":\"\",\"client_required\":true}}");
    sources.file.clear();
    const std::string variable = section == "tls" ? "PURSER_TLS_CLIENT_REQUIRED" : "PURSER_ADMIN_TLS_CLIENT_REQUIRED";
    sources.environment = {{variable, "true"}};
    EXPECT_EQ(told(""), "environment " + variable);
    sources.environment.clear();
    sources.sets = {key + "=true"};
    EXPECT_EQ(told(""), "--set");
    // What is said last counts.
    sources.sets = {key + "=false"};
    (void)good(in_file);
    sources.sets.clear();
    // The section written out as it is by default says that there is no TLS here.
    (void)good("{\"" + section +
               "\":{\"certificate_file\":\"\",\"key_file\":\"\",\"client_ca_file\":\"\",\"client_required\":true}}");
    sources.file.clear();
  }
}

TEST_F(Loader, AKeyThatIsWrongByItselfIsNotToldTwice) {
  sources.environment = {{"PURSER_WECHAT_MCHID", "1900009191"}, {"PURSER_WECHAT_APIV3_KEY", "short"}};
  int told = 0;
  for (const auto& mistake : load().mistakes) told += mistake.key == "wechat.apiv3_key" ? 1 : 0;
  EXPECT_EQ(told, 1);
}

TEST_F(Loader, TheReportForProgramsHoldsTheSame) {
  sources.sets = {"llm.attempts_max=0"};
  sources.environment = {{"PURSER_PORT", "x"}};
  const auto report = nlohmann::json::parse(report_json(load()));
  EXPECT_EQ(report["ok"], false);
  EXPECT_EQ(report["mistakes"][0], (nlohmann::json{{"code", "config_bad_value"},
                                                   {"source", "--set"},
                                                   {"key", "llm.attempts_max"},
                                                   {"value", "0"},
                                                   {"rule", "is an integer from 1 to 10"}}));
  EXPECT_EQ(report["warnings"].size(), 1U);
}

TEST_F(Loader, ATenantHasItsOwnWhereItDiffers) {
  sources.sets = {"tenant.acme.refund.auto_limit_fen=700", "intent.quantity_max=50"};
  const Settings s = good(R"({"refund": {"auto_limit_fen": 900, "count_max": 7},
                              "tenant.acme": {"refund.list_limit_fen": 300, "intent.lines_max": 3},
                              "tenant.other": {"intent.lifetime_ms": 60000}})");
  ASSERT_EQ(s.tenants.size(), 2U);
  const TenantPolicy& acme = s.tenants.at("acme");
  EXPECT_EQ(acme.refund.auto_limit_fen, 700);
  EXPECT_EQ(acme.refund.list_limit_fen, 300);
  EXPECT_EQ(acme.refund.count_max, 7) << "what stands for all stands for it, too";
  EXPECT_EQ(acme.intent.lines_max, 3);
  EXPECT_EQ(acme.intent.quantity_max, 50);
  EXPECT_EQ(s.refund.auto_limit_fen, 900);
  EXPECT_EQ(s.tenants.at("other").intent.lifetime, Millis(60'000));
  EXPECT_EQ(s.tenants.at("other").refund.auto_limit_fen, 900);
}

TEST_F(Loader, ATenantsMistakesAreToldWithTheirKey) {
  EXPECT_EQ(bad(R"({"tenant.acme": {"refund.auto_limit": 1}})").key, "tenant.acme.refund.auto_limit");
  EXPECT_EQ(bad(R"({"tenant.acme": {"server.listen": "127.0.0.1:1"}})").code, Errc::config_unknown_key);
  EXPECT_EQ(bad(R"({"tenant.acme": {"intent.lines_max": 0}})").code, Errc::config_bad_value);
  EXPECT_EQ(bad(R"({"tenant.acme": {"lines_max": 1}})").code, Errc::config_unknown_key);
  EXPECT_EQ(bad(R"({"tenant.a b": {"intent.lines_max": 1}})").code, Errc::config_bad_value);
}

TEST_F(Loader, ACatalogueSourceNeedsWhatItIsAskedWith) {
  sources.environment = {{"PURSER_CATALOGUE_SOURCE", "redis://:word@127.0.0.1:6379/1"}};
  EXPECT_EQ(bad().key, "catalogue.key");
  EXPECT_EQ(good(R"({"catalogue": {"key": "goods"}})").catalogue.key, "goods");
  EXPECT_EQ(bad(R"({"catalogue": {"key": "goods"}, "intent": {"watching_rules": "catalogue_age"}})").key,
            "intent.watching_rules");
  EXPECT_EQ(bad(R"({"catalogue": {"key": "goods"}, "tenant.acme": {"intent.watching_rules": "catalogue_age"}})").key,
            "tenant.acme.intent.watching_rules");
  sources.file.clear();
  sources.environment = {{"PURSER_CATALOGUE_SOURCE", "sqlite:///goods.db"}};
  EXPECT_EQ(bad().key, "catalogue.query");
  for (const char* query : {"DELETE FROM goods", "selection", "select", "; SELECT 1", "UPDATE goods SET price = 1"})
    EXPECT_EQ(bad(nlohmann::json{{"catalogue", {{"query", query}}}}.dump()).key, "catalogue.query") << query;
  for (const char* query : {"SELECT * FROM goods", "  select 1", "With g AS (SELECT 1) SELECT * FROM g"})
    EXPECT_EQ(good(nlohmann::json{{"catalogue", {{"query", query}}}}.dump()).catalogue.query, query);
  sources.file.clear();
  sources.environment = {{"PURSER_CATALOGUE_SOURCE", "ftp://goods"}};
  EXPECT_EQ(bad().key, "catalogue.source");
}

TEST_F(Loader, OnlyRulesThatDoNotHoldTheMoneyMayWatch) {
  EXPECT_EQ(good(R"({"refund": {"watching_rules": "sensitive_words,refund_history"}})").refund.watching_rules,
            "sensitive_words,refund_history");
  for (const char* rule : {"refund_batch", "owned_intent", "refund_limits", "sensitive_words,refund_amount"})
    EXPECT_EQ(bad(R"({"refund": {"watching_rules": ")" + std::string(rule) + R"("}})").key, "refund.watching_rules");
  EXPECT_EQ(bad(R"({"intent": {"watching_rules": "order_lines"}})").key, "intent.watching_rules");
}

}  // namespace
}  // namespace purser
