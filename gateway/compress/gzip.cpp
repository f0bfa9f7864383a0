#include "gateway/compress/gzip.hpp"

#include <algorithm>
#include <array>
#include <new>
#include <zlib.h>

namespace purser::compress {
namespace {

constexpr int kGzip = 16 + MAX_WBITS;
constexpr std::size_t kPiece = 64 << 10;

// zlib takes its input through a pointer to non-const that it never writes through.
Bytef* input(std::string_view bytes) {
  return const_cast<Bytef*>(reinterpret_cast<const Bytef*>(bytes.data()));
}

std::string packed(std::string_view bytes, int window) {
  z_stream stream{};
  if (deflateInit2(&stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, window, 8, Z_DEFAULT_STRATEGY) != Z_OK)
    throw std::bad_alloc();
  std::string out(deflateBound(&stream, static_cast<uLong>(bytes.size())), '\0');
  stream.next_in = input(bytes);
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  ::deflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

// Frees what inflateInit2 took, however the reading ends.
struct Inflating {
  z_stream stream{};
  Inflating() {
    if (inflateInit2(&stream, kGzip) != Z_OK) throw std::bad_alloc();
  }
  Inflating(const Inflating&) = delete;
  Inflating& operator=(const Inflating&) = delete;
  ~Inflating() { inflateEnd(&stream); }
};

}  // namespace

std::string gzip(std::string_view bytes) {
  return packed(bytes, kGzip);
}
std::string deflate(std::string_view bytes) {
  return packed(bytes, MAX_WBITS);
}
std::uint32_t crc32(std::string_view bytes) {
  return static_cast<std::uint32_t>(::crc32(0, input(bytes), static_cast<uInt>(bytes.size())));
}

Result<std::string> gunzip(std::string_view packed_bytes, std::size_t bytes_max) {
  const auto damaged = [] { return Error(Errc::malformed_text, "the bytes are no whole gzip file"); };
  Inflating inflating;
  auto& stream = inflating.stream;
  stream.next_in = input(packed_bytes);
  stream.avail_in = static_cast<uInt>(packed_bytes.size());
  std::string out;
  std::array<char, kPiece> piece;
  while (true) {
    stream.next_out = reinterpret_cast<Bytef*>(piece.data());
    stream.avail_out = static_cast<uInt>(piece.size());
    const int state = inflate(&stream, Z_NO_FLUSH);
    if (state != Z_OK && state != Z_STREAM_END) return damaged();
    const std::size_t got = piece.size() - stream.avail_out;
    if (out.size() + got > bytes_max)
      return Error(Errc::reply_too_large, "the file unpacks to more than " + std::to_string(bytes_max) + " bytes");
    out.append(piece.data(), got);
    if (state == Z_STREAM_END) break;
    if (got == 0 && stream.avail_in == 0) return damaged();
  }
  if (stream.avail_in != 0) return damaged();
  return out;
}

}  // namespace purser::compress
