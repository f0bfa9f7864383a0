// Beast's view of a text as the standard's.
#pragma once

#include <boost/beast/core/string.hpp>

#include <string_view>

namespace purser::http {

inline std::string_view view(boost::beast::string_view text) {
  return {text.data(), text.size()};
}

}  // namespace purser::http
