// Result<T>: a value or an Error. Errors are values across floors; exceptions are for start-up and bugs.
// A default-constructed Result is an error (internal), never a success: Asio default-constructs results of coroutines
// that throw, and such a result must not look like good news.
#pragma once

#include "validation/money/errc.hpp"

#include <cassert>
#include <cstdlib>
#include <string>
#include <utility>
#include <variant>

namespace purser {

struct Error {
  Error() : message("no result was produced") {}
  Error(Errc c) : code(c), message(meaning_of(c)) {}  // NOLINT: an Errc alone is a full error
  Error(Errc c, std::string what, std::string which = {})
      : code(c), message(std::move(what)), param(std::move(which)) {}

  Errc code = Errc::internal;
  std::string message;  // for people: names the thing and the rule
  std::string param;    // the field, key or row it is about; may be empty

  friend bool operator==(const Error&, const Error&) = default;
};

template <class T>
class [[nodiscard]] Result {
 public:
  Result() = default;
  Result(T value) : held_(std::in_place_index<1>, std::move(value)) {}      // NOLINT
  Result(Error error) : held_(std::in_place_index<0>, std::move(error)) {}  // NOLINT
  Result(Errc code) : held_(std::in_place_index<0>, Error(code)) {}         // NOLINT

  bool ok() const { return held_.index() == 1; }
  explicit operator bool() const { return ok(); }

  // Asking for what is not there is a bug and ends the process.
  T& value() & { return require(), std::get<1>(held_); }
  const T& value() const& { return require(), std::get<1>(held_); }
  T&& value() && { return require(), std::get<1>(std::move(held_)); }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T&& operator*() && { return std::move(*this).value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }

  const Error& error() const { return refuse(), std::get<0>(held_); }
  Errc code() const { return error().code; }

 private:
  void require() const {
    if (!ok()) std::abort();
  }
  void refuse() const {
    if (ok()) std::abort();
  }
  std::variant<Error, T> held_;
};

template <>
class [[nodiscard]] Result<void> {
 public:
  Result() : error_(Error()), ok_(false) {}
  Result(Error error) : error_(std::move(error)), ok_(false) {}  // NOLINT
  Result(Errc code) : error_(code), ok_(false) {}                // NOLINT
  static Result success() {
    Result r;
    r.ok_ = true;
    return r;
  }

  bool ok() const { return ok_; }
  explicit operator bool() const { return ok_; }
  const Error& error() const {
    if (ok_) std::abort();
    return error_;
  }
  Errc code() const { return error().code; }

 private:
  Error error_;
  bool ok_;
};

inline Result<void> success() {
  return Result<void>::success();
}

}  // namespace purser
