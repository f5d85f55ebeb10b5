#include "app/token_access.h"

#include <algorithm>
#include <system_error>
#include <utility>

#include "app/sha256.h"

namespace ocelli::app {
namespace {

constexpr std::size_t kSessionBytes = 24;
constexpr std::size_t kLongestToken = 256;  // of what somebody sends

/// Empty: it is none.
std::string digest_of(std::string_view secret) {
  if (secret.empty() || secret.size() > kLongestToken) return "";
  const auto sum = sha256_of_text(std::string(secret));
  return sum ? *sum : "";
}

}  // namespace

TokenAccess::TokenAccess(std::string file, WithoutTokens without_tokens, base::Clock& clock, base::Logger logger)
    : file_(std::move(file)), without_tokens_(without_tokens), clock_(clock), logger_(std::move(logger)) {}

void TokenAccess::look() {
  const auto now = clock_.now();
  if (looked_ && now - *looked_ < kLook) return;
  const bool is_first = !looked_;
  looked_ = now;
  std::error_code error;
  const auto time = std::filesystem::last_write_time(file_, error);
  const auto written = error ? std::nullopt : std::optional(time);
  if (!is_first && written == written_) return;
  written_ = written;
  auto tokens = read_tokens(file_);
  is_broken_ = !tokens.has_value();
  tokens_.clear();
  if (tokens) {
    tokens_ = *std::move(tokens);
  } else {
    logger_.error("nobody can log in", {{"reason", tokens.error().message()}});
  }
}

std::optional<serve::Principal> TokenAccess::find(const std::string& sha256) const {
  const auto found = std::find_if(tokens_.begin(), tokens_.end(),
                                  [&](const TokenRecord& token) { return !sha256.empty() && token.sha256 == sha256; });
  if (found == tokens_.end()) return std::nullopt;
  return serve::Principal{found->name, found->role};
}

bool TokenAccess::needs_log_in() {
  const base::MutexLock lock(mutex_);
  look();
  return is_broken_ || !tokens_.empty() || without_tokens_ == WithoutTokens::closed;
}

std::optional<serve::Principal> TokenAccess::of_token(std::string_view token) {
  const std::string digest = digest_of(token);
  const base::MutexLock lock(mutex_);
  look();
  return find(digest);
}

std::optional<serve::Principal> TokenAccess::of_session(std::string_view id) {
  const std::string digest = digest_of(id);
  const base::MutexLock lock(mutex_);
  look();
  drop_old_sessions();
  const auto session = sessions_.find(digest);
  if (session == sessions_.end()) return std::nullopt;
  return find(session->second.token_sha256);
}

std::string TokenAccess::begin_session(std::string_view token) {
  const std::string digest = digest_of(token);
  const auto id = random_text(kSessionBytes);
  const base::MutexLock lock(mutex_);
  look();
  if (!id || !find(digest)) return "";
  drop_old_sessions();
  if (sessions_.size() >= kMostSessions) {
    sessions_.erase(std::min_element(sessions_.begin(), sessions_.end(),
                                     [](const auto& a, const auto& b) { return a.second.begun < b.second.begun; }));
  }
  sessions_[digest_of(*id)] = {digest, clock_.now()};
  return *id;
}

void TokenAccess::end_session(std::string_view id) {
  const std::string digest = digest_of(id);
  const base::MutexLock lock(mutex_);
  sessions_.erase(digest);
}

void TokenAccess::drop_old_sessions() {
  const auto now = clock_.now();
  std::erase_if(sessions_, [&](const auto& session) { return now - session.second.begun > kLongestSession; });
}

}  // namespace ocelli::app
