// gzip of whole byte strings: bill files come that way. Pure.
#pragma once

#include "validation/money/result.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace purser::compress {

std::string gzip(std::string_view bytes);
// One gzip member and nothing behind it. `bytes_max` bounds what comes out, so that a small file cannot fill the
// memory. Errors: malformed_text, reply_too_large.
Result<std::string> gunzip(std::string_view packed, std::size_t bytes_max);

// A zlib stream, as PNG holds one.
std::string deflate(std::string_view bytes);
// Of PNG chunks.
std::uint32_t crc32(std::string_view bytes);

}  // namespace purser::compress
