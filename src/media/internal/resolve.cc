#include "media/internal/resolve.h"

#include <array>
#include <list>
#include <memory>
#include <netdb.h>

#include "base/mutex.h"

namespace ocelli::media::internal {
namespace {

using base::Code;
using base::Error;

/// getaddrinfo_a runs in threads of glibc's own and cannot be cancelled once it has begun, so a lookup that nobody
/// waits for any more must stay where it is until it ends.
struct Lookup {
  explicit Lookup(std::string name) : host(std::move(name)) { request.ar_name = host.c_str(); }
  Lookup(const Lookup&) = delete;
  Lookup& operator=(const Lookup&) = delete;
  ~Lookup() {
    if (request.ar_result != nullptr) freeaddrinfo(request.ar_result);
  }
  bool running() { return gai_error(&request) == EAI_INPROGRESS; }

  const std::string host;
  gaicb request{};
};

/// Lookups that were given up, kept until they end. Bounded: where so many hang, no further one is begun.
class Abandoned {
 public:
  void keep(std::unique_ptr<Lookup> lookup) {
    const base::MutexLock lock(mutex_);
    lookups_.push_back(std::move(lookup));
  }
  bool has_room() {
    constexpr std::size_t kMost = 64;
    const base::MutexLock lock(mutex_);
    lookups_.remove_if([](const std::unique_ptr<Lookup>& lookup) { return !lookup->running(); });
    return lookups_.size() < kMost;
  }

 private:
  base::Mutex mutex_;
  std::list<std::unique_ptr<Lookup>> lookups_ OC_GUARDED_BY(mutex_);
};

/// Never destroyed: glibc's threads may still write to what it holds when the process ends.
Abandoned& abandoned() {
  static auto* const kAbandoned = new Abandoned;
  return *kAbandoned;
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
  if (!abandoned().has_room()) {
    return Error(Code::unavailable, "host unknown: the name server has left too many questions unanswered");
  }
  auto lookup = std::make_unique<Lookup>(host);
  std::array<gaicb*, 1> requests{&lookup->request};
  if (const int result = getaddrinfo_a(GAI_NOWAIT, requests.data(), 1, nullptr); result != 0) return status_of(result);
  // A stop request cannot wake gai_suspend.
  constexpr std::chrono::milliseconds kSlice{50};
  const auto deadline = std::chrono::steady_clock::now() + at_most;
  const std::array<const gaicb*, 1> awaited{&lookup->request};
  while (lookup->running() && !stop.stop_requested() && std::chrono::steady_clock::now() < deadline) {
    const timespec slice{0, std::chrono::nanoseconds(kSlice).count()};
    gai_suspend(awaited.data(), 1, &slice);
  }
  if (!lookup->running()) return status_of(gai_error(&lookup->request));
  abandoned().keep(std::move(lookup));
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
