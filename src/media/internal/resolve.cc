#include "media/internal/resolve.h"

#include <array>
#include <atomic>
#include <memory>
#include <netdb.h>
#include <optional>
#include <pthread.h>
#include <system_error>
#include <thread>

#include "base/mutex.h"

namespace ocelli::media::internal {
namespace {

using base::Code;
using base::Error;

/// Questions that were given up and still hang, of the whole process. Where there are so many, no further one is asked.
std::atomic<int> hanging{0};
constexpr int kMostHanging = 64;

/// One question to the name server. getaddrinfo has no bound and cannot be interrupted: so it has a thread of its own,
/// and belongs to both that and who waits, until the later of them ends. Thread-safe.
class Question {
 public:
  explicit Question(std::string host) : host_(std::move(host)) {}

  void ask() {
    addrinfo* addresses = nullptr;
    const int result = getaddrinfo(host_.c_str(), nullptr, nullptr, &addresses);
    if (result == 0) freeaddrinfo(addresses);
    const base::MutexLock lock(mutex_);
    result_ = result;
    if (given_up_) --hanging;
    answered_.notify_one();
  }

  /// What getaddrinfo returned; gives the question up where that does not come in time.
  std::optional<int> wait_until(std::chrono::steady_clock::time_point deadline, const std::stop_token& stop) {
    const base::MutexLock lock(mutex_);
    given_up_ =
        !answered_.wait_until(mutex_, stop, deadline, [this]() OC_REQUIRES(mutex_) { return result_.has_value(); });
    if (given_up_) ++hanging;
    return result_;
  }

 private:
  const std::string host_;
  base::Mutex mutex_;
  base::CondVar answered_;
  std::optional<int> result_ OC_GUARDED_BY(mutex_);
  bool given_up_ OC_GUARDED_BY(mutex_) = false;
};

/// Detached, since nobody could end it: when the process ends before it, it has touched nothing that is gone by then.
base::Result<std::shared_ptr<Question>> ask(const std::string& host) {
  auto question = std::make_shared<Question>(host);  // of the caller and the thread
  try {
    std::thread([question] {
      pthread_setname_np(pthread_self(), "look-up");
      question->ask();
    }).detach();
  } catch (const std::system_error& error) {
    return Error(Code::unavailable, std::string("no thread to ask the name server: ") + error.what());
  }
  return question;
}

bool is_number(const std::string& host) {
  addrinfo hints{};
  hints.ai_flags = AI_NUMERICHOST;
  addrinfo* result = nullptr;
  if (getaddrinfo(host.c_str(), nullptr, &hints, &result) != 0) return false;
  freeaddrinfo(result);
  return true;
}

base::Status status_of(int number) {
  if (number == 0) return {};
  if (number == EAI_NONAME || number == EAI_NODATA) {
    return Error(Code::not_found, "host unknown; check the name");
  }
  return Error(Code::unavailable, std::string("host unknown: ") + gai_strerror(number) + "; check the name server");
}

}  // namespace

base::Status look_up(const std::string& host, std::chrono::milliseconds at_most, const std::stop_token& stop) {
  if (is_number(host)) return {};
  if (hanging >= kMostHanging) {
    return Error(Code::unavailable, "host unknown: the name server has left too many questions unanswered");
  }
  OC_TRY(const auto question, ask(host));
  if (const auto result = question->wait_until(std::chrono::steady_clock::now() + at_most, stop)) {
    return status_of(*result);
  }
  if (stop.stop_requested()) return Error(Code::cancelled, "stopped");
  return Error(Code::timeout, "the name server does not answer");
}

base::Status resolve_host(const std::string& url, const Opening& opening) {
  std::array<char, 256> host{};
  av_url_split(nullptr, 0, nullptr, 0, host.data(), host.size(), nullptr, nullptr, 0, url.c_str());
  const std::string name = host.data();
  if (name.empty()) return Error(Code::invalid, "cannot open " + opening.shown + ": the address names no host");
  auto status = look_up(name, opening.interrupt.remaining(), opening.interrupt.stop());
  if (!status) return std::move(status).error().with_context("cannot open " + opening.shown);
  return {};
}

}  // namespace ocelli::media::internal
