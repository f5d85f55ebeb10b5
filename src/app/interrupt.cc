#include "app/interrupt.h"

#include <csignal>
#include <pthread.h>
#include <unistd.h>
#include <utility>

namespace ocelli::app {
namespace {

constexpr int kSecondInterrupt = 130;

sigset_t watched_signals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGUSR1);  // wakes the watcher
  struct sigaction hangup{};
  sigaction(SIGHUP, nullptr, &hangup);
  if (hangup.sa_handler != SIG_IGN) sigaddset(&signals, SIGHUP);
  return signals;
}

}  // namespace

InterruptWatch::InterruptWatch() {
  const sigset_t signals = watched_signals();
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  std::signal(SIGPIPE, SIG_IGN);  // a viewer that goes away is an error of one write, not the end of the process
  watcher_ = std::jthread([this] {
    pthread_setname_np(pthread_self(), "signals");
    watch();
  });
}

void InterruptWatch::watch() {
  const sigset_t signals = watched_signals();
  int signal = 0;
  while (sigwait(&signals, &signal) == 0) {
    if (ending_) return;
    if (signal == SIGUSR1) continue;  // from outside: it means nothing here
    if (signal == SIGHUP && tell_hangup()) continue;
    if (stop_.stop_requested()) _exit(kSecondInterrupt);
    stop_.request_stop();
  }
}

void InterruptWatch::on_hangup(std::function<void()> listener) {
  const base::MutexLock lock(mutex_);
  hangup_ = std::move(listener);
}

/// Under the lock, so that a listener is not called any more once it was replaced.
bool InterruptWatch::tell_hangup() {
  const base::MutexLock lock(mutex_);
  if (hangup_) hangup_();
  return hangup_ != nullptr;
}

InterruptWatch::~InterruptWatch() {
  ending_ = true;
  pthread_kill(watcher_.native_handle(), SIGUSR1);
}

}  // namespace ocelli::app
