#include "gateway/compress/gzip.hpp"

#include <algorithm>
#include <array>
#include <new>
#include <utility>
#include <zlib.h>

namespace purser::compress {
namespace {

constexpr int kGzip = 16 + MAX_WBITS;
constexpr int kEither = 32 + MAX_WBITS;  // gzip or zlib, by what it begins with
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
  explicit Inflating(int window) {
    if (inflateInit2(&stream, window) != Z_OK) throw std::bad_alloc();
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
  Inflating inflating(kGzip);
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

struct Unpacker::State {
  explicit State(std::size_t most) : left(most) {}
  Inflating inflating{kEither};
  std::size_t left;
  bool ended = false;  // a member is whole; another may follow
};

Unpacker::Unpacker(std::size_t bytes_max) : state_(std::make_unique<State>(bytes_max)) {}
Unpacker::~Unpacker() = default;

Result<void> Unpacker::feed(std::string_view packed, std::string& out) {
  auto& stream = state_->inflating.stream;
  stream.next_in = input(packed);
  stream.avail_in = static_cast<uInt>(packed.size());
  std::array<char, kPiece> piece;
  for (bool full = false; full || stream.avail_in != 0;) {
    if (std::exchange(state_->ended, false)) inflateReset(&stream);
    stream.next_out = reinterpret_cast<Bytef*>(piece.data());
    stream.avail_out = static_cast<uInt>(piece.size());
    const int state = inflate(&stream, Z_SYNC_FLUSH);
    // Z_BUF_ERROR: a full piece was all there was to say.
    if (state != Z_OK && state != Z_STREAM_END && state != Z_BUF_ERROR)
      return Error(Errc::malformed_text, "the bytes do not unpack");
    const std::size_t got = piece.size() - stream.avail_out;
    if (got > state_->left) return Error(Errc::reply_too_large, "the bytes unpack to more than allowed");
    state_->left -= got;
    out.append(piece.data(), got);
    state_->ended = state == Z_STREAM_END;
    full = stream.avail_out == 0 && !state_->ended;
  }
  return success();
}

}  // namespace purser::compress
