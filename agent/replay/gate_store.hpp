// The store as a world sees it: what is committed is mirrored, and from the moment of a crash on nothing goes through.
#pragma once

#include "agent/replay/mirror.hpp"
#include "gateway/store/forwarding_store.hpp"

#include <functional>
#include <string>

namespace purser::replay {

// What the world knows of a running daemon; shared with everything the daemon was given.
struct Life {
  bool up = true;
};

class GateStore final : public ForwardingStore {
 public:
  struct Hooks {
    // Asked before and after each commit, which it counts; true: the daemon dies here.
    std::function<bool(const std::string& name)> before;
    std::function<bool(const Batch& batch, const Receipt& receipt)> after;
    // How many turns of the loop an operation takes; for schedules that differ by seed.
    std::function<std::size_t()> delay;
  };
  GateStore(std::unique_ptr<Store> behind, std::shared_ptr<Life> life, Hooks hooks)
      : ForwardingStore(std::move(behind)), life_(std::move(life)), hooks_(std::move(hooks)) {}

  Task<Result<Receipt>> commit(Batch batch) override;

 private:
  std::shared_ptr<Life> life_;
  Hooks hooks_;
};

}  // namespace purser::replay
