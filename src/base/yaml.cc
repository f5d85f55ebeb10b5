#include "base/yaml.h"

#include <charconv>
#include <deque>
#include <istream>
#include <map>
#include <streambuf>
#include <system_error>

#include <fmt/format.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include "base/check.h"
#include "base/yaml_text.h"

namespace ocelli::base {
namespace {

constexpr std::size_t kMaxBytes = 4U << 20U;
constexpr std::size_t kMaxDepth = 64;
constexpr std::size_t kMaxValues = 250'000;
constexpr std::size_t kMaxOpenBrackets = 1'000;

/// Text as an input stream, without a copy.
class TextBuffer : public std::streambuf {
 public:
  explicit TextBuffer(std::string_view text) {
    char* begin = const_cast<char*>(text.data());  // NOLINT(cppcoreguidelines-pro-type-const-cast): never written to
    setg(begin, begin, begin + text.size());
  }
};

struct Place {
  int line = 0;
  int column = 0;
};

Place place_of(const YAML::Mark& mark) {
  return mark.is_null() ? Place{} : Place{.line = mark.line + 1, .column = mark.column + 1};
}

/// Thrown inside yaml-cpp's parser, caught in parse().
struct Refusal {
  Place place;
  std::string message;
};

/// Where more brackets are open than any sane file has; counted without regard to quotes and comments, hence generous.
/// The scanner of yaml-cpp queues all tokens of an open bracket before it hands out the first, some hundred bytes each.
std::optional<Place> bracket_flood(std::string_view text) {
  std::size_t open = 0;
  Place place{.line = 1, .column = 0};
  for (const char c : text) {
    ++place.column;
    if (c == '\n') place = {.line = place.line + 1, .column = 0};
    if (c == '[' || c == '{') ++open;
    if ((c == ']' || c == '}') && open > 0) --open;
    if (open > kMaxOpenBrackets) return place;
  }
  return std::nullopt;
}

}  // namespace

std::string YamlProblem::to_string() const {
  if (line == 0) return file + ": " + message;
  return fmt::format("{}:{}:{}: {}", file, line, column, message);
}

struct YamlValue::Node {
  enum class Kind { null, plain, quoted, list, map };
  struct Entry {
    std::string key;
    Node* value = nullptr;
  };

  Kind kind = Kind::null;
  const Document* document = nullptr;
  Place place;
  std::string text;
  std::vector<Node*> items;
  std::vector<Entry> entries;
  std::size_t value_count = 1;  ///< with all that it holds, aliases written out
  bool complete = true;

  bool is_scalar() const { return kind == Kind::plain || kind == Kind::quoted; }

  /// For "expected …, found …".
  std::string description() const {
    switch (kind) {
      case Kind::null:
        return "nothing";
      case Kind::plain:
        return shown(text);
      case Kind::quoted:
        return "the text " + shown(text);
      case Kind::list:
        return "a list";
      case Kind::map:
        return "a mapping";
    }
    return "nothing";
  }
};

/// Owns the nodes, which point at each other freely.
struct YamlValue::Document {
  std::string file;
  std::deque<Node> nodes;
  std::map<std::pair<const Node*, std::string>, Place> key_places;
};

/// Builds the nodes from the parser's events. Our own tree instead of yaml-cpp's: bounded while it grows, and with the
/// places of keys.
class YamlValue::Builder : public YAML::EventHandler {
 public:
  explicit Builder(Document& document) : document_(document) {}

  Node* root() { return root_; }

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (document_count_++ > 0) throw Refusal{place_of(mark), "a second document begins here; only one is read"};
  }
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override { add(mark, "", anchor, Node::Kind::null, {}); }
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    add(mark, tag, anchor, tag == "!" ? Node::Kind::quoted : Node::Kind::plain, value);
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value /*style*/) override {
    open(mark, tag, anchor, Node::Kind::list);
  }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value /*style*/) override {
    open(mark, tag, anchor, Node::Kind::map);
  }
  void OnSequenceEnd() override { close(); }
  void OnMapEnd() override { close(); }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    const auto found = anchors_.find(anchor);
    if (found == anchors_.end() || !found->second->complete) {
      throw Refusal{place_of(mark), "this alias refers to a value that contains it"};
    }
    attach(found->second, place_of(mark));
  }

 private:
  struct Level {
    Node* node = nullptr;
    std::optional<Node::Entry> key;  ///< maps: read, waiting for its value
  };

  Node* make(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor, Node::Kind kind) {
    const Place place = place_of(mark);
    if (!tag.empty() && tag != "?" && tag != "!") throw Refusal{place, "tags such as " + shown(tag) + " are not read"};
    if (document_.nodes.size() >= kMaxValues) throw too_long(place);
    Node& node = document_.nodes.emplace_back();
    node.kind = kind;
    node.document = &document_;
    node.place = place;
    if (anchor != YAML::NullAnchor) anchors_[anchor] = &node;
    return &node;
  }

  void add(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor, Node::Kind kind,
           const std::string& text) {
    Node* node = make(mark, tag, anchor, kind);
    node->text = text;
    attach(node, node->place);
  }

  void open(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor, Node::Kind kind) {
    Node* node = make(mark, tag, anchor, kind);
    if (levels_.size() >= kMaxDepth) {
      throw Refusal{node->place, fmt::format("nested deeper than {} levels", kMaxDepth)};
    }
    node->complete = false;
    levels_.push_back({.node = node, .key = {}});
  }

  void close() {
    Node* node = levels_.back().node;
    levels_.pop_back();
    node->complete = true;
    attach(node, node->place);
  }

  /// Puts a finished value where it belongs: a map's key, a map's value, a list's item, or the document's root.
  void attach(Node* node, Place place) {
    if (levels_.empty()) {
      root_ = node;
      return;
    }
    Level& level = levels_.back();
    if (level.node->kind == Node::Kind::map && !level.key) {
      level.key = key_of(*level.node, *node, place);
      return;
    }
    level.node->value_count += node->value_count;
    if (level.node->value_count > kMaxValues) throw too_long(place);
    if (level.node->kind == Node::Kind::list) {
      level.node->items.push_back(node);
      return;
    }
    level.key->value = node;
    level.node->entries.push_back(*std::exchange(level.key, std::nullopt));
  }

  Node::Entry key_of(const Node& map, const Node& key, Place place) {
    if (!key.is_scalar()) throw Refusal{place, "expected a name before ':', found " + key.description()};
    const auto [first, added] = document_.key_places.try_emplace({&map, key.text}, place);
    if (!added) {
      throw Refusal{place, fmt::format("key {} is here a second time; the first is in line {}", shown(key.text),
                                       first->second.line)};
    }
    return {.key = key.text, .value = nullptr};
  }

  static Refusal too_long(Place place) {
    return {place, fmt::format("holds more than {} values, aliases written out", kMaxValues)};
  }

  Document& document_;
  Node* root_ = nullptr;
  int document_count_ = 0;
  std::vector<Level> levels_;
  std::map<YAML::anchor_t, Node*> anchors_;
};

std::optional<YamlValue> YamlValue::parse(std::string_view text, const std::string& file,
                                          std::vector<YamlProblem>& problems) {
  const auto refuse = [&](Place place, std::string message) {
    problems.push_back({file, place.line, place.column, std::move(message)});
    return std::nullopt;
  };
  if (text.size() > kMaxBytes) return refuse({}, fmt::format("is larger than {} MiB", kMaxBytes >> 20U));
  if (const auto place = bracket_flood(text)) return refuse(*place, "too many brackets are open here");
  auto document = std::make_shared<Document>();
  document->file = file;
  Builder builder(*document);
  try {
    TextBuffer buffer(text);
    std::istream stream(&buffer);
    YAML::Parser parser(stream);
    while (parser.HandleNextDocument(builder)) {
    }
  } catch (const Refusal& refusal) {
    return refuse(refusal.place, refusal.message);
  } catch (const YAML::Exception& error) {
    return refuse(place_of(error.mark), "not valid YAML: " + one_line(error.msg));
  } catch (const std::exception& error) {
    return refuse({}, "not valid YAML: " + one_line(error.what()));
  }
  Node* root = builder.root();
  if (root == nullptr) {  // an empty file
    root = &document->nodes.emplace_back();
    root->document = document.get();
    root->place = {.line = 1, .column = 1};
  }
  return YamlValue(std::shared_ptr<const Node>(std::move(document), root));
}

Result<YamlValue> YamlValue::parse(std::string_view text, const std::string& file) {
  std::vector<YamlProblem> problems;
  auto value = parse(text, file, problems);
  if (!value) return yaml_error(problems);
  return *std::move(value);
}

YamlValue YamlValue::scalar(std::string text, std::string origin) {
  auto document = std::make_shared<Document>();
  document->file = std::move(origin);
  Node& node = document->nodes.emplace_back();
  node.kind = Node::Kind::plain;
  node.document = document.get();
  node.text = std::move(text);
  return YamlValue(std::shared_ptr<const Node>(std::move(document), &node));
}

bool YamlValue::is_map() const {
  return node_->kind == Node::Kind::map;
}
bool YamlValue::is_list() const {
  return node_->kind == Node::Kind::list;
}
bool YamlValue::is_null() const {
  return node_->kind == Node::Kind::null;
}

YamlProblem YamlValue::problem(std::string message) const {
  return {node_->document->file, node_->place.line, node_->place.column, std::move(message)};
}

YamlProblem YamlValue::key_problem(const std::string& key, std::string message) const {
  const auto found = node_->document->key_places.find({node_.get(), key});
  OC_CHECK(found != node_->document->key_places.end());
  return {node_->document->file, found->second.line, found->second.column, std::move(message)};
}

std::optional<std::string> YamlValue::as_string(std::vector<YamlProblem>& problems) const {
  if (node_->is_scalar()) return node_->text;
  problems.push_back(problem("expected a text, found " + node_->description()));
  return std::nullopt;
}

std::optional<bool> YamlValue::as_bool(std::vector<YamlProblem>& problems) const {
  if (node_->kind == Node::Kind::plain && node_->text == "true") return true;
  if (node_->kind == Node::Kind::plain && node_->text == "false") return false;
  problems.push_back(problem("expected true or false, found " + node_->description()));
  return std::nullopt;
}

std::optional<std::int64_t> YamlValue::as_integer(std::vector<YamlProblem>& problems) const {
  std::string_view digits = node_->text;
  if (digits.starts_with('+')) digits.remove_prefix(1);
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  const bool signs_fit = node_->text.find("+-") == std::string::npos;
  if (node_->kind == Node::Kind::plain && error == std::errc{} && end == digits.data() + digits.size() && signs_fit) {
    return value;
  }
  problems.push_back(problem("expected a whole number, found " + node_->description()));
  return std::nullopt;
}

std::optional<double> YamlValue::as_number(std::vector<YamlProblem>& problems) const {
  std::string_view digits = node_->text;
  if (digits.starts_with('+')) digits.remove_prefix(1);
  double value = 0;
  // from_chars would also take "inf" and "nan".
  const bool looks_right = digits.find_first_not_of("0123456789+-.eE") == std::string_view::npos &&
                           node_->text.find("+-") == std::string::npos;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (node_->kind == Node::Kind::plain && looks_right && error == std::errc{} && end == digits.data() + digits.size()) {
    return value;
  }
  problems.push_back(problem("expected a number, found " + node_->description()));
  return std::nullopt;
}

std::vector<YamlValue> YamlValue::as_list(std::vector<YamlProblem>& problems) const {
  std::vector<YamlValue> values;
  if (!is_list()) {
    problems.push_back(problem("expected a list, found " + node_->description()));
    return values;
  }
  values.reserve(node_->items.size());
  for (const Node* item : node_->items) values.push_back(YamlValue(std::shared_ptr<const Node>(node_, item)));
  return values;
}

std::vector<std::pair<std::string, YamlValue>> YamlValue::as_map(std::vector<YamlProblem>& problems) const {
  std::vector<std::pair<std::string, YamlValue>> entries;
  if (!is_map()) {
    problems.push_back(problem("expected a mapping (key: value), found " + node_->description()));
    return entries;
  }
  entries.reserve(node_->entries.size());
  for (const auto& entry : node_->entries) {
    entries.emplace_back(entry.key, YamlValue(std::shared_ptr<const Node>(node_, entry.value)));
  }
  return entries;
}

}  // namespace ocelli::base
