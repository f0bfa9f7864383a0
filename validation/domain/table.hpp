// What the state machines and their words share: constant tables, read by a linear scan, checked when they are
// compiled.
#pragma once

#include "validation/money/result.hpp"

#include <array>
#include <cstddef>
#include <string>
#include <string_view>

namespace purser {

// In state `from`, the event `on` leads to `to`. What no row says is refused.
template <class State, class Event>
struct Edge {
  State from;
  Event on;
  State to;
};

// No two rows speak of the same state and event, so the order of the rows means nothing.
template <class State, class Event, std::size_t N>
constexpr bool unambiguous(const Edge<State, Event> (&edges)[N]) {
  for (std::size_t i = 0; i < N; ++i) {
    for (std::size_t j = i + 1; j < N; ++j) {
      if (edges[i].from == edges[j].from && edges[i].on == edges[j].on) return false;
    }
  }
  return true;
}

template <class State, class Event, std::size_t N>
Result<State> follow(const Edge<State, Event> (&edges)[N], State state, Event event, std::string_view machine) {
  for (const auto& edge : edges) {
    if (edge.from == state && edge.on == event) return edge.to;
  }
  return Error(Errc::illegal_transition, std::string(machine) + " in state '" + std::string(to_string(state)) +
                                             "' cannot take the event '" + std::string(to_string(event)) + "'");
}

// The word of each enumerator, in the order of the enumeration, which counts from 0 without gaps.
template <class Enum, std::size_t N>
constexpr std::string_view word_of(const std::string_view (&words)[N], Enum value) {
  const auto index = static_cast<std::size_t>(value);
  return index < N ? words[index] : std::string_view("?");
}

template <class Enum, std::size_t N>
Result<Enum> value_of(const std::string_view (&words)[N], std::string_view text, std::string_view what) {
  for (std::size_t i = 0; i < N; ++i) {
    if (words[i] == text) return static_cast<Enum>(i);
  }
  return Error(Errc::malformed_text, "no such " + std::string(what));
}

}  // namespace purser
