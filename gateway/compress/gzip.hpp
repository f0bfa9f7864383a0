// gzip of whole byte strings, as bill files come, and of bytes that come piece by piece. Pure.
#pragma once

#include "validation/money/result.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace purser::compress {

std::string gzip(std::string_view bytes);
// One gzip member and nothing behind it. `bytes_max` bounds what comes out, so that a small file cannot fill the
// memory. Errors: malformed_text, reply_too_large.
Result<std::string> gunzip(std::string_view packed, std::size_t bytes_max);

// Unpacks gzip or zlib, whichever it is, while it comes; several members one behind the other are one text.
class Unpacker {
 public:
  // `bytes_max` bounds all that comes out.
  explicit Unpacker(std::size_t bytes_max);
  ~Unpacker();
  Unpacker(const Unpacker&) = delete;
  Unpacker& operator=(const Unpacker&) = delete;

  // Appends what `packed` unpacks to. Errors: malformed_text, reply_too_large; nothing more can be fed then.
  Result<void> feed(std::string_view packed, std::string& out);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// A zlib stream, as PNG holds one.
std::string deflate(std::string_view bytes);
// Of PNG chunks.
std::uint32_t crc32(std::string_view bytes);

}  // namespace purser::compress
