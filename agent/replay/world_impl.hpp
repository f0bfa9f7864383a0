// The inside of a world, for the files that make it up.
#pragma once

#include "agent/app/daemon.hpp"
#include "agent/replay/gate_store.hpp"
#include "agent/replay/ground.hpp"
#include "agent/replay/model_wire.hpp"
#include "agent/replay/script_text.hpp"
#include "agent/replay/world.hpp"
#include "gateway/async/one_shot.hpp"
#include "gateway/async/task_group.hpp"
#include "gateway/async/virtual_clock.hpp"
#include "gateway/log.hpp"

#include <boost/asio/io_context.hpp>

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace purser::replay {

using Nanos = std::chrono::nanoseconds;

using ReplySlot = std::shared_ptr<OneShot<Served>>;

struct Parked {
  Waiting what;
  ReplySlot slot;
  std::int64_t number = 0;
};

struct Flight {
  sandbox::Delivery delivery;
  ClientCallPtr call;
  UtcTime since{};
};

struct World::Impl {
  // A daemon while it runs, and what dies with it.
  struct Incarnation {
    Incarnation(UtcTime wall, Nanos at)
        : began(at), clock(wall, true), began_clock(clock.now()), clients(loop.get_executor(), clock, report) {}
    static void report(std::string_view name, std::exception_ptr) {
      log::error("replay.client_threw", {{"task", name}});
    }
    const Nanos began;
    VirtualClock clock;
    const Clock::time_point began_clock;
    asio::io_context loop{1};
    std::shared_ptr<Life> life = std::make_shared<Life>();
    TaskGroup clients;
    std::unique_ptr<Daemon> daemon;
    bool ended = false;
  };

  class Net final : public http::Client {
   public:
    Net(Impl& world, Incarnation& of) : world_(world), of_(of), life_(of.life) {}
    Task<Result<http::Reply>> send(http::Call call, Deadline deadline) override;
    Task<Result<http::Reply>> stream(http::Call call, http::ReplySink& sink, Deadline deadline) override;

   private:
    Task<Result<http::Reply>> to_rail(http::Call call, Deadline deadline);
    Task<Result<http::Reply>> silence(Deadline deadline);
    Task<Result<Served>> to_model(http::Call call, Deadline deadline);
    Task<Result<Served>> park(std::vector<Parked>& queue, Parked parked, Deadline deadline);
    Task<Result<void>> wait(std::chrono::milliseconds time, Clock::time_point limit);

    Impl& world_;
    Incarnation& of_;
    std::shared_ptr<Life> life_;
  };

  explicit Impl(WorldOptions given)
      : options(std::move(given)),
        ground(Ground::of_this_process()),
        dice(options.seed),
        rail_dice(options.seed ^ 0xA5A5A5A5ULL),
        schedule(options.seed ^ 0x5EEDULL),
        rail_mint(rail_dice, ground.credentials().apiv3_key),
        rail(ground.credentials(), sandbox::SandboxSettings(), rail_mint),
        database(ground.fresh_database(options.from_database)),
        capture([this](std::string line) { logged(std::move(line)); }) {
    if (!options.from_database.empty()) adopt();
  }

  UtcTime time_at(Nanos at) const { return options.start + std::chrono::floor<Millis>(at); }
  Nanos elapsed() const { return daemon ? daemon->began + (daemon->clock.now() - daemon->began_clock) : stood; }
  UtcTime now() const { return time_at(elapsed()); }
  sandbox::Moment moment() const { return {now(), now()}; }

  void note(std::string lane, std::string text) { journal.push_back({now(), std::move(lane), std::move(text)}); }
  void logged(std::string line);
  bool strikes(CrashPoint::Place place, CrashPoint::When when, std::int64_t nth, const std::string& name);
  bool before_commit(const std::string& name);
  bool after_commit(const Batch& batch, const Receipt& receipt);
  Settings settings() const;
  void adopt();
  void tell_rail(const PaymentIntent& row);
  void tell_rail(const Refund& row);
  void ask_rail(const std::string& target, const std::string& body, UtcTime at);
  Result<void> start();
  void bury();
  bool pump();
  Millis after_news(Millis delay) const;
  void launch(const ClientCallPtr& call);
  Task<void> serve(Daemon& of, std::shared_ptr<Life> life, ClientCallPtr call);
  Task<Result<void>> take_piece(std::shared_ptr<Life> life, ClientCallPtr call, std::string piece);
  Task<void> end(Incarnation& of);
  std::optional<Nanos> next_happening() const;
  void move_to(Nanos at);
  std::string deliver(Parked& parked, const json& answer);

  WorldOptions options;
  Ground& ground;
  Dice dice;
  Dice rail_dice;
  Dice schedule;
  ReplayMint rail_mint;
  sandbox::SandboxRail rail;
  std::string database;
  Mirror mirror;
  Quoted said;   // by clients
  Quoted heard;  // by models: what clients said, and their own words
  std::vector<JournalLine> journal;
  ModelSeat seat;
  std::vector<Parked> models;
  std::vector<Parked> rails;
  std::size_t unserved = 0;  // of both, whose time was over
  std::vector<Flight> flights;
  std::vector<ClientCallPtr> calls;  // not answered yet
  std::vector<ClientCallPtr> lost;
  std::vector<std::string> commit_names;
  std::vector<std::string> rail_names;
  std::int64_t models_asked = 0;
  std::optional<CrashPoint> armed;
  std::size_t crashes = 0;
  bool revive = false;
  std::int64_t rail_fault_at = 0;
  std::string rail_fault;
  std::string webhook_twist;
  std::map<std::string, int> deliveries;  // attempts by notice
  std::vector<std::pair<UtcTime, sandbox::Delivery>> held;
  Nanos stood{0};  // where time stands while no daemon runs
  std::chrono::seconds wall_off{0};
  log::CaptureForTest capture;
  std::unique_ptr<Incarnation> daemon;
};

}  // namespace purser::replay
