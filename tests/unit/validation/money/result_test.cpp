#include "validation/money/result.hpp"

#include "validation/money/errc.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <set>

namespace purser {
namespace {

TEST(ResultTest, TheDefaultIsAnError) {
  EXPECT_FALSE(Result<int>().ok());
  EXPECT_EQ(Result<int>().code(), Errc::internal);
  EXPECT_FALSE(Result<void>().ok());
  EXPECT_TRUE(success().ok());
}

TEST(ResultTest, HoldsMoveOnlyValues) {
  Result<std::unique_ptr<int>> held(std::make_unique<int>(7));
  EXPECT_EQ(*std::move(held).value(), 7);
}

TEST(ResultDeathTest, AskingForWhatIsNotThereEndsTheProcess) {
  EXPECT_DEATH(static_cast<void>(Result<int>(Errc::not_found).value()), "");
  EXPECT_DEATH(static_cast<void>(Result<int>(1).error()), "");
  EXPECT_DEATH(static_cast<void>(success().error()), "");
}

TEST(ErrcTest, EveryReasonHasItsOwnCodeAndSentence) {
  std::set<std::string_view> codes;
  std::set<int> numbers;
  std::size_t count = 0;
#define PURSER_CHECK(name, number, text)        \
  codes.insert(code_of(Errc::name));            \
  numbers.insert(static_cast<int>(Errc::name)); \
  EXPECT_FALSE(meaning_of(Errc::name).empty()); \
  ++count;
  PURSER_ERRC(PURSER_CHECK)
#undef PURSER_CHECK
  EXPECT_EQ(codes.size(), count);
  EXPECT_EQ(numbers.size(), count);
  EXPECT_EQ(code_of(Errc::price_mismatch), "price_mismatch");
}

}  // namespace
}  // namespace purser
