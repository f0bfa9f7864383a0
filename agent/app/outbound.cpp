#include "agent/app/outbound.hpp"

namespace purser {
namespace {

constexpr std::size_t kReplyBytesMax = 1 << 20;  // its status counts alone, and it has to be read to its end

}  // namespace

Result<std::unique_ptr<Outbound>> Outbound::make(const WebhookSettings& settings, bool on_sandbox,
                                                 asio::any_io_executor executor, Clock& clock) {
  auto made = std::make_unique<Outbound>();
  if (settings.endpoints_file.empty()) return made;
  auto endpoints = WebhookEndpoints::read(settings.endpoints_file, on_sandbox);
  if (!endpoints) return endpoints.error();
  made->endpoints = std::move(*endpoints);
  http::ClientLimits limits;
  limits.reply_bytes_max = kReplyBytesMax;
  limits.public_addresses_only = !on_sandbox;
  auto client = http::make_client(std::move(executor), clock, limits, "");
  if (!client) return client.error();
  made->client = std::move(*client);
  return made;
}

Result<void> Outbound::reload(const WebhookSettings& settings, bool on_sandbox) {
  if (!client || settings.endpoints_file.empty()) return success();
  auto fresh = WebhookEndpoints::read(settings.endpoints_file, on_sandbox);
  if (!fresh) return fresh.error();
  endpoints = std::move(*fresh);
  return success();
}

std::unique_ptr<Store> Outbound::in_front_of(std::unique_ptr<Store> store, Mint& mint) const {
  if (!client) return store;
  return std::make_unique<OutboxStore>(std::move(store), endpoints, mint);
}

void Outbound::attach(Store& store, http::Client& otherwise, Clock& clock, Metrics& metrics) {
  http::Client& with = client ? *client : otherwise;
  deliverer = std::make_unique<Deliverer>(Deliverer::Ports{store, with, clock, metrics}, endpoints);
}

Result<std::unique_ptr<trace::Exporter>> make_traces(const TelemetrySettings& settings, asio::any_io_executor executor,
                                                     Clock& clock, Metrics& metrics) {
  if (settings.otlp_endpoint.empty()) return std::unique_ptr<trace::Exporter>();
  http::ClientLimits limits;
  limits.reply_bytes_max = kReplyBytesMax;
  auto client = http::make_client(std::move(executor), clock, limits, "");
  if (!client) return client.error();
  return trace::Exporter::make(settings, std::move(*client), clock, metrics);
}

}  // namespace purser
