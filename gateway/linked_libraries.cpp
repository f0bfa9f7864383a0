#include "gateway/linked_libraries.hpp"

#include <boost/version.hpp>
#include <nlohmann/json.hpp>
#include <openssl/crypto.h>
#include <simdjson.h>
#include <spdlog/version.h>
#include <sqlite3.h>

#include <charconv>
#include <hiredis/hiredis.h>
#include <postgresql/libpq-fe.h>
#include <qrencode.h>
#include <zlib.h>

namespace purser {
namespace {

struct Fault {
  std::string_view library;
  std::string_view since;
  std::string_view mended;
  std::string_view what;
};

// Not here, as it does not reach purser: SQLite's reset of the log before 3.51.3, which needs two connections that
// write or checkpoint at once, and of ours one alone does.
constexpr Fault kFaults[] = {
    {"openssl", "0", "3.0.0", "it is older than what purser is written for"},
    {"openssl", "3.0.0", "3.0.7", "CVE-2022-3602: a name in a certificate overflows a buffer while it is checked"},
    {"openssl", "3.0.0", "3.0.8",
     "CVE-2023-0286: an address in a certificate's revocation list is taken for another type"},
    {"openssl", "3.0.0", "3.0.12", "CVE-2023-5363: keys and nonces of AES-GCM may be cut to another length"},
    {"sqlite", "0", "3.39.2", "CVE-2022-35737: very long texts overrun an array"},
    {"hiredis", "0", "1.0.1", "CVE-2021-32765: a Redis that lies about a list's length overruns memory"},
    {"zlib", "0", "1.2.12", "CVE-2018-25032: some texts corrupt memory while they are compressed"},
    {"zlib", "0", "1.2.13", "CVE-2022-37434: a long name in a gzip header overruns a buffer"},
};

std::vector<int> numbers_of(std::string_view version) {
  std::vector<int> out;
  while (!version.empty()) {
    int number = 0;
    const auto read = std::from_chars(version.data(), version.data() + version.size(), number);
    if (read.ec != std::errc()) break;
    out.push_back(number);
    version.remove_prefix(static_cast<std::size_t>(read.ptr - version.data()));
    if (!version.starts_with('.')) break;
    version.remove_prefix(1);
  }
  return out;
}

bool is_before(std::string_view one, std::string_view other) {
  auto a = numbers_of(one);
  auto b = numbers_of(other);
  a.resize(std::max(a.size(), b.size()));
  b.resize(a.size());
  return a < b;
}

std::string dotted(int major, int minor, int patch) {
  return std::to_string(major) + "." + std::to_string(minor) + "." + std::to_string(patch);
}

}  // namespace

std::vector<LinkedLibrary> linked_libraries() {
  const int pq = PQlibVersion();
  return {
      {"boost", dotted(BOOST_VERSION / 100'000, BOOST_VERSION / 100 % 1'000, BOOST_VERSION % 100), "BSL-1.0"},
      {"openssl", OpenSSL_version(OPENSSL_VERSION_STRING), "Apache-2.0"},
      {"sqlite", sqlite3_libversion(), "blessing"},
      {"libpq", std::to_string(pq / 10'000) + "." + std::to_string(pq % 10'000), "PostgreSQL"},
      {"hiredis", dotted(HIREDIS_MAJOR, HIREDIS_MINOR, HIREDIS_PATCH), "BSD-3-Clause"},
      {"zlib", zlibVersion(), "Zlib"},
      {"nlohmann_json", dotted(NLOHMANN_JSON_VERSION_MAJOR, NLOHMANN_JSON_VERSION_MINOR, NLOHMANN_JSON_VERSION_PATCH),
       "MIT"},
      {"simdjson",
       dotted(simdjson::SIMDJSON_VERSION_MAJOR, simdjson::SIMDJSON_VERSION_MINOR, simdjson::SIMDJSON_VERSION_REVISION),
       "Apache-2.0"},
      {"spdlog", dotted(SPDLOG_VER_MAJOR, SPDLOG_VER_MINOR, SPDLOG_VER_PATCH), "MIT"},
      {"qrencode", QRcode_APIVersionString(), "LGPL-2.1-or-later"}};
}

std::vector<std::string> known_bad(const std::vector<LinkedLibrary>& libraries) {
  std::vector<std::string> out;
  for (const LinkedLibrary& library : libraries) {
    for (const Fault& fault : kFaults) {
      if (fault.library != library.name || is_before(library.version, fault.since)) continue;
      if (!is_before(library.version, fault.mended)) continue;
      out.push_back(library.name + " " + library.version + ": " + std::string(fault.what) + "; mended in " +
                    std::string(fault.mended));
    }
  }
  return out;
}

std::string bill_of_materials(std::string_view purser_version, const std::vector<LinkedLibrary>& libraries) {
  using json = nlohmann::ordered_json;
  const std::string self = "purser@" + std::string(purser_version);
  json components = json::array();
  json names = json::array();
  for (const LinkedLibrary& library : libraries) {
    const std::string ref = library.name + "@" + library.version;
    names.push_back(ref);
    components.push_back({{"type", "library"},
                          {"bom-ref", ref},
                          {"name", library.name},
                          {"version", library.version},
                          {"licenses", json::array({{{"license", {{"id", library.license}}}}})},
                          {"purl", "pkg:generic/" + ref}});
  }
  json application{{"type", "application"}, {"bom-ref", self}, {"name", "purser"}, {"version", purser_version}};
  const json bill{{"bomFormat", "CycloneDX"},
                  {"specVersion", "1.5"},
                  {"version", 1},
                  {"metadata", {{"component", std::move(application)}}},
                  {"components", std::move(components)},
                  {"dependencies", json::array({{{"ref", self}, {"dependsOn", std::move(names)}}})}};
  return bill.dump(2) + "\n";
}

}  // namespace purser
