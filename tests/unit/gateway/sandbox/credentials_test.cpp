#include "gateway/sandbox/credentials.hpp"

#include "gateway/crypto/digest.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <filesystem>
#include <fstream>
#include <sys/stat.h>

namespace purser::sandbox {
namespace {

constexpr auto kNow = UtcTime(Millis(1'767'607'200'000));

class CredentialsTest : public ::testing::Test {
 protected:
  CredentialsTest()
      : folder(std::filesystem::temp_directory_path() / ("purser-" + crypto::hex_lower(crypto::random_bytes(8)))) {}
  ~CredentialsTest() override { std::filesystem::remove_all(folder); }
  std::string file(const std::string& name) const { return (folder / name).string(); }

  static const SandboxCredentials& made() {
    static const auto kMade = SandboxCredentials::generate(KeyPlan::portable(), kNow).value();
    return kMade;
  }
  std::filesystem::path folder;
};

TEST_F(CredentialsTest, are_made_of_keys_that_are_there) {
  const auto c = SandboxCredentials::of(made().merchant_key, made().platform_key, made().public_key_private, kNow);
  ASSERT_TRUE(c.ok());
  EXPECT_TRUE(c->merchant_certificate.key().verify("m", *made().merchant_key.sign("m")).ok());
  EXPECT_TRUE(c->platform_certificate.key().verify("m", *made().platform_key.sign("m")).ok());
  EXPECT_EQ(c->public_key_pem, made().public_key_pem);
  EXPECT_NE(c->apiv3_key.reveal(), made().apiv3_key.reveal());
}

TEST_F(CredentialsTest, what_is_made_fits_together) {
  const auto& c = made();
  EXPECT_EQ(c.apiv3_key.reveal().size(), 32U);
  EXPECT_TRUE(c.public_key_id.starts_with("PUB_KEY_ID_"));
  EXPECT_EQ(c.merchant_certificate.serial().size(), 40U);
  EXPECT_NE(c.merchant_certificate.serial(), c.platform_certificate.serial());
  EXPECT_LE(c.platform_certificate.not_before(), kNow);
  EXPECT_GT(c.platform_certificate.not_after(), kNow + std::chrono::hours(24 * 365 * 4));
  EXPECT_TRUE(c.merchant_certificate.key().verify("m", *c.merchant_key.sign("m")).ok());
  EXPECT_TRUE(c.platform_certificate.key().verify("m", *c.platform_key.sign("m")).ok());
  auto public_key = crypto::PublicKey::from_pem(c.public_key_pem);
  ASSERT_TRUE(public_key.ok());
  EXPECT_TRUE(public_key->verify("m", *c.public_key_private.sign("m")).ok());
  EXPECT_FALSE(public_key->verify("m", *c.platform_key.sign("m")).ok()) << "two different keys";
}

TEST_F(CredentialsTest, each_making_is_different) {
  auto other = SandboxCredentials::generate(KeyPlan{3, false}, kNow).value();
  EXPECT_NE(other.apiv3_key.reveal(), made().apiv3_key.reveal());
  EXPECT_NE(other.public_key_id, made().public_key_id);
  EXPECT_NE(other.merchant_certificate.serial(), made().merchant_certificate.serial());
}

TEST_F(CredentialsTest, embedded_keys_survive_their_pem_and_serve_both_ids) {
  auto quick = SandboxCredentials::generate(KeyPlan::embedded(), kNow).value();
  EXPECT_TRUE(quick.platform_certificate.key().verify("m", *quick.public_key_private.sign("m")).ok());
  EXPECT_EQ(quick.public_key_pem, *quick.platform_key.public_pem());
  auto again = crypto::PrivateKey::from_pem(*quick.merchant_key.private_pem());
  ASSERT_TRUE(again.ok());
  EXPECT_TRUE(quick.merchant_certificate.key().verify("m", *again->sign("m")).ok());
}

TEST_F(CredentialsTest, a_folder_gives_back_what_was_written) {
  ASSERT_TRUE(made().write_to(folder.string(), "http://127.0.0.1:1234").ok());
  auto back = SandboxCredentials::load(folder.string());
  ASSERT_TRUE(back.ok()) << back.error().message;
  EXPECT_EQ(back->mchid, made().mchid);
  EXPECT_EQ(back->appid, made().appid);
  EXPECT_EQ(back->apiv3_key.reveal(), made().apiv3_key.reveal());
  EXPECT_EQ(back->public_key_id, made().public_key_id);
  EXPECT_EQ(back->public_key_pem, made().public_key_pem);
  EXPECT_EQ(back->merchant_certificate.serial(), made().merchant_certificate.serial());
  EXPECT_TRUE(made().merchant_certificate.key().verify("m", *back->merchant_key.sign("m")).ok());
  EXPECT_TRUE(made().platform_certificate.key().verify("m", *back->platform_key.sign("m")).ok());
  EXPECT_TRUE(
      crypto::PublicKey::from_pem(made().public_key_pem)->verify("m", *back->public_key_private.sign("m")).ok());
}

TEST_F(CredentialsTest, a_key_that_is_not_the_sandboxes_is_not_overwritten) {
  std::filesystem::create_directories(folder);
  std::ofstream(file("merchant_key.pem")) << "the only copy";
  const auto refused = made().write_to(folder.string(), "");
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().param, "merchant_key.pem");
  std::string kept;
  std::ifstream in(file("merchant_key.pem"));
  std::getline(in, kept);
  EXPECT_EQ(kept, "the only copy");
  EXPECT_FALSE(std::filesystem::exists(file("sandbox.json")));
}

TEST_F(CredentialsTest, files_are_the_owners_alone) {
  ASSERT_TRUE(made().write_to(folder.string(), "http://127.0.0.1:1234").ok());
  ASSERT_TRUE(made().write_to(folder.string(), "http://127.0.0.1:1234").ok()) << "over an older set";
  int files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    struct stat about {};
    ASSERT_EQ(::stat(entry.path().c_str(), &about), 0);
    EXPECT_EQ(about.st_mode & 0777, 0600U) << entry.path();
    ++files;
  }
  EXPECT_EQ(files, 8);
  struct stat about {};
  ASSERT_EQ(::stat(folder.c_str(), &about), 0);
  EXPECT_EQ(about.st_mode & 0777, 0700U);
}

TEST_F(CredentialsTest, the_summary_tells_a_client_where_and_who) {
  ASSERT_TRUE(made().write_to(folder.string(), "http://127.0.0.1:1234").ok());
  std::ifstream in(file("sandbox.json"));
  auto about = nlohmann::json::parse(in);
  EXPECT_EQ(about["base_url"], "http://127.0.0.1:1234");
  EXPECT_EQ(about["mchid"], made().mchid);
  EXPECT_EQ(about["appid"], made().appid);
  EXPECT_EQ(about["merchant_serial"], made().merchant_certificate.serial());
  EXPECT_EQ(about["platform_serial"], made().platform_certificate.serial());
  EXPECT_EQ(about["public_key_id"], made().public_key_id);
}

TEST_F(CredentialsTest, a_folder_that_is_incomplete_is_a_mistake_to_report) {
  ASSERT_TRUE(made().write_to(folder.string(), "").ok());
  std::filesystem::remove(file("merchant_key.pem"));
  auto back = SandboxCredentials::load_or_generate(folder.string(), kNow);
  ASSERT_FALSE(back.ok());
  EXPECT_EQ(back.code(), Errc::config_unreadable);
  EXPECT_NE(back.error().message.find("merchant_key.pem"), std::string::npos);
}

TEST_F(CredentialsTest, a_key_of_another_length_is_refused) {
  ASSERT_TRUE(made().write_to(folder.string(), "").ok());
  std::ofstream(file("apiv3.key")) << "short";
  EXPECT_EQ(SandboxCredentials::load(folder.string()).code(), Errc::key_malformed);
}

TEST_F(CredentialsTest, keys_that_do_not_belong_together_are_refused) {
  for (auto name : {"merchant_key.pem", "platform_cert_key.pem", "platform_public_key_private.pem"}) {
    ASSERT_TRUE(made().write_to(folder.string(), "").ok());
    std::filesystem::remove(file(name));
    std::filesystem::copy_file(
        file(name == std::string("merchant_key.pem") ? "platform_cert_key.pem" : "merchant_key.pem"), file(name));
    auto back = SandboxCredentials::load(folder.string());
    ASSERT_FALSE(back.ok()) << name;
    EXPECT_EQ(back.error().param, name);
  }
}

TEST_F(CredentialsTest, a_broken_summary_is_refused) {
  ASSERT_TRUE(made().write_to(folder.string(), "").ok());
  for (auto bad : {"", "[]", R"({"mchid":1})"}) {
    std::ofstream(file("sandbox.json")) << bad;
    EXPECT_EQ(SandboxCredentials::load(folder.string()).code(), Errc::key_malformed) << bad;
  }
  std::ofstream(file("sandbox.json")) << R"({"mchid":"19)";
  EXPECT_NE(SandboxCredentials::load(folder.string()).error().message.find("not a JSON object"), std::string::npos);
}

TEST_F(CredentialsTest, what_cannot_be_written_is_reported) {
  std::ofstream(folder.string()) << "a file where the folder should be";
  EXPECT_EQ(made().write_to(folder.string(), "").code(), Errc::config_unreadable);
}

TEST_F(CredentialsTest, an_empty_folder_makes_new_ones) {
  EXPECT_TRUE(SandboxCredentials::load_or_generate(folder.string(), kNow).ok());
}

}  // namespace
}  // namespace purser::sandbox
