#include "gateway/pay/payment_channel.hpp"

namespace purser {

std::string_view to_string(Outcome o) {
  switch (o) {
    case Outcome::succeeded:
      return "succeeded";
    case Outcome::declined:
      return "declined";
    case Outcome::pending:
      return "pending";
    case Outcome::unknown:
      return "unknown";
  }
  return "unknown";
}

}  // namespace purser
