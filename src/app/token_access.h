#pragma once

#include <chrono>
#include <cstddef>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "app/token_file.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/mutex.h"
#include "serve/access.h"

namespace ocelli::app {

/// Lets in who has a token of the file, which is read again when it changes: a token that was removed opens nothing a
/// second later, nor do the sessions that began with it. Without any token a loopback address is open; another one, or
/// a file that cannot be read, never is. Sessions are in memory: a restart ends them. Thread-safe.
class TokenAccess final : public serve::AccessControl {
 public:
  static constexpr std::size_t kMostSessions = 1'000;  // the oldest goes first
  static constexpr std::chrono::hours kLongestSession{7 * 24};
  static constexpr std::chrono::seconds kLook{1};

  enum class WithoutTokens { open, closed };

  TokenAccess(std::string file, WithoutTokens without_tokens, base::Clock& clock, base::Logger logger);

  bool needs_log_in() override OC_EXCLUDES(mutex_);
  std::optional<serve::Principal> of_token(std::string_view token) override OC_EXCLUDES(mutex_);
  std::optional<serve::Principal> of_session(std::string_view id) override OC_EXCLUDES(mutex_);
  std::string begin_session(std::string_view token) override OC_EXCLUDES(mutex_);
  void end_session(std::string_view id) override OC_EXCLUDES(mutex_);

 private:
  struct Session {
    std::string token_sha256;
    base::SteadyTime begun;
  };

  void look() OC_REQUIRES(mutex_);
  std::optional<serve::Principal> find(const std::string& sha256) const OC_REQUIRES(mutex_);
  void drop_old_sessions() OC_REQUIRES(mutex_);

  const std::string file_;
  const WithoutTokens without_tokens_;
  base::Clock& clock_;
  const base::Logger logger_;
  base::Mutex mutex_;
  std::vector<TokenRecord> tokens_ OC_GUARDED_BY(mutex_);
  bool is_broken_ OC_GUARDED_BY(mutex_) = false;  // the file: nobody gets in
  std::optional<base::SteadyTime> looked_ OC_GUARDED_BY(mutex_);
  std::optional<std::filesystem::file_time_type> written_ OC_GUARDED_BY(mutex_);  // of the file as it was read
  std::map<std::string, Session, std::less<>> sessions_ OC_GUARDED_BY(mutex_);    // by SHA-256 of the id
};

}  // namespace ocelli::app
