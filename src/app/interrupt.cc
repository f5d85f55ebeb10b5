#include "app/interrupt.h"

#include <csignal>
#include <pthread.h>
#include <unistd.h>

namespace ocelli::app {
namespace {

constexpr int kSecondInterrupt = 130;

sigset_t watched_signals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGUSR1);  // ends the watcher
  return signals;
}

void watch(std::stop_source& stop) {
  const sigset_t signals = watched_signals();
  int signal = 0;
  while (sigwait(&signals, &signal) == 0 && signal != SIGUSR1) {
    if (stop.stop_requested()) _exit(kSecondInterrupt);
    stop.request_stop();
  }
}

}  // namespace

InterruptWatch::InterruptWatch() {
  const sigset_t signals = watched_signals();
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  std::signal(SIGPIPE, SIG_IGN);  // a viewer that goes away is an error of one write, not the end of the process
  watcher_ = std::jthread([this] {
    pthread_setname_np(pthread_self(), "signals");
    watch(stop_);
  });
}

InterruptWatch::~InterruptWatch() {
  pthread_kill(watcher_.native_handle(), SIGUSR1);
}

}  // namespace ocelli::app
