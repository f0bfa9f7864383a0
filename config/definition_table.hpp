// What the parts of the table of settings are written with.
#pragma once

#include "config/definitions.hpp"

namespace purser::definition_table {

inline constexpr std::int64_t kSecond = 1'000;
inline constexpr std::int64_t kMinute = 60 * kSecond;
inline constexpr std::int64_t kHour = 60 * kMinute;

template <class Section, class T>
struct Path {
  Section Settings::*section;
  T Section::*member;
};

// A Place is a plain function, so the path must be a constant: P is a Path.
template <auto P>
auto& at(Settings& settings) {
  return settings.*(P.section).*(P.member);
}

}  // namespace purser::definition_table

#define AT(section, member) \
  AnyPlace(&definition_table::at<definition_table::Path{&Settings::section, &decltype(Settings::section)::member}>)

namespace purser::definition_table {

// The parts, in their order.
std::span<const Definition> of_surroundings();
std::span<const Definition> of_money_and_talk();

}  // namespace purser::definition_table
