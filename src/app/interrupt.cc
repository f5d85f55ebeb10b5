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
  sigaddset(&signals, SIGUSR1);  // wakes the watcher
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
    if (stop_.stop_requested()) _exit(kSecondInterrupt);
    stop_.request_stop();
  }
}

InterruptWatch::~InterruptWatch() {
  ending_ = true;
  pthread_kill(watcher_.native_handle(), SIGUSR1);
}

}  // namespace ocelli::app
