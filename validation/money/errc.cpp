#include "validation/money/errc.hpp"

namespace purser {

std::string_view code_of(Errc e) {
  switch (e) {
#define PURSER_ERRC_NAME(name, number, text) \
  case Errc::name:                           \
    return #name;
    PURSER_ERRC(PURSER_ERRC_NAME)
#undef PURSER_ERRC_NAME
  }
  return "internal";
}

std::string_view meaning_of(Errc e) {
  switch (e) {
#define PURSER_ERRC_TEXT(name, number, text) \
  case Errc::name:                           \
    return text;
    PURSER_ERRC(PURSER_ERRC_TEXT)
#undef PURSER_ERRC_TEXT
  }
  return "a broken invariant or a bug";
}

}  // namespace purser
