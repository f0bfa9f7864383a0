// Puts the deliveries of an event into the same commit as the event: a webhook is a row before it is a request, so none
// is lost and none is sent for what did not happen.
#pragma once

#include "agent/outbound/endpoints.hpp"
#include "gateway/crypto/mint.hpp"
#include "gateway/store/forwarding_store.hpp"

namespace purser {

class OutboxStore final : public ForwardingStore {
 public:
  // `endpoints` and `mint` outlive it.
  OutboxStore(std::unique_ptr<Store> store, const WebhookEndpoints& endpoints, Mint& mint)
      : ForwardingStore(std::move(store)), endpoints_(endpoints), mint_(mint) {}

  Task<Result<Receipt>> commit(Batch batch) override;

 private:
  const WebhookEndpoints& endpoints_;
  Mint& mint_;
};

}  // namespace purser
