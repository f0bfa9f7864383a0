#include "agent/app/cli.hpp"

#include "agent/app/commands.hpp"

#include <CLI/CLI.hpp>

#include <iostream>

namespace purser {

namespace {

void add_sources(CLI::App& command, SettingsSources& sources) {
  command.add_option("--config", sources.file, "configuration file (JSON); see config/CONFIG.md");
  command.add_option("--set", sources.sets, "one setting, key=value; may be repeated")->allow_extra_args(false);
}

// What accounts of the real rail differ in, and how fast the simulator is.
void add_account(CLI::App& command, sandbox::SandboxSettings& account) {
  using sandbox::CallbackKey;
  const std::map<std::string, CallbackKey> keys{{"as-asked", CallbackKey::as_asked},
                                                {"public-key", CallbackKey::public_key},
                                                {"certificate", CallbackKey::certificate},
                                                {"alternate", CallbackKey::alternate}};
  command
      .add_option_function<std::string>(
          "--callback-key", [&account, keys](const std::string& word) { account.callback_key = keys.at(word); },
          "the key that signs callbacks")
      ->check(CLI::IsMember({"as-asked", "public-key", "certificate", "alternate"}))
      ->default_str("as-asked");
  command.add_flag("!--no-certificates", account.certificates, "an account that only has a public key");
  command.add_flag("!--unsigned-errors", account.sign_errors, "4xx answers are not signed");
  command.add_flag("--close-unknown", account.close_unknown, "closing an unknown order is 204, not 404");
  command.add_option("--paid-code", account.paid_code, "what the rail calls a paid order")
      ->check(CLI::IsMember({"ORDER_PAID", "ORDERPAID", "INVALID_REQUEST"}));
  const auto milliseconds = [&command](const char* name, Millis& value, const char* what) {
    command
        .add_option_function<std::int64_t>(
            name, [&value](const std::int64_t& given) { value = Millis(given); }, what)
        ->check(CLI::Range(std::int64_t{0}, std::int64_t{86'400'000}))
        ->default_str(std::to_string(value.count()));
  };
  milliseconds("--refund-delay-ms", account.refund_delay, "from accepted to final");
  milliseconds("--refund-spacing-ms", account.refund_spacing, "between two refunds of one order");
}

}  // namespace

int run_command_line(int argc, char** argv, std::map<std::string, std::string> environment) {
  CLI::App app("purser lets a conversation take money safely.", "purser");
  app.require_subcommand(1);

  ServeCommand serve_with;
  serve_with.sources.environment = environment;
  auto* serve_app = app.add_subcommand("serve", "run the daemon");
  add_sources(*serve_app, serve_with.sources);
  serve_app->add_flag("--demo-chat", serve_with.demo_chat, "a web page to talk to the shop, at /chat; sandbox only");

  DemoCommand demo_with;
  auto* demo_app = app.add_subcommand("demo", "play a paid conversation end to end, with the sandbox as the rail");
  demo_app->add_flag("--json", demo_with.json, "print the result as JSON");
  demo_app->add_flag("--web", demo_with.web, "play it yourself: a chat page in the browser, until stopped");
  demo_app->add_option("--lang", demo_with.locale, "language of the conversation")->check(CLI::IsMember({"en", "zh"}));

  ChatCommand chat_with;
  chat_with.locale = environment["LANG"].starts_with("zh") ? "zh" : "en";
  chat_with.sources.environment = environment;
  auto* chat_app = app.add_subcommand("chat", "talk in the terminal; /pay pays, /help lists the rest");
  chat_app->add_option("--url", chat_with.url, "a running purser; without it, one of its own on the sandbox");
  chat_app->add_option("--key", chat_with.key, "API key for --url");
  chat_app->add_option("--lang", chat_with.locale, "language of the conversation")->check(CLI::IsMember({"en", "zh"}));
  add_sources(*chat_app, chat_with.sources);

  SandboxCommand sandbox_with;
  auto* sandbox_app = app.add_subcommand("sandbox", "run the WeChat Pay API v3 simulator alone");
  sandbox_app->add_option("--listen", sandbox_with.listen, "address and port (port 0: any free one)");
  sandbox_app->add_option("--credentials", sandbox_with.credentials, "folder for keys, certificates and sandbox.json");
  add_account(*sandbox_app, sandbox_with.settings);

  std::string file;
  bool as_json = false;
  auto* check_app = app.add_subcommand("check-config", "report every mistake of a configuration file at once");
  check_app->add_option("file", file, "the file")->required();
  check_app->add_flag("--json", as_json, "print the result as JSON");

  ReconcileCommand reconcile_with;
  reconcile_with.sources.environment = environment;
  auto* reconcile_app = app.add_subcommand("reconcile", "hold the books of one day against the rail's bill");
  reconcile_app->add_option("--date", reconcile_with.date, "the day in China, YYYY-MM-DD")->required();
  reconcile_app->add_option("--bill", reconcile_with.bill,
                            "the trade bill (type ALL) as it was downloaded; else the rail is asked for both bills");
  reconcile_app->add_option("--flow-bill", reconcile_with.flow_bill,
                            "the fund-flow bill (BASIC) as it was downloaded, beside --bill");
  reconcile_app->add_flag("--json", reconcile_with.json, "print the result as JSON");
  add_sources(*reconcile_app, reconcile_with.sources);

  EraseCommand erase_with;
  erase_with.sources.environment = environment;
  auto* erase_app = app.add_subcommand("erase", "take a user's words and contact data out; the books stay");
  erase_app->add_option("--tenant", erase_with.tenant, "whose customer")->required();
  erase_app->add_option("--user", erase_with.user, "the id that your backend gave the user")->required();
  erase_app->add_option("--archive", erase_with.archive, "a new file to write what is taken out to, first");
  erase_app->add_flag("--json", erase_with.json, "print the result as JSON");
  add_sources(*erase_app, erase_with.sources);

  LedgerCommand ledger_with;
  ledger_with.sources.environment = environment;
  auto* ledger_app = app.add_subcommand("ledger", "prove that the books are what was written");
  ledger_app->require_subcommand(1);
  auto* verify_app = ledger_app->add_subcommand(
      "verify", "walk the hash chains and compare every row; names the first that does not hold");
  verify_app->add_flag("--json", ledger_with.json, "print the result as JSON");
  add_sources(*verify_app, ledger_with.sources);
  auto* export_app = ledger_app->add_subcommand("export", "the record of one conversation, one JSON object a line");
  export_app->add_option("--thread", ledger_with.thread, "the thread's id")->required();
  add_sources(*export_app, ledger_with.sources);

  KeysCommand keys_with;
  auto* keys_app = app.add_subcommand("keys", "API keys: the file behind auth.keys_file, which holds digests alone");
  keys_app->require_subcommand(1);
  const auto keys_command = [&](const char* name, const char* what) {
    auto* one = keys_app->add_subcommand(name, what);
    one->add_option("--file", keys_with.file, "the file of keys")->required();
    one->add_flag("--json", keys_with.json, "print the result as JSON");
    return one;
  };
  auto* add_app = keys_command("add", "make a key and print it, once; the file is made when it is not there");
  add_app->add_option("--tenant", keys_with.tenant, "whose key it is")->required();
  add_app->add_option("--scope", keys_with.scopes, "what it may do, as threads:write; may be repeated; without: all");
  add_app->add_option("--days", keys_with.days, "ends after so many days")->check(CLI::Range(1, 36'500));
  auto* list_app = keys_command("list", "what keys there are");
  auto* revoke_app = keys_command("revoke", "take a key out of the file");
  revoke_app->add_option("id", keys_with.id, "key_...")->required();

  RoutesCommand routes_with;
  routes_with.sources.environment = environment;
  auto* routes_app = app.add_subcommand("routes", "decide every question of an attempt log again, and compare");
  routes_app->add_option("log", routes_with.log, "the file that attempt_log names")->required();
  routes_app->add_flag("--json", routes_with.json, "print the result as JSON");
  add_sources(*routes_app, routes_with.sources);

  auto* version_app = app.add_subcommand("version", "versions of purser and of what it links");
  VersionCommand version_with;
  version_app->add_flag("--json", version_with.json, "print the result as JSON");
  version_app->add_flag("--sbom", version_with.bill, "print the bill of materials (CycloneDX)");

  ReplayCommand replay_with;
  auto* replay_app = app.add_subcommand("replay", "play scripted conversations against the whole of purser");
  replay_app->add_option("path", replay_with.paths, "scripts, or folders of them")->required();
  replay_app->add_option("--derive", replay_with.derive, "crashes, lost callbacks, faults made from each script")
      ->check(CLI::IsMember({"none", "all"}));
  replay_app->add_option("--only", replay_with.only, "derivations whose code begins so, as in F1:commit:7:after");
  replay_app->add_option("--row", replay_with.row, "of a table this row alone, by its name or its number");
  replay_app->add_option("--junit", replay_with.junit, "write JUnit XML to this file");
  replay_app->add_option("--report", replay_with.html, "write a page with every conversation as a timeline");
  replay_app->add_option("--jobs", replay_with.jobs, "processes; 0: one a core")->check(CLI::Range(0, 64));
  replay_app->add_flag("--json", replay_with.json, "print the result as JSON");
  replay_app->add_flag("--fail-fast", replay_with.fail_fast, "stop at the first failure");
  replay_app->add_flag("--twice", replay_with.twice, "play each script twice and compare the traces");
  replay_with.sources.environment = environment;
  replay_app
      ->add_option("--record", replay_with.record,
                   "write down what the endpoint of PURSER_LLM_BASE_URL answers: once, new, all; rewrite: expectations")
      ->check(CLI::IsMember({"none", "once", "new", "all", "rewrite"}));
  auto* loopback = replay_app->add_flag("--loopback", replay_with.loopback,
                                        "over sockets: each script against a purser serve that is started for it");
  replay_app
      ->add_flag("--leave-out-inside", replay_with.leave_out_inside,
                 "with --loopback: scripts that cannot be played from outside may be left out")
      ->needs(loopback);
  replay_app->add_flag("--bless", replay_with.bless, "rewrite the expectations that are missed and show the changes");
  replay_app->add_option("--keep-database", replay_with.keep_database, "copy the database of a script to this file");
  for (const char* inside : {"--derive", "--only", "--twice", "--bless", "--record", "--keep-database"})
    loopback->excludes(replay_app->get_option(inside));

  SimulateCommand simulate_with;
  auto* simulate_app = app.add_subcommand("simulate", "seeded episodes with random faults, judged by the invariants");
  simulate_app->add_option("--from", simulate_with.from, "the first seed")
      ->check(CLI::Range(std::uint64_t{0}, std::uint64_t{1} << 53));
  simulate_app->add_option("--seeds", simulate_with.seeds, "how many")->check(CLI::Range(1, 100'000'000));
  simulate_app->add_option("--jobs", simulate_with.jobs, "processes; 0: one a core")->check(CLI::Range(0, 64));
  simulate_app->add_flag("--json", simulate_with.json, "print the result as JSON");
  simulate_app->add_flag("--twice", simulate_with.twice, "play each seed twice and compare the traces");

  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& wanted) {
    return app.exit(wanted);
  } catch (const CLI::ParseError& misuse) {
    const auto named = app.get_subcommands([&](const CLI::App* one) { return argc > 1 && one->get_name() == argv[1]; });
    const bool no_command = argc > 1 && argv[1][0] != '-' && named.empty();
    if (no_command) std::cerr << "purser: no command '" << argv[1] << "'; purser --help lists them\n";
    if (!no_command) app.exit(misuse);
    return 2;
  }
  if (serve_app->parsed()) return serve(serve_with);
  if (demo_app->parsed()) return demo(demo_with);
  if (replay_app->parsed()) return replay_scripts(replay_with);
  if (simulate_app->parsed()) return simulate(simulate_with);
  if (chat_app->parsed()) return chat(chat_with);
  if (sandbox_app->parsed()) return run_sandbox(sandbox_with);
  if (reconcile_app->parsed()) return reconcile(reconcile_with);
  if (erase_app->parsed()) return erase(erase_with);
  ledger_with.verify = verify_app->parsed();
  if (ledger_app->parsed()) return ledger(ledger_with);
  if (add_app->parsed()) return add_key(keys_with);
  if (list_app->parsed()) return list_keys(keys_with);
  if (revoke_app->parsed()) return revoke_key(keys_with);
  if (routes_app->parsed()) return replay_attempt_log(routes_with);
  if (check_app->parsed()) return check_config_file({file, std::move(environment), {}}, as_json);
  return version(version_with);
}

}  // namespace purser
