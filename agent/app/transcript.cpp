#include "agent/app/transcript.hpp"

#include "agent/turn/card_text.hpp"

#include <algorithm>
#include <ostream>

namespace purser {

namespace {

using nlohmann::json;

constexpr std::string_view kBold = "1";
constexpr std::string_view kDim = "2";
constexpr std::string_view kGreen = "32";
constexpr std::string_view kYellow = "33";
constexpr std::string_view kCyan = "36";

// The wide blocks that meet us here: CJK, its punctuation, full-width forms, and emoji.
bool is_wide(char32_t c) {
  return (c >= 0x1100 && c <= 0x115F) || (c >= 0x2E80 && c <= 0xA4CF) || (c >= 0xAC00 && c <= 0xD7A3) ||
         (c >= 0xF900 && c <= 0xFAFF) || (c >= 0xFE30 && c <= 0xFE4F) || (c >= 0xFF00 && c <= 0xFF60) ||
         (c >= 0xFFE0 && c <= 0xFFE6) || (c >= 0x1F300 && c <= 0x1FAFF);
}

// The amounts in a column of their own, their right edges below each other.
std::vector<std::string> aligned(const std::vector<CardText::Row>& rows) {
  std::size_t left = 0;
  std::size_t right = 0;
  for (const auto& row : rows) {
    if (row.amount.empty()) continue;
    left = std::max(left, display_width(row.text));
    right = std::max(right, display_width(row.amount));
  }
  std::vector<std::string> out;
  for (const auto& row : rows) {
    std::string line = row.text;
    if (!row.amount.empty()) {
      line.append(left - display_width(row.text) + 3 + right - display_width(row.amount), ' ');
      line += row.amount;
    }
    out.push_back(std::move(line));
  }
  return out;
}

}  // namespace

std::size_t display_width(std::string_view text) {
  std::size_t width = 0;
  for (std::size_t i = 0; i < text.size();) {
    const auto lead = static_cast<unsigned char>(text[i]);
    const std::size_t length = lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
    char32_t c = length == 1 ? lead : lead & (0xFFu >> (length + 1));
    for (std::size_t k = 1; k < length && i + k < text.size(); ++k)
      c = (c << 6) | (static_cast<unsigned char>(text[i + k]) & 0x3Fu);
    width += is_wide(c) ? 2 : 1;
    i += length;
  }
  return width;
}

Transcript::Transcript(std::ostream& out, bool color, std::string locale)
    : out_(out), color_(color), zh_(locale.starts_with("zh")) {}

std::string Transcript::paint(std::string_view code, std::string_view text) const {
  if (!color_) return std::string(text);
  return "\x1b[" + std::string(code) + "m" + std::string(text) + "\x1b[0m";
}

std::string Transcript::words(std::string_view zh, std::string_view en) const {
  return std::string(zh_ ? zh : en);
}

void Transcript::heading(std::string_view text) {
  out_ << "\n" << paint(kBold, text) << "\n";
}

void Transcript::user(std::string_view text) {
  out_ << "\n  " << paint(kCyan, words("顾客", "customer")) << "  " << text << "\n";
}

void Transcript::aside(std::string_view text) {
  out_ << "\n  " << paint(kDim, "— " + std::string(text)) << "\n";
}

void Transcript::problem(std::string_view text) {
  out_ << "\n  " << paint(kYellow, "! " + std::string(text)) << "\n";
}

void Transcript::reply(const json& reply, std::chrono::milliseconds took) {
  std::string time;
  if (took.count() >= 0) time = "  " + paint(kDim, std::to_string(took.count()) + " ms");
  out_ << "  " << paint(kGreen, words("店铺", "shop    ")) << "  " << reply.value("text", "") << time << "\n";
  for (const json& shown : reply.value("cards", json::array())) card(shown);
  out_.flush();
}

void Transcript::box(std::string_view title, const std::vector<std::string>& rows) {
  std::size_t width = display_width(title) + 2;
  for (const auto& row : rows) width = std::max(width, display_width(row));
  const auto rule = [](std::size_t n) {
    std::string out;
    for (std::size_t i = 0; i < n; ++i) out += "─";
    return out;
  };
  const std::string indent(12, ' ');
  out_ << indent << "┌ " << paint(kBold, title) << " " << rule(width + 1 - display_width(title)) << "┐\n";
  for (const auto& row : rows) out_ << indent << "│ " << row << std::string(width - display_width(row), ' ') << "  │\n";
  out_ << indent << "└" << rule(width + 3) << "┘\n";
}

void Transcript::card(const json& shown) {
  const CardText text = card_text(shown, zh_ ? "zh" : "en");
  box(text.title, aligned(text.rows));
}

}  // namespace purser
