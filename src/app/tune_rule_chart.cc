#include "app/tune_rule_chart.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <optional>
#include <string_view>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace ocelli::app {
namespace {

using Json = nlohmann::ordered_json;

constexpr int kBarColumns = 40;

constexpr double kWidth = 720;
constexpr double kHeight = 400;
constexpr double kLeft = 64;
constexpr double kRight = 656;
constexpr double kTop = 64;
constexpr double kBottom = 336;
constexpr std::string_view kInk = "#7d8590";
constexpr std::string_view kEventsColor = "#2f81f7";
constexpr std::string_view kPrecisionColor = "#d9822b";
constexpr std::string_view kRecallColor = "#3fa45b";

std::uint64_t most_events(const SweepResult& result) {
  std::uint64_t most = 0;
  for (const auto& step : result.steps) most = std::max(most, step.events);
  return most;
}

/// "0.93", or "–" where there is none.
std::string share_text(const std::optional<double>& share) {
  return share ? fmt::format("{:.2f}", *share) : "–";
}

/// Eighths of a column, so that small differences show.
std::string bar(std::uint64_t count, std::uint64_t most) {
  static constexpr std::string_view kEighths[] = {"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};
  if (most == 0) return "";
  const auto eighths = static_cast<std::uint64_t>(
      std::llround(8.0 * kBarColumns * static_cast<double>(count) / static_cast<double>(most)));
  std::string text;
  for (std::uint64_t i = 0; i < eighths / 8; ++i) text += "█";
  return text + std::string(kEighths[eighths % 8]);
}

std::string xml(std::string_view text) {
  std::string safe;
  for (const char c : text) {
    safe += c == '<' ? "&lt;" : c == '>' ? "&gt;" : c == '&' ? "&amp;" : c == '"' ? "&quot;" : std::string(1, c);
  }
  return safe;
}

/// The next of 1, 2, 5, 10, 20, … at or above `value`, so that axes have round numbers.
double round_step(double value) {
  const double power = std::pow(10, std::floor(std::log10(value)));
  for (const double factor : {1.0, 2.0, 5.0}) {
    if (factor * power >= value * (1 - 1e-9)) return factor * power;
  }
  return 10 * power;
}

/// Draws one sweep.
class Drawing {
 public:
  explicit Drawing(const SweepResult& result) : result_(result) {
    const auto [low, high] = std::minmax_element(result.steps.begin(), result.steps.end(),
                                                 [](const auto& a, const auto& b) { return a.value < b.value; });
    low_ = low->value;
    high_ = high->value > low_ ? high->value : low_ + 1;
    tick_ = round_step(std::max(1.0, static_cast<double>(most_events(result)) / 4));
    most_ = tick_ * std::max(1.0, std::ceil(static_cast<double>(most_events(result)) / tick_));
  }

  std::string svg() {
    out("<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {0} {1}\" width=\"{0}\" height=\"{1}\" "
        "font-family=\"system-ui, sans-serif\" font-size=\"12\" fill=\"{2}\">\n",
        kWidth, kHeight, kInk);
    title();
    event_axis();
    value_axis();
    mark_now();
    line(kEventsColor,
         [&](const SweepStep& step) { return std::optional(y_of_events(static_cast<double>(step.events))); });
    if (result_.wanted) shares();
    out("</svg>\n");
    return std::move(text_);
  }

 private:
  template <class... Args>
  void out(fmt::format_string<Args...> format, Args&&... args) {
    fmt::format_to(std::back_inserter(text_), format, std::forward<Args>(args)...);
  }
  double x_of(double value) const { return kLeft + (value - low_) / (high_ - low_) * (kRight - kLeft); }
  double y_of_events(double events) const { return kBottom - events / most_ * (kBottom - kTop); }
  static double y_of_share(double share) { return kBottom - share * (kBottom - kTop); }

  void title() {
    out("<text x=\"{}\" y=\"24\" font-size=\"15\" font-weight=\"600\">{}</text>\n", kLeft,
        xml(fmt::format("{}: {} from {} to {}", result_.rule, result_.key, result_.steps.front().text,
                        result_.steps.back().text)));
    double x = kLeft;
    const auto entry = [&](std::string_view color, std::string_view name) {
      out("<rect x=\"{:.1f}\" y=\"38\" width=\"14\" height=\"4\" rx=\"2\" fill=\"{}\"/>\n", x, color);
      out("<text x=\"{:.1f}\" y=\"44\">{}</text>\n", x + 20, name);
      x += 40 + 7 * static_cast<double>(name.size());
    };
    entry(kEventsColor, "events");
    if (!result_.wanted) return;
    entry(kPrecisionColor, "precision");
    entry(kRecallColor, "recall");
  }

  void event_axis() {
    const int ticks = static_cast<int>(most_ / tick_ + 0.5);
    for (int i = 0; i <= ticks; ++i) {
      const double events = i * tick_;
      const double y = y_of_events(events);
      out("<line x1=\"{}\" y1=\"{:.1f}\" x2=\"{}\" y2=\"{:.1f}\" stroke=\"{}\" stroke-opacity=\"0.25\"/>\n", kLeft, y,
          kRight, y, kInk);
      out("<text x=\"{}\" y=\"{:.1f}\" text-anchor=\"end\">{:.0f}</text>\n", kLeft - 8, y + 4, events);
    }
  }

  /// As many values as there is room for.
  void value_axis() {
    const std::size_t every = (result_.steps.size() + 10) / 11;
    for (std::size_t i = 0; i < result_.steps.size(); i += every) {
      const auto& step = result_.steps[i];
      out("<text x=\"{:.1f}\" y=\"{}\" text-anchor=\"middle\">{}</text>\n", x_of(step.value), kBottom + 18,
          xml(step.text));
    }
    out("<text x=\"{:.1f}\" y=\"{}\" text-anchor=\"middle\">{}</text>\n", (kLeft + kRight) / 2, kBottom + 42,
        xml(result_.key));
  }

  /// The value in force, where it lies in the sweep.
  void mark_now() {
    if (result_.now_value < low_ || result_.now_value > high_) return;
    const double x = x_of(result_.now_value);
    out("<line x1=\"{0:.1f}\" y1=\"{1}\" x2=\"{0:.1f}\" y2=\"{2}\" stroke=\"{3}\" stroke-dasharray=\"3 4\"/>\n", x,
        kTop, kBottom, kInk);
    out("<text x=\"{:.1f}\" y=\"{}\" text-anchor=\"middle\">now {}</text>\n", x, kTop - 6, xml(result_.now));
  }

  void shares() {
    for (const double share : {0.0, 0.5, 1.0}) {
      out("<text x=\"{}\" y=\"{:.1f}\">{:.1f}</text>\n", kRight + 8, y_of_share(share) + 4, share);
    }
    const auto at = [](const std::optional<double>& share) {
      return share ? std::optional(y_of_share(*share)) : std::nullopt;
    };
    line(kPrecisionColor, [&](const SweepStep& step) { return at(step.precision()); });
    line(kRecallColor, [&](const SweepStep& step) { return at(step.recall(*result_.wanted)); });
  }

  template <class Height>
  void line(std::string_view color, const Height& height) {
    std::string points;
    std::string dots;
    for (const auto& step : result_.steps) {
      const std::optional<double> y = height(step);
      if (!y) continue;
      const double x = x_of(step.value);
      fmt::format_to(std::back_inserter(points), "{:.1f},{:.1f} ", x, *y);
      fmt::format_to(std::back_inserter(dots), "<circle cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"3\" fill=\"{}\"/>\n", x, *y,
                     color);
    }
    out("<polyline points=\"{}\" fill=\"none\" stroke=\"{}\" stroke-width=\"2\"/>\n{}", points, color, dots);
  }

  const SweepResult& result_;
  double low_ = 0;
  double high_ = 1;
  double tick_ = 1;
  double most_ = 1;
  std::string text_;
};

}  // namespace

std::string sweep_text(const SweepResult& result) {
  const std::uint64_t most = most_events(result);
  std::string text = fmt::format("{}: {} is {}", result.rule, result.key, result.now);
  if (result.wanted) text += fmt::format("; {} events are wanted", *result.wanted);
  text += fmt::format("\n\n{:>10}  {:>7}", result.key.substr(0, 10), "events");
  if (result.wanted) text += fmt::format("  {:>9}  {:>6}", "precision", "recall");
  text += '\n';
  for (const auto& step : result.steps) {
    text += fmt::format("{:>10}  {:>7}", step.text, step.events);
    if (result.wanted) {
      text += fmt::format("  {:>9}  {:>6}", share_text(step.precision()), share_text(step.recall(*result.wanted)));
    }
    text += "  " + bar(step.events, most) + "\n";
  }
  return text;
}

std::string sweep_svg(const SweepResult& result) {
  return Drawing(result).svg();
}

std::string sweep_json(const SweepResult& result) {
  Json json{{"rule", result.rule}, {"threshold", result.key}, {"unit", result.unit}, {"now", result.now}};
  if (result.wanted) json["wanted"] = *result.wanted;
  json["steps"] = Json::array();
  for (const auto& step : result.steps) {
    Json row{{"value", step.value}, {"text", step.text}, {"events", step.events}};
    if (result.wanted) {
      const auto precision = step.precision();
      const auto recall = step.recall(*result.wanted);
      row["hits"] = step.hits;
      row["precision"] = precision ? Json(*precision) : Json();
      row["recall"] = recall ? Json(*recall) : Json();
    }
    json["steps"].push_back(std::move(row));
  }
  return json.dump(2) + "\n";
}

}  // namespace ocelli::app
