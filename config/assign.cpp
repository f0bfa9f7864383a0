#include "config/assign.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <charconv>
#include <utility>

namespace purser {
namespace {

constexpr std::size_t kShownMax = 80;

template <class... F>
struct Overloaded : F... {
  using F::operator()...;
};
template <class... F>
Overloaded(F...) -> Overloaded<F...>;

bool within(const Bounds& bounds, std::int64_t n) {
  return n >= bounds.min && n <= bounds.max;
}

bool has_control(std::string_view text) {
  return std::any_of(text.begin(), text.end(),
                     [](char c) { return static_cast<unsigned char>(c) < ' ' || c == '\x7f'; });
}

// A text may be empty where the default is, because there emptiness means something.
bool may_be(const Definition& definition, std::string_view text, std::string_view by_default) {
  if (text.empty()) return by_default.empty();
  return definition.rule.holds == nullptr || definition.rule.holds(text);
}

template <class T>
T default_of(Place<T> place) {
  Settings defaults;
  return place(defaults);
}

}  // namespace

PlainValue typed(const Definition& definition, std::string_view text) {
  if (std::holds_alternative<Place<bool>>(definition.place)) {
    if (text == "true" || text == "false") return text == "true";
  } else if (!std::holds_alternative<Place<std::string>>(definition.place) && !is_secret(definition)) {
    std::int64_t n = 0;
    const char* end = text.data() + text.size();
    if (const auto [stop, error] = std::from_chars(text.data(), end, n); error == std::errc() && stop == end) return n;
  }
  return std::string(text);
}

bool assign(const Definition& definition, const PlainValue& value, Settings& settings) {
  return std::visit(Overloaded{
                        [&](Place<std::string> place) {
                          const auto* text = std::get_if<std::string>(&value);
                          if (text == nullptr || has_control(*text) || !may_be(definition, *text, default_of(place)))
                            return false;
                          place(settings) = *text;
                          return true;
                        },
                        [&](Place<Secret> place) {
                          const auto* text = std::get_if<std::string>(&value);
                          if (text == nullptr || !may_be(definition, *text, default_of(place).reveal())) return false;
                          place(settings) = Secret(*text);
                          return true;
                        },
                        [&](Place<std::int64_t> place) {
                          const auto* n = std::get_if<std::int64_t>(&value);
                          if (n == nullptr || !within(definition.bounds, *n)) return false;
                          place(settings) = *n;
                          return true;
                        },
                        [&](Place<Millis> place) {
                          const auto* n = std::get_if<std::int64_t>(&value);
                          if (n == nullptr || !within(definition.bounds, *n)) return false;
                          place(settings) = Millis(*n);
                          return true;
                        },
                        [&](Place<bool> place) {
                          const auto* b = std::get_if<bool>(&value);
                          if (b == nullptr) return false;
                          place(settings) = *b;
                          return true;
                        },
                    },
                    definition.place);
}

PlainValue read(const Definition& definition, const Settings& settings) {
  Settings copy = settings;  // a Place gives a reference to change
  return std::visit(Overloaded{
                        [&](Place<Secret> place) { return PlainValue(place(copy).reveal()); },
                        [&](Place<Millis> place) { return PlainValue(std::int64_t{place(copy).count()}); },
                        [&](auto place) { return PlainValue(place(copy)); },
                    },
                    definition.place);
}

bool is_open_value(const Definition& definition, const PlainValue& value) {
  const auto* text = std::get_if<std::string>(&value);
  return text != nullptr && definition.open.holds != nullptr && definition.open.holds(*text);
}

std::string shown(const PlainValue& value) {
  const std::string text =
      std::visit(Overloaded{
                     [](std::monostate) { return std::string(); },
                     [](const auto& v) {
                       return nlohmann::json(v).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
                     },
                 },
                 value);
  return text.size() <= kShownMax ? text : text.substr(0, kShownMax) + "...";
}

}  // namespace purser
