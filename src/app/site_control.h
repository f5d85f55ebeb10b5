#pragma once

#include <chrono>
#include <cstddef>
#include <deque>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>

#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/mutex.h"
#include "base/result.h"
#include "config/site_config.h"
#include "serve/site_editor.h"

namespace ocelli::app {

/// Keeps a running site and its file the same, whoever changes one of them: an editor of the file (which is looked at
/// every second), SIGHUP, the API. A change is checked whole, carried out, and only then written to the file; when any
/// of that fails, everything is as before and whoever asked is told why. What the file said before is kept beside it,
/// in
/// "<file>.history", the newest kHistory of them. submit() and reload() are thread-safe; run() is the one thread that
/// touches the site.
class SiteControl final : public serve::SiteEditor {
 public:
  static constexpr std::size_t kMostEdits = 16;
  static constexpr std::size_t kHistory = 50;
  static constexpr std::chrono::milliseconds kLook{1'000};

  /// The site, as much of it as is needed here.
  struct Target {
    std::function<config::SiteConfig()> running;
    std::function<base::Status(const config::SiteConfig&)> change;  ///< all or nothing
    /// What is wrong with the file, while what ran before goes on; empty: it is well.
    std::function<void(const std::optional<std::string>&)> tell_trouble;
  };
  /// Reads a text of the file as the program would at its start, flags included.
  using Load = std::function<base::Result<config::SiteConfig>(const std::string& yaml)>;

  /// `look`: how often the file is looked at.
  SiteControl(std::string file, Load load, const base::Clock& clock, std::chrono::milliseconds look = kLook);

  ~SiteControl() override { close(); }
  SiteControl(const SiteControl&) = delete;
  SiteControl& operator=(const SiteControl&) = delete;

  void submit(serve::SiteEdit edit, Done done) override OC_EXCLUDES(mutex_);
  /// As if the file had changed.
  void reload() OC_EXCLUDES(mutex_);

  /// Until it is to stop; edits that wait then, or come later, are told so.
  void run(const Target& target, const base::Logger& logger, base::Metrics& metrics, const std::stop_token& stop)
      OC_EXCLUDES(mutex_);

 private:
  struct Order {
    serve::SiteEdit edit;
    Done done;  // null: nobody waits
  };
  class Session;

  /// Empty when there is none for a while.
  std::optional<Order> next(const std::stop_token& stop) OC_EXCLUDES(mutex_);
  void close() OC_EXCLUDES(mutex_);

  const std::string file_;
  const Load load_;
  const base::Clock& clock_;
  const std::chrono::milliseconds look_;
  base::Mutex mutex_;
  base::CondVar arrived_;
  std::deque<Order> orders_ OC_GUARDED_BY(mutex_);
  bool closed_ OC_GUARDED_BY(mutex_) = false;
};

}  // namespace ocelli::app
