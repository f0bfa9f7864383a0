#include "gateway/linked_libraries.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <set>

namespace purser {
namespace {

std::size_t faults_of(const std::string& library, const std::string& version) {
  return known_bad({{library, version, ""}}).size();
}

TEST(KnownBad, AVersionIsBadFromWhereTheFaultBeganToWhereItWasMended) {
  EXPECT_EQ(faults_of("openssl", "1.1.1w"), 1u);
  EXPECT_EQ(faults_of("openssl", "3.0.6"), 3u);
  EXPECT_EQ(faults_of("openssl", "3.0.7"), 2u);
  EXPECT_EQ(faults_of("openssl", "3.0.11"), 1u);
  EXPECT_EQ(faults_of("openssl", "3.0.12"), 0u);
  EXPECT_EQ(faults_of("openssl", "3.5.0"), 0u);
  EXPECT_EQ(faults_of("sqlite", "3.39.1"), 1u);
  EXPECT_EQ(faults_of("sqlite", "3.40.1"), 0u);
  EXPECT_EQ(faults_of("sqlite", "3.9"), 1u);  // numbers, not letters
  EXPECT_EQ(faults_of("hiredis", "1.0.0"), 1u);
  EXPECT_EQ(faults_of("hiredis", "1.0.1"), 0u);
  EXPECT_EQ(faults_of("zlib", "1.2.11"), 2u);
  EXPECT_EQ(faults_of("zlib", "1.2.13"), 0u);
  EXPECT_EQ(faults_of("spdlog", "0.0.1"), 0u);
}

TEST(KnownBad, TheSentenceNamesTheFaultAndTheWayOut) {
  const auto told = known_bad({{"sqlite", "3.39.1", ""}});
  ASSERT_EQ(told.size(), 1u);
  EXPECT_EQ(told[0], "sqlite 3.39.1: CVE-2022-35737: very long texts overrun an array; mended in 3.39.2");
}

TEST(LinkedLibraries, EachHasAVersionAndALicense) {
  std::set<std::string> names;
  for (const LinkedLibrary& library : linked_libraries()) {
    EXPECT_TRUE(names.insert(library.name).second) << library.name;
    EXPECT_FALSE(library.license.empty()) << library.name;
    EXPECT_NE(library.version.find('.'), std::string::npos) << library.name << " " << library.version;
  }
  EXPECT_TRUE(names.contains("openssl"));
}

TEST(BillOfMaterials, NamesEveryLibraryOnceAndWhatDependsOnIt) {
  const auto libraries = linked_libraries();
  const auto bill = nlohmann::json::parse(bill_of_materials("1.2.3", libraries));
  EXPECT_EQ(bill["bomFormat"], "CycloneDX");
  EXPECT_EQ(bill["specVersion"], "1.5");
  EXPECT_EQ(bill["metadata"]["component"]["version"], "1.2.3");
  ASSERT_EQ(bill["components"].size(), libraries.size());
  std::set<std::string> refs;
  for (const auto& component : bill["components"]) refs.insert(component["bom-ref"]);
  EXPECT_EQ(refs.size(), libraries.size());
  EXPECT_EQ(bill["dependencies"][0]["ref"], bill["metadata"]["component"]["bom-ref"]);
  EXPECT_EQ(bill["dependencies"][0]["dependsOn"].size(), libraries.size());
}

}  // namespace
}  // namespace purser
