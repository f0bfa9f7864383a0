#include "gateway/store/open/open.hpp"

#include "tests/support/loop.hpp"
#include "tests/support/store_rows.hpp"
#include "tests/support/temp_folder.hpp"

#include <gtest/gtest.h>

#include <filesystem>

namespace purser::test {
namespace {

StoreSettings settings_of(std::string url) {
  StoreSettings settings;
  settings.url = Secret(std::move(url));
  return settings;
}

TEST(SqliteUrl, names_an_absolute_path) {
  EXPECT_EQ(parse_sqlite_url("sqlite:///purser.db").value(), "/purser.db");
  EXPECT_EQ(parse_sqlite_url("sqlite:///var/lib/purser/purser.db").value(), "/var/lib/purser/purser.db");
  EXPECT_EQ(parse_sqlite_url("sqlite:///数据/.purser-1_a.db").value(), "/数据/.purser-1_a.db");
}

TEST(SqliteUrl, that_is_anything_else_is_refused) {
  for (const char* url : {"",
                          "sqlite:",
                          "sqlite://",
                          "sqlite:///",
                          "sqlite://host/purser.db",
                          "sqlite://purser.db",
                          "sqlite:/purser.db",
                          "SQLITE:///purser.db",
                          " sqlite:///purser.db",
                          "sqlite:///purser.db ",
                          "sqlite:////purser.db",
                          "sqlite:///a//b",
                          "sqlite:///a/",
                          "sqlite:///a/../b",
                          "sqlite:///./b",
                          "sqlite:///a/..",
                          "sqlite:///a?mode=memory",
                          "sqlite:///a#b",
                          "sqlite:///a%20b",
                          "sqlite:///a\\b",
                          "sqlite:///a\nb",
                          "/purser.db",
                          "purser.db",
                          "file:///purser.db"}) {
    const auto path = parse_sqlite_url(url);
    ASSERT_FALSE(path.ok()) << url;
    EXPECT_EQ(path.code(), Errc::config_bad_value) << url;
    EXPECT_EQ(path.error().param, "store.url");
  }
  EXPECT_FALSE(parse_sqlite_url(std::string_view("sqlite:///a\0b", 13)).ok());
}

TEST(OpenStore, opens_sqlite_by_its_scheme) {
  TempFolder folder;
  Loop loop;
  auto store = open_store(settings_of("sqlite://" + folder.file("purser.db")), loop.clock);
  ASSERT_TRUE(store.ok()) << store.error().message;
  EXPECT_TRUE(std::filesystem::exists(folder.file("purser.db")));
  EXPECT_EQ(loop.run((*store)->thread(make_thread(1).id)).code(), Errc::not_found);
}

TEST(OpenStore, says_what_is_wrong_and_shows_no_password) {
  Loop loop;
  for (const char* url : {"postgresql://purser:hunter2@/db?host=/no/such/folder&connect_timeout=2",
                          "postgresql://purser:hunter2@127.0.0.1:1/db"}) {
    const auto store = open_store(settings_of(url), loop.clock);
    ASSERT_FALSE(store.ok());
    EXPECT_EQ(store.code(), Errc::store_unavailable);
    EXPECT_EQ(store.error().message.find("hunter2"), std::string::npos) << store.error().message;
  }
  const auto unreadable = open_store(settings_of("postgresql://purser@host/db?hunter2=hunter2"), loop.clock);
  ASSERT_FALSE(unreadable.ok());
  EXPECT_EQ(unreadable.code(), Errc::config_bad_value);
  EXPECT_EQ(unreadable.error().message.find("hunter2"), std::string::npos) << unreadable.error().message;
  for (const char* url : {"mysql://purser:hunter2@db", "hunter2", "", "://", "sqlite:hunter2"}) {
    const auto store = open_store(settings_of(url), loop.clock);
    ASSERT_FALSE(store.ok()) << url;
    EXPECT_EQ(store.code(), Errc::config_bad_value) << url;
    EXPECT_EQ(store.error().message.find("hunter2"), std::string::npos);
  }
}

TEST(OpenStore, passes_on_what_the_adapter_says) {
  TempFolder folder;
  Loop loop;
  const auto store = open_store(settings_of("sqlite://" + folder.file("missing/purser.db")), loop.clock);
  ASSERT_FALSE(store.ok());
  EXPECT_EQ(store.code(), Errc::store_unavailable);
}

}  // namespace
}  // namespace purser::test
