// Any text as a site's YAML, and any as a camera's JSON, separated by a zero: an edit is refused, or leaves a
// configuration with the other cameras as they were.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/check.h"
#include "config/camera_edit.h"
#include "config/site_change.h"

namespace {

using ocelli::base::YamlProblem;
using ocelli::config::EditedSite;
using ocelli::config::SiteConfig;

/// An edit of one camera changes no other.
void check_edit(const SiteConfig& before, const EditedSite& edited, const std::string& name) {
  const auto change = ocelli::config::site_change(before, edited.site);
  OC_CHECK(change.at_next_start.empty());
  for (const auto& camera : change.cameras) OC_CHECK(camera.name == name);
  OC_CHECK(!ocelli::config::change_json(change).empty());
}

}  // namespace

// NOLINTNEXTLINE(readability-identifier-naming): libFuzzer's name
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const std::size_t zero = text.find('\0');
  const std::string yaml(text.substr(0, zero));
  const std::string_view json = zero == std::string_view::npos ? "{\"url\": \"a\"}" : text.substr(zero + 1);
  std::vector<YamlProblem> problems;
  const SiteConfig before = ocelli::config::load_site_config(yaml, "fuzz.yaml", {}, problems);
  for (const std::string name : {"gate", "a"}) {
    if (const auto edited = ocelli::config::set_camera(yaml, "fuzz.yaml", {}, name, json)) {
      check_edit(before, *edited, name);
    }
    if (const auto edited = ocelli::config::remove_camera(yaml, "fuzz.yaml", {}, name)) {
      check_edit(before, *edited, name);
    }
  }
  return 0;
}
