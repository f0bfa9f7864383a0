#include "tests/support/vectors.hpp"

#include <filesystem>
#include <fstream>

namespace purser::test {

std::optional<nlohmann::json> vectors(std::string_view file) {
  std::ifstream in(std::filesystem::path(PURSER_VECTORS_DIR) / file, std::ios::binary);
  if (!in) return std::nullopt;
  return nlohmann::json::parse(in);
}

std::string from_hex(std::string_view hex) {
  std::string out;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2) {
    out += static_cast<char>(std::stoi(std::string(hex.substr(i, 2)), nullptr, 16));
  }
  return out;
}

std::string pem_of(std::string_view label, std::string_view base64) {
  std::string out = "-----BEGIN " + std::string(label) + "-----\n";
  for (std::size_t i = 0; i < base64.size(); i += 64) out += std::string(base64.substr(i, 64)) + "\n";
  return out + "-----END " + std::string(label) + "-----\n";
}

}  // namespace purser::test
