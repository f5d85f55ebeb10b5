#include "app/token_access.h"

#include <filesystem>
#include <fstream>
#include <string>
#include <unistd.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace ocelli::app {
namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;
using base::Code;
using serve::Role;
using ::testing::HasSubstr;
using ::testing::Not;
using WithoutTokens = TokenAccess::WithoutTokens;

class TokenAccessTest : public ::testing::Test {
 protected:
  TokenAccessTest() {
    std::string pattern = (fs::temp_directory_path() / "ocelli-tokens-XXXXXX").string();
    if (::mkdtemp(pattern.data()) == nullptr) std::abort();
    folder_ = pattern;
    file_ = folder_ / "data" / "tokens.json";
  }
  ~TokenAccessTest() override {
    std::error_code ignored;
    fs::remove_all(folder_, ignored);
  }

  std::string add(const std::string& name, Role role) {
    const auto token = add_token(file_, name, role, clock_);
    if (!token) ADD_FAILURE() << token.error().message();
    touch();
    return token ? *token : "";
  }
  /// Looks are a second apart by the clock, and a file's time is too coarse for a test.
  void touch() {
    fs::last_write_time(file_, fs::file_time_type::clock::now() + std::chrono::seconds(++touches_));
    clock_.advance(2s);
  }
  TokenAccess access(WithoutTokens without = WithoutTokens::open) {
    return {file_, without, clock_, base::Logger::null()};
  }

  fs::path folder_;
  std::string file_;
  base::SimulatedClock clock_;
  int touches_ = 0;
};

TEST_F(TokenAccessTest, KeepsHashesWhereOnlyTheOwnerCanRead) {
  const std::string token = add("wall", Role::view);
  EXPECT_EQ(token.size(), 3 + 43U);
  EXPECT_NE(token, add("other", Role::view));
  std::ifstream stream(file_);
  const std::string text{std::istreambuf_iterator<char>(stream), {}};
  EXPECT_THAT(text, HasSubstr("wall"));
  EXPECT_THAT(text, Not(HasSubstr(token.substr(3))));
  EXPECT_EQ(fs::status(file_).permissions(), fs::perms::owner_read | fs::perms::owner_write);
}

TEST_F(TokenAccessTest, RefusesNamesThatAreTakenOrNone) {
  add("wall", Role::view);
  for (const char* name : {"wall", "", "a b", "-x", "a\n"}) {
    const auto token = add_token(file_, name, Role::view, clock_);
    ASSERT_FALSE(token) << name;
    EXPECT_EQ(token.error().code(), Code::invalid);
  }
  EXPECT_EQ(remove_token(file_, "wal").error().code(), Code::not_found);
}

TEST_F(TokenAccessTest, LetsTokensIn) {
  const std::string token = add("wall", Role::operate);
  TokenAccess gate = access();
  const auto who = gate.of_token(token);
  ASSERT_TRUE(who);
  EXPECT_EQ(who->name, "wall");
  EXPECT_EQ(who->role, Role::operate);
  for (const std::string& wrong : {std::string(), token + "x", token.substr(1), std::string(100'000, 'x')}) {
    EXPECT_FALSE(gate.of_token(wrong));
  }
}

TEST_F(TokenAccessTest, IsOpenOnlyWithoutTokens) {
  TokenAccess gate = access();
  EXPECT_FALSE(gate.needs_log_in());
  EXPECT_TRUE(access(WithoutTokens::closed).needs_log_in());
  add("wall", Role::view);
  EXPECT_TRUE(gate.needs_log_in());
}

TEST_F(TokenAccessTest, ClosesWhenTheFileIsBroken) {
  const std::string token = add("wall", Role::view);
  TokenAccess gate = access();
  EXPECT_TRUE(gate.of_token(token));
  for (const char* text : {"", "{", "[]", R"({"tokens": [{"name": "a"}]})",
                           R"({"tokens": [{"name": "a", "role": "root", "sha256": "", "created": ""}]})"}) {
    std::ofstream(file_) << text;
    touch();
    EXPECT_TRUE(gate.needs_log_in()) << text;
    EXPECT_FALSE(gate.of_token(token)) << text;
    EXPECT_EQ(read_tokens(file_).error().code(), Code::corrupt) << text;
  }
}

TEST_F(TokenAccessTest, ForgetsARemovedTokenAndItsSessions) {
  const std::string token = add("wall", Role::view);
  const std::string other = add("other", Role::view);
  TokenAccess gate = access();
  const std::string session = gate.begin_session(token);
  ASSERT_FALSE(session.empty());
  EXPECT_EQ(gate.of_session(session)->name, "wall");
  ASSERT_TRUE(remove_token(file_, "wall"));
  touch();
  EXPECT_FALSE(gate.of_token(token));
  EXPECT_FALSE(gate.of_session(session));
  EXPECT_TRUE(gate.of_token(other));
}

TEST_F(TokenAccessTest, EndsSessions) {
  const std::string token = add("wall", Role::view);
  TokenAccess gate = access();
  EXPECT_EQ(gate.begin_session("wrong"), "");
  const std::string first = gate.begin_session(token);
  const std::string second = gate.begin_session(token);
  EXPECT_NE(first, second);
  gate.end_session(first);
  EXPECT_FALSE(gate.of_session(first));
  EXPECT_TRUE(gate.of_session(second));
  clock_.advance(TokenAccess::kLongestSession + 1s);
  EXPECT_FALSE(gate.of_session(second)) << "it is old";
}

TEST_F(TokenAccessTest, BoundsSessions) {
  const std::string token = add("wall", Role::view);
  TokenAccess gate = access();
  const std::string first = gate.begin_session(token);
  clock_.advance(1s);
  std::string newest;
  for (std::size_t i = 0; i < TokenAccess::kMostSessions; ++i) newest = gate.begin_session(token);
  EXPECT_FALSE(gate.of_session(first)) << "the oldest made room";
  EXPECT_TRUE(gate.of_session(newest));
}

}  // namespace
}  // namespace ocelli::app
