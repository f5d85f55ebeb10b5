#include "app/progress.h"

#include <algorithm>
#include <cstdlib>
#include <string_view>
#include <sys/ioctl.h>
#include <unistd.h>

#include <fmt/format.h>

#include "app/print.h"

namespace ocelli::app {
namespace {

constexpr std::chrono::milliseconds kBarInterval{100};
constexpr std::chrono::seconds kLineInterval{10};

int terminal_columns() {
  winsize size{};
  return ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

}  // namespace

std::string format_duration(std::chrono::seconds duration) {
  const auto total = duration.count();
  if (total >= 3600) return fmt::format("{}:{:02}:{:02}", total / 3600, total / 60 % 60, total % 60);
  return fmt::format("{}:{:02}", total / 60, total % 60);
}

Progress::Style Progress::style_of_stderr() {
  const char* terminal = std::getenv("TERM");
  const bool dumb = terminal == nullptr || std::string_view(terminal) == "dumb";
  return isatty(STDERR_FILENO) != 0 && !dumb ? Style::bar : Style::lines;
}

Progress::Progress(std::string title, std::string unit, Style style, base::Clock& clock)
    : title_(std::move(title)), unit_(std::move(unit)), style_(style), clock_(clock), began_(clock.now()) {}

Progress::~Progress() {
  if (style_ == Style::bar && shown_) print(stderr, "\r\x1b[K");
}

void Progress::update(double done, std::optional<double> share) {
  const auto now = clock_.now();
  const base::SteadyTime::duration interval =
      style_ == Style::bar ? base::SteadyTime::duration(kBarInterval) : base::SteadyTime::duration(kLineInterval);
  const auto due = (shown_ ? *shown_ : style_ == Style::bar ? began_ - interval : began_) + interval;
  if (style_ == Style::none || now < due) return;
  shown_ = now;
  if (style_ == Style::bar) {
    print(stderr, "\r{}\x1b[K", line(done, share, terminal_columns()));
    std::fflush(stderr);
  } else {
    print(stderr, "{}\n", line(done, share, 0));
  }
}

std::string Progress::line(double done, std::optional<double> share, int columns) const {
  const double elapsed_s = std::chrono::duration<double>(clock_.now() - began_).count();
  std::string numbers = fmt::format("{:.0f} {}", done, unit_);
  if (elapsed_s > 0.5) numbers += fmt::format(", {:.1f}/s", done / elapsed_s);
  if (!share || *share <= 0) return title_ + "  " + numbers;
  const double part = std::min(*share, 1.0);
  const std::chrono::seconds left(static_cast<long>(elapsed_s * (1 - part) / part));
  const std::string tail = fmt::format(" {:3.0f} %  {}, {} left", part * 100, numbers, format_duration(left));
  const int bar_columns = std::min(30, columns - static_cast<int>(title_.size() + tail.size()) - 4);
  if (bar_columns < 5) return title_ + tail;
  const int filled = static_cast<int>(part * bar_columns);
  return fmt::format("{} [{}{}]{}", title_, std::string(static_cast<std::size_t>(filled), '#'),
                     std::string(static_cast<std::size_t>(bar_columns - filled), ' '), tail);
}

}  // namespace ocelli::app
