#include "gateway/redis/redis.hpp"

#include "gateway/catalogue/outside.hpp"
#include "gateway/catalogue/source.hpp"

#include <nlohmann/json.hpp>

#include <map>
#include <memory>
#include <utility>

namespace purser {
namespace {

using nlohmann::json;

// A list of prices may be long, and nobody waits for it.
constexpr Redis::Limits kLimitsOfReading{Millis(3'000), Millis(0)};

Error refused(const std::string& whose, const std::string& rule) {
  return {Errc::config_bad_value, whose + ": " + rule, "catalogue.key"};
}

Result<Catalogue> catalogue_of_hash(const RedisReply& reply, UtcTime asked_at) {
  const std::vector<RedisReply>* fields = reply.list();
  // In the order of the SKUs: the same goods have the same version, however the hash is walked.
  std::map<std::string, json> items;
  for (std::size_t i = 0; fields != nullptr && i + 1 < fields->size(); i += 2) {
    const std::string* sku = (*fields)[i].text();
    const std::string* text = (*fields)[i + 1].text();
    if (sku == nullptr || text == nullptr) return refused("the hash", "must hold texts");
    const std::string whose = shown_of(*sku);
    if (auto name = Sku::parse(*sku); !name) return refused(whose + ", sku", name.error().message);
    auto item = read_outside_object(*text, whose, "catalogue.key");
    if (!item) return item.error();
    // Two names for one price: nobody knows which of them was meant.
    if (const auto inner = item->find("sku"); inner != item->end() && *inner != *sku) {
      const std::string other =
          inner->is_string() ? shown_of(inner->get_ref<const std::string&>()) : inner->type_name();
      return refused(whose + ", sku", "must be that of its field or left out, not " + other);
    }
    (*item)["sku"] = *sku;
    items[*sku] = *std::move(item);
  }
  if (items.empty()) return refused("the hash", "holds no item");
  json list = json::array();
  for (auto& [sku, item] : items) list.push_back(std::move(item));
  return catalogue_of(list.dump(-1, ' ', false, json::error_handler_t::replace), asked_at);
}

class RedisSource final : public CatalogueSource {
 public:
  RedisSource(RedisAddress address, std::string key, Clock& clock)
      : clock_(clock), redis_(std::move(address), clock, kLimitsOfReading), key_(std::move(key)) {}

  Task<Result<Catalogue>> read() override {
    std::vector<std::string> words;
    words.push_back("HGETALL");
    words.push_back(key_);
    // Shared with the thread, which may still be at it when nobody waits any more.
    auto goods = std::make_shared<Result<Catalogue>>(Errc::internal);
    const UtcTime asked_at = clock_.durable();
    Redis::Take take = [goods, asked_at](const RedisReply& reply) { *goods = catalogue_of_hash(reply, asked_at); };
    auto done = co_await redis_.command(std::move(words), std::move(take));
    if (!done) co_return Error(Errc::store_unavailable, done.error().message, "catalogue.source");
    co_return std::move(*goods);
  }

 private:
  Clock& clock_;
  Redis redis_;
  std::string key_;
};

}  // namespace

Result<std::unique_ptr<CatalogueSource>> make_redis_source(const std::string& url, const std::string& key,
                                                           Clock& clock) {
  auto address = RedisAddress::parse(url);
  if (!address) return Error(Errc::config_bad_value, "is " + address.error().message, "catalogue.source");
  return std::unique_ptr<CatalogueSource>(new RedisSource(std::move(*address), key, clock));
}

}  // namespace purser
