#include "config/secret_file.hpp"

#include "tests/unit/config/temporary_folder.hpp"

#include <gtest/gtest.h>

#include <sys/stat.h>

namespace purser {
namespace {

TEST(SecretFile, IsExposedWhenOthersCanReadIt) {
  constexpr std::uint32_t kMe = 1000;
  EXPECT_FALSE(is_exposed({.mode = 0600, .owner = kMe, .reader = kMe}));
  EXPECT_FALSE(is_exposed({.mode = 0400, .owner = kMe, .reader = kMe}));
  EXPECT_TRUE(is_exposed({.mode = 0640, .owner = kMe, .reader = kMe}));
  EXPECT_TRUE(is_exposed({.mode = 0604, .owner = kMe, .reader = kMe}));
  EXPECT_TRUE(is_exposed({.mode = 0610, .owner = kMe, .reader = kMe}));
  EXPECT_TRUE(is_exposed({.mode = 0640, .owner = 0, .reader = 0}));
}

TEST(SecretFile, WhatAnOrchestratorProvidesIsLeftAlone) {
  constexpr std::uint32_t kMe = 1000;
  EXPECT_FALSE(is_exposed({.mode = 0640, .owner = 0, .reader = kMe}));
  EXPECT_TRUE(is_exposed({.mode = 0644, .owner = 0, .reader = kMe}));
  EXPECT_FALSE(is_exposed({.mode = 0644, .owner = 0, .reader = kMe, .read_only_mount = true}));
  EXPECT_FALSE(is_exposed({.mode = 0444, .owner = 0, .reader = 0, .read_only_mount = true}));
}

TEST(SecretFile, LineEndsBehindTheSecretAreDropped) {
  const TemporaryFolder folder;
  for (const char* bytes : {"s3cret", "s3cret\n", "s3cret\r\n", "s3cret\n\n"}) {
    const auto secret = read_secret_file(folder.write("secret", bytes));
    ASSERT_TRUE(secret) << secret.error().message;
    EXPECT_EQ(secret->reveal(), "s3cret");
  }
  EXPECT_EQ(read_secret_file(folder.write("lines", " a\nb \n"))->reveal(), " a\nb ");
}

TEST(SecretFile, RefusalsSayWhyAndNotWhat) {
  const TemporaryFolder folder;
  const auto refused = [](const std::string& path, const std::string& why) {
    const auto secret = read_secret_file(path);
    ASSERT_FALSE(secret) << path;
    EXPECT_EQ(secret.code(), Errc::config_unreadable);
    EXPECT_NE(secret.error().message.find(why), std::string::npos) << secret.error().message;
    EXPECT_EQ(secret.error().message.find("s3cret"), std::string::npos);
  };
  refused(folder.write("open", "s3cret", 0644), "chmod 600");
  refused(folder.write("group", "s3cret", 0640), "chmod 600");
  refused(folder.write("empty", "\n"), "empty");
  refused(folder.write("long", std::string(65'537, 'x')), "64 KiB");
  refused(folder.path(), "not a plain file");
  refused(folder.path() + "/missing", "No such file");
  EXPECT_TRUE(read_secret_file(folder.write("longest", std::string(65'536, 'x'))));
}

TEST(SecretFile, APipeDoesNotHangTheStart) {
  const TemporaryFolder folder;
  const std::string pipe = folder.path() + "/pipe";
  ASSERT_EQ(mkfifo(pipe.c_str(), 0600), 0);
  EXPECT_FALSE(read_secret_file(pipe));
}

TEST(SecretFile, ALinkIsFollowed) {
  const TemporaryFolder folder;
  const std::string link = folder.path() + "/link";
  std::filesystem::create_symlink(folder.write("secret", "s3cret"), link);
  EXPECT_TRUE(read_secret_file(link));
}

}  // namespace
}  // namespace purser
