// The PostgreSQL store under the suite of all stores.
#include "tests/unit/gateway/store/postgres/postgres_home.hpp"

namespace purser::test {
namespace {

std::unique_ptr<StoreHome> make_postgres_home() {
  return std::make_unique<PostgresHome>();
}

std::vector<MakeStoreHome> homes() {
  if (!PostgresServer::installed()) return {};
  return {&make_postgres_home};
}

GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(StoreConformance);
INSTANTIATE_TEST_SUITE_P(Postgres, StoreConformance, testing::ValuesIn(homes()));

TEST(Postgres, is_installed) {
  if (!PostgresServer::installed()) GTEST_SKIP() << "no PostgreSQL: its store is not tested here";
}

}  // namespace
}  // namespace purser::test
