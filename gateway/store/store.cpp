#include "gateway/store/store.hpp"

namespace purser {

Task<void> Store::follow() {
  co_return;
}

}  // namespace purser
