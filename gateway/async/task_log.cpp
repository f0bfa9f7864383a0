#include "gateway/async/task_log.hpp"

#include "gateway/log.hpp"

namespace purser {

TaskGroup::OnError logged_as(std::string event) {
  return [event = std::move(event)](std::string_view name, const std::exception_ptr& error) {
    try {
      std::rethrow_exception(error);
    } catch (const std::exception& e) {
      log::error(event, {{"task", name}, {"what", e.what()}});
    }
  };
}

}  // namespace purser
