// A world that begins with a database somebody else has written: the mirror takes its rows over as they stand, and the
// rail hears again of the orders that it must know.
#include "agent/replay/world_impl.hpp"
#include "gateway/pay/wechat/codec.hpp"
#include "gateway/pay/wechat/signing.hpp"
#include "gateway/store/sqlite/rows_of.hpp"

#include <fstream>
#include <iterator>
#include <stdexcept>

namespace purser::replay {
namespace {

// What cannot be read is a broken script, and told as one.
template <class T>
T taken(Result<T> read, const char* what) {
  if (!read) throw std::runtime_error(std::string("the old database, ") + what + ": " + read.error().message);
  return *std::move(read);
}

void must(const Result<void>& done, const char* what) {
  if (!done) throw std::runtime_error(std::string("the old database, ") + what + ": " + done.error().message);
}

template <class Record>
std::vector<Record> rows(sqlite::Database& from, const std::string& select,
                         Result<Record> (*read)(const sql::Row& row)) {
  auto query = from.statement(select);
  return taken(sqlite::all_rows(query, read), select.c_str());
}

}  // namespace

// An empty database. The page that SQLite takes by itself is twice as large, and a commit that changes a row writes and
// sums whole pages.
std::unique_ptr<sqlite::Database> Ground::make_file(const std::string& path) {
  std::ofstream(path, std::ios::binary | std::ios::trunc).close();
  auto database = taken(sqlite::Database::open(path, kVfs, Millis(1'000)), "opening it");
  must(database->execute("PRAGMA page_size = 2048; PRAGMA journal_mode = WAL"), "its pages");
  return database;
}

void Ground::load_dump(const std::string& path, const std::string& dump) {
  std::ifstream in(dump, std::ios::binary);
  if (!in) throw std::runtime_error(dump + ": cannot be read");
  const std::string text(std::istreambuf_iterator<char>(in), {});
  must(make_file(path)->execute(text), "its statements");
}

void World::Impl::adopt() {
  {
    // Opened once, so that it has grown to the schema of today.
    VirtualClock clock(options.start, true);
    (void)taken(ground.open(database, clock), "opening it");
  }
  auto old = taken(sqlite::Database::open(database, Ground::kVfs, Millis(1'000)), "opening it");
  mirror.adopt(rows<Thread>(*old, std::string(sql::kThreads) + "ORDER BY rowid", sql::read_thread),
               rows<PaymentIntent>(*old, std::string(sql::kIntents) + "ORDER BY row_no", sql::read_intent),
               rows<Refund>(*old, std::string(sql::kRefunds) + "ORDER BY row_no", sql::read_refund),
               rows<LedgerEntry>(*old, std::string(sql::kLedger) + "ORDER BY seq", sql::read_entry),
               rows<WorkItem>(*old, std::string(sql::kWork), sql::read_work));
  for (const Message& message : rows<Message>(*old, std::string(sql::kMessages) + "ORDER BY row_no", sql::read_message))
    mirror.messages.push_back(message);
  for (const StreamEvent& event :
       rows<StreamEvent>(*old, std::string(sql::kEvents) + "ORDER BY row_no", sql::read_event))
    mirror.adopt(event);
  if (options.scripted_rail) return;
  for (const std::string& id : mirror.intent_order) tell_rail(mirror.intents.at(id));
  for (const std::string& id : mirror.refund_order) tell_rail(mirror.refunds.at(id));
  rail.settle(moment());
  (void)rail.take_deliveries(moment());  // the daemon of that time has heard them
}

void World::Impl::tell_rail(const PaymentIntent& row) {
  if (row.order.request_body.empty()) return;
  ask_rail(wechat::create_path(row.order.kind), row.order.request_body, row.created_at);
  const sandbox::Moment then{row.created_at, row.created_at};
  if (row.captured.positive()) (void)rail.pay(row.order.out_trade_no.str(), row.order.payer_openid, then);
}

void World::Impl::tell_rail(const Refund& row) {
  if (!row.request_body.empty()) ask_rail("/v3/refund/domestic/refunds", row.request_body, row.created_at);
}

// A request as the daemon of that time signed it.
void World::Impl::ask_rail(const std::string& target, const std::string& body, UtcTime at) {
  const auto& keys = ground.credentials();
  wechat::RequestSignature signature;
  signature.nonce = rail_mint.token(32);
  signature.timestamp = std::to_string(std::chrono::floor<std::chrono::seconds>(at).time_since_epoch().count());
  const std::string text = wechat::request_text("POST", target, signature.timestamp, signature.nonce, body);
  signature.signature = taken(keys.merchant_key.sign(text), "signing");
  http::Request request;
  request.method = "POST";
  request.target = target;
  request.path = target;
  request.headers = {
      {"Authorization", wechat::authorization(keys.mchid, keys.merchant_certificate.serial(), signature)},
      {"Content-Type", "application/json"},
      {"Accept", "application/json"},
      {"User-Agent", "purser"}};
  request.body = body;
  (void)rail.handle(request, {at, at});
}

}  // namespace purser::replay
