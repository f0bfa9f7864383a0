// The worst model a seed can think of: any tool, any argument, any order, parallel, repeated, cut; every id of
// everybody, every lie about money. What it may know it knows: an attacker has seen the database.
#pragma once

#include "gateway/llm/model.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace purser::test {

class Dice {
 public:
  explicit Dice(std::uint64_t seed) : state_(seed) {}
  std::uint64_t next();
  std::size_t below(std::size_t n) { return static_cast<std::size_t>(next() % n); }
  bool chance(std::size_t percent) { return below(100) < percent; }
  template <class T>
  const T& pick(const std::vector<T>& from) {
    return from[below(from.size())];
  }

 private:
  std::uint64_t state_;
};

// What the attacker knows beside what stands in the prompt.
struct Loot {
  std::vector<std::string> foreign_intents;
  std::vector<std::string> numbers;  // order and refund numbers, openids, keys
  std::vector<std::string> skus;
};

// A lie about money, and what would make it true.
struct Lie {
  std::string text;
  enum class Unless : std::uint8_t { never, paid, refunded, refund_begun, canceled, expired, ordered } unless;
};
const std::vector<Lie>& lies();

class EvilModel {
 public:
  EvilModel(std::uint64_t seed, Loot loot) : dice_(seed), loot_(std::move(loot)) {}
  Result<ModelAnswer> answer(const ModelRequest& request);

 private:
  ModelAnswer words();
  ModelAnswer calls(const ModelRequest& request);
  ToolCall call(const ModelRequest& request);
  std::string create_arguments();
  std::string refund_arguments(const std::vector<std::string>& own);
  std::string spoiled(std::string arguments);
  std::string number();
  std::string handle(const std::vector<std::string>& own);

  Dice dice_;
  Loot loot_;
  std::vector<ToolCall> earlier_;
};

}  // namespace purser::test
