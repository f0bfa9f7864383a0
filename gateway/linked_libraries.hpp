// What this program is made of: the libraries it runs with, which of them are known to be bad, and the bill of
// materials.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace purser {

struct LinkedLibrary {
  std::string name;     // "openssl"
  std::string version;  // as it runs, not as it was built with, where the library tells
  std::string license;  // SPDX
};

std::vector<LinkedLibrary> linked_libraries();

// A sentence for each library whose version has a fault that reaches purser. A distribution may have mended it under
// the old number: the sentence names the fault, so that it can be looked up.
std::vector<std::string> known_bad(const std::vector<LinkedLibrary>& libraries);

// CycloneDX 1.5, JSON: the same for the same build.
std::string bill_of_materials(std::string_view purser_version, const std::vector<LinkedLibrary>& libraries);

}  // namespace purser
