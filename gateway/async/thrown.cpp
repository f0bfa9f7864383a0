#include "gateway/async/thrown.hpp"

#include <boost/asio/error.hpp>
#include <boost/system/system_error.hpp>

#include <string>

namespace purser {

Error error_of(const std::exception_ptr& thrown) {
  try {
    std::rethrow_exception(thrown);
  } catch (const boost::system::system_error& e) {
    if (e.code() == boost::asio::error::operation_aborted) return Errc::canceled;
    return Error(Errc::internal, std::string("it threw: ") + e.what());
  } catch (const std::exception& e) {
    return Error(Errc::internal, std::string("it threw: ") + e.what());
  } catch (...) {
    return Error(Errc::internal, "it threw what nobody knows");
  }
}

}  // namespace purser
