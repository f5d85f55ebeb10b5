// Any text as a site's YAML file: either a configuration that holds what it promises, or problems that can be printed
// and keep secrets.
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/check.h"
#include "config/site_config.h"

namespace {

using ocelli::base::YamlProblem;
using ocelli::config::SiteConfig;

constexpr std::string_view kSecret = "Zq8#vT2!kW";

void check_problem(const YamlProblem& problem, bool may_hold_secret) {
  const std::string line = problem.to_string();
  OC_CHECK(!problem.message.empty());
  OC_CHECK(line.size() < 1'000);
  OC_CHECK(line.find('\n') == std::string::npos);
  OC_CHECK(may_hold_secret || line.find(kSecret) == std::string::npos);
}

void check_site(const SiteConfig& site) {
  OC_CHECK(site.server.port >= 0 && site.server.port <= 65'535);
  OC_CHECK(site.tracker.low_score <= site.tracker.high_score);
  for (const auto& camera : site.cameras) {
    OC_CHECK(!camera.name.empty() && !camera.source.url.empty());
    OC_CHECK(camera.max_fps >= 0 && camera.source.timeout.count() > 0);
    for (const auto& zone : camera.rules.zones) {
      OC_CHECK(zone.corners.size() >= 3);
      for (const auto corner : zone.corners) OC_CHECK(std::isfinite(corner.x) && std::isfinite(corner.y));
    }
    for (const auto& line : camera.rules.lines) OC_CHECK(!(line.from == line.to));
  }
}

}  // namespace

// NOLINTNEXTLINE(readability-identifier-naming): libFuzzer's name
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const bool text_holds_secret = text.find(kSecret) != std::string_view::npos;
  std::vector<YamlProblem> problems;
  const auto site =
      ocelli::config::load_site_config(text, "fuzz.yaml", {{"SECRET", std::string(kSecret)}, {"EMPTY", ""}}, problems);
  for (const auto& problem : problems) check_problem(problem, text_holds_secret);
  if (problems.empty()) check_site(site);
  return 0;
}
