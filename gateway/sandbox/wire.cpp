#include "gateway/sandbox/wire.hpp"

namespace purser::sandbox {

Answer answered(const json& body) {
  return Answer{200, 0, {}, body.dump()};
}

Answer no_content() {
  return Answer{204, 0, {}, {}};
}

Answer error(int status, std::int64_t number, std::string_view code, std::string_view message) {
  return error(status, number, code, message, json());
}

Answer error(int status, std::int64_t number, std::string_view code, std::string_view message, json detail) {
  json body{{"code", code}, {"message", message}};
  if (!detail.is_null()) body["detail"] = std::move(detail);
  // A request can hold bytes that are no UTF-8 and the error quotes it: such bytes are replaced, not thrown about.
  return Answer{status, number, std::string(code), body.dump(-1, ' ', false, json::error_handler_t::replace)};
}

Answer param_error(std::string_view field, std::string_view issue, std::string_view location, std::int64_t number) {
  return error(400, number, "PARAM_ERROR", "参数错误",
               json{{"field", field}, {"issue", issue}, {"location", location}});
}

}  // namespace purser::sandbox
