// Links to pay by that came from outside: what a customer pastes in, the daemon may repeat, and shows nobody anything.
#pragma once

#include <set>
#include <string>
#include <string_view>

namespace purser::replay {

// Where a link that moves money begins.
inline constexpr std::string_view kPayLinks[] = {"weixin://", "prepay_id="};

// Of a text, from where a link begins to where it ends.
std::string_view link_at(std::string_view text, std::size_t at);

class Quoted {
 public:
  // Keeps the links of this text, as they stand and as they are shown with numbers of persons hidden.
  void add(std::string_view text);
  // Whether this is one of them, or as much as a shortened text has left of it.
  bool holds(std::string_view link) const;

 private:
  std::set<std::string, std::less<>> links_;
};

}  // namespace purser::replay
