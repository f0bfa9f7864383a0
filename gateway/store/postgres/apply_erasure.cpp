#include "gateway/store/postgres/apply.hpp"
#include "gateway/store/sql/erasure.hpp"

namespace purser::postgres {
namespace {

Values values_of(const sql::ErasableRows::Given& given) {
  Values values;
  for (const auto& value : given) std::visit([&](const auto& one) { values.append(one); }, value);
  return values;
}

class Erasable final : public sql::ErasableRows {
 public:
  explicit Erasable(Script& script) : script_(script) {}

  Result<void> each(const char* select, const char* rest, const Given& values,
                    const std::function<Result<void>(const sql::Row&)>& take) override {
    if (auto sent = script_.run(); !sent) return sent;
    auto rows = script_.connection().query(std::string(select) + rest, values_of(values));
    if (!rows) return rows.error();
    for (int i = 0; i < rows->size(); ++i)
      if (auto taken = take(rows->row(i)); !taken) return taken;
    return success();
  }
  Result<void> change(const char* statement, const Given& values, const std::string& must) override {
    if (must.empty()) {
      script_.add(statement, values_of(values));
    } else {
      script_.add_conditional(statement, values_of(values), must);
    }
    return success();
  }
  Result<void> apply(const Operation& operation) override { return apply_recorded(script_, operation); }
  const char* answers_that_name() const override {
    return "WHERE state = 'finished' AND body <> '{}' AND (turn_id IN (SELECT id FROM turns WHERE thread_id = $1)"
           " OR strpos(scope, $1) > 0 OR position(convert_to($1::text, 'UTF8') in body) > 0)";
  }
  const char* notifications_that_name() const override {
    return "WHERE plain <> '{}' AND position(convert_to($1::text, 'UTF8') in plain) > 0";
  }
  const char* old_notifications() const override {
    return "WHERE received_at < $1 AND applied AND plain <> '{}' ORDER BY received_at LIMIT $2";
  }

 private:
  Script& script_;
};

}  // namespace

Result<void> apply(Script& script, const op::EraseThread& operation) {
  Erasable rows(script);
  return sql::erase(rows, operation);
}

Result<void> apply(Script& script, const op::EraseInboxes& operation) {
  Erasable rows(script);
  return sql::erase(rows, operation);
}

}  // namespace purser::postgres
