#include "app/site_control.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <system_error>
#include <utility>
#include <variant>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "app/atomic_file.h"
#include "app/sha256.h"
#include "config/camera_edit.h"
#include "config/site_change.h"
#include "media/address.h"

namespace ocelli::app {
namespace {

namespace fs = std::filesystem;
using base::Code;
using base::Error;
using serve::EditAnswer;
using serve::SiteEdit;
using Json = nlohmann::ordered_json;
using Outcome = EditAnswer::Outcome;

constexpr std::size_t kEtagDigits = 16;
constexpr std::uintmax_t kMostBytes = 4U << 20U;  // more is no configuration

/// What tells that a file is another one: editors replace files, and some write into them.
struct FileIdentity {
  fs::file_time_type written;
  std::uintmax_t bytes = 0;
  bool operator==(const FileIdentity&) const = default;
};

std::optional<FileIdentity> identity_of(const std::string& path) {
  std::error_code error;
  const auto written = fs::last_write_time(path, error);
  if (error) return std::nullopt;
  const auto bytes = fs::file_size(path, error);
  if (error) return std::nullopt;
  return FileIdentity{written, bytes};
}

base::Result<std::string> read_text(const std::string& path) {
  const auto identity = identity_of(path);
  if (identity && identity->bytes > kMostBytes) return Error(Code::invalid, path + " is too large for a configuration");
  std::ifstream stream(path, std::ios::binary);
  if (!stream) return Error(Code::unavailable, path + " cannot be read");
  std::string text((std::istreambuf_iterator<char>(stream)), std::istreambuf_iterator<char>());
  if (stream.bad()) return Error(Code::unavailable, path + " cannot be read");
  return text;
}

std::string etag_of(const std::string& text) {
  const auto sum = sha256_of_text(text);
  return sum ? sum->substr(0, kEtagDigits) : "";
}

/// Whoever may read the file may read what replaces it, and nobody else. A link stays one.
base::Status write_text(const std::string& path, const std::string& text) {
  std::error_code error;
  const fs::path target = fs::canonical(path, error);
  if (error) return Error(Code::unavailable, path + " cannot be written: " + error.message());
  const auto permissions = fs::status(target, error).permissions();
  OC_TRY(auto file, AtomicFile::create(target.string()));
  fs::permissions(part_name(target.string()), permissions, error);
  if (error) return Error(Code::unavailable, path + " cannot be written: " + error.message());
  OC_TRY_STATUS(file.write(text));
  return file.commit();
}

Json settings_json(const config::SiteConfig& site) {
  Json json = Json::array();
  for (const auto& [key, value] : config::start_settings(site)) json.push_back({{"key", key}, {"value", value}});
  for (const auto& camera : site.cameras) {
    for (const auto& [key, value] : config::camera_settings(camera)) {
      constexpr std::string_view kOwn = "camera.";
      const std::string rest = key.starts_with(kOwn) ? key.substr(kOwn.size()) : key;
      json.push_back({{"key", fmt::format("cameras.{}.{}", camera.name, rest)},
                      {"value", rest == "url" ? media::redact_url(value) : value}});
    }
  }
  return json;
}

EditAnswer refusal(const Error& error) {
  switch (error.code()) {
    case Code::invalid:
      return {Outcome::invalid, error.message()};
    case Code::not_found:
      return {Outcome::not_found, error.message()};
    case Code::unsupported:
      return {Outcome::conflict, error.message()};
    default:
      return {Outcome::failed, error.message()};
  }
}

bool has_camera(const config::SiteConfig& site, const std::string& name) {
  return std::any_of(site.cameras.begin(), site.cameras.end(),
                     [&](const engine::StreamConfig& camera) { return camera.name == name; });
}

}  // namespace

/// What one run() knows of site and file. For its thread only.
class SiteControl::Session {
 public:
  Session(const SiteControl& control, const Target& target, base::Logger logger, base::Metrics& metrics)
      : control_(control),
        target_(target),
        logger_(std::move(logger)),
        applied_(counter(metrics, "applied")),
        refused_(counter(metrics, "refused")) {
    if (auto text = read_text(control_.file_)) text_ = *std::move(text);
  }

  EditAnswer carry_out(const SiteEdit& edit) {
    const bool changes = !edit.is_trial && !std::holds_alternative<SiteEdit::Look>(edit.what);
    EditAnswer answer = answer_to(edit);
    if (!changes || answer.outcome == Outcome::done) return answer;
    refused_.add();
    logger_.warn("configuration unchanged", {{"reason", answer.text}});
    if (std::holds_alternative<SiteEdit::Reload>(edit.what)) tell_trouble(answer.text);
    return answer;
  }

  /// Reads the file again when it is another one, and was the same twice: it may be under way.
  void look() {
    const auto identity = identity_of(control_.file_);
    if (identity == known_) return;
    if (std::exchange(seen_, identity) != identity) return;
    known_ = identity;
    if (!identity) return tell_trouble(control_.file_ + " is gone");
    carry_out(SiteEdit{SiteEdit::Reload{}, false, ""});
  }

 private:
  static base::Counter counter(base::Metrics& metrics, const char* outcome) {
    return metrics.counter("ocelli_config_changes_total", "Changes of the configuration while running, by outcome",
                           {{"outcome", outcome}});
  }

  void tell_trouble(const std::string& reason) const {
    target_.tell_trouble("the configuration file is not in force: " + reason);
  }

  EditAnswer answer_to(const SiteEdit& edit) {
    const auto text = read_text(control_.file_);
    if (!text) return refusal(text.error());
    if (!edit.etag.empty() && edit.etag != etag_of(*text)) {
      return {Outcome::stale, "the configuration was changed by somebody else; look at it again", etag_of(*text)};
    }
    if (std::holds_alternative<SiteEdit::Look>(edit.what)) return description(*text);
    auto wanted = wanted_text(edit, *text);
    if (!wanted) return refusal(wanted.error());
    if (wanted->outcome != Outcome::done) return *wanted;
    return settle(*text, std::move(wanted->text), edit.is_trial);
  }

  EditAnswer description(const std::string& text) const {
    const Json json{{"file", control_.file_}, {"settings", settings_json(target_.running())}};
    return {Outcome::done, json.dump(-1, ' ', false, Json::error_handler_t::replace), etag_of(text)};
  }

  /// The file as it is to be, as the text of an answer; or why not.
  base::Result<EditAnswer> wanted_text(const SiteEdit& edit, const std::string& text) const {
    const auto environment = config::process_environment();
    if (const auto* whole = std::get_if<SiteEdit::Replace>(&edit.what)) return EditAnswer{Outcome::done, whole->yaml};
    if (const auto* gone = std::get_if<SiteEdit::RemoveCamera>(&edit.what)) {
      OC_TRY(auto edited, config::remove_camera(text, control_.file_, environment, gone->name));
      return EditAnswer{Outcome::done, std::move(edited.yaml)};
    }
    const auto* camera = std::get_if<SiteEdit::SetCamera>(&edit.what);
    if (camera == nullptr) return EditAnswer{Outcome::done, text};
    using When = SiteEdit::SetCamera::When;
    if (camera->when != When::always) {
      OC_TRY(const auto before, control_.load_(text));
      const bool is_there = has_camera(before, camera->name);
      if (is_there && camera->when == When::is_absent) {
        return EditAnswer{Outcome::conflict, fmt::format("there is a camera '{}' already", camera->name)};
      }
      if (!is_there && camera->when == When::is_present) {
        return EditAnswer{Outcome::not_found, fmt::format("no camera '{}'", camera->name)};
      }
    }
    OC_TRY(auto edited, config::set_camera(text, control_.file_, environment, camera->name, camera->json));
    return EditAnswer{Outcome::done, std::move(edited.yaml)};
  }

  /// Check, carry out, write: in this order, and back where a step fails.
  EditAnswer settle(const std::string& before, std::string wanted, bool is_trial) {
    const auto site = control_.load_(wanted);
    if (!site) return refusal(site.error());
    const auto running = target_.running();
    const auto change = config::site_change(running, *site);
    if (is_trial) return told(change, false, before);
    if (const auto status = target_.change(*site); !status) return refusal(status.error());
    if (const auto written = write(before, wanted); !written) {
      if (const auto undone = target_.change(running); !undone) {
        logger_.error("the change could not be undone", {{"reason", undone.error().message()}});
      }
      return refusal(written.error());
    }
    const bool is_news = wanted != text_ || !change.is_empty();
    remember(std::move(wanted));
    for (const auto& line : config::change_lines(change)) logger_.info("configuration changed", {{"change", line}});
    if (is_news) applied_.add();
    target_.tell_trouble(std::nullopt);
    return told(change, true, text_);
  }

  static EditAnswer told(const config::SiteChange& change, bool is_applied, const std::string& text) {
    const std::string applied = is_applied ? R"({"applied":true,)" : R"({"applied":false,)";
    return {Outcome::done, applied + config::change_json(change).substr(1), etag_of(text)};
  }

  /// Unless it says that already.
  base::Status write(const std::string& before, const std::string& wanted) const {
    if (before == wanted) return {};
    const auto now = read_text(control_.file_);
    if (!now || *now != before) return Error(Code::unavailable, control_.file_ + " was changed meanwhile; try again");
    return write_text(control_.file_, wanted);
  }

  void remember(std::string text) {
    known_ = seen_ = identity_of(control_.file_);
    if (text == text_) return;
    if (const auto kept = keep(text_); !kept) {
      logger_.warn("the earlier configuration could not be kept", {{"reason", kept.error().message()}});
    }
    text_ = std::move(text);
  }

  /// In the history beside the file.
  base::Status keep(const std::string& text) const {
    const fs::path folder = control_.file_ + ".history";
    OC_TRY_STATUS(ensure_output_folder(folder.string()));
    std::string stamp = base::format_wall_time(control_.clock_.wall_now());
    std::erase_if(stamp, [](char c) { return c == '-' || c == ':' || c == '.'; });
    std::error_code error;
    fs::permissions(folder, fs::perms::owner_all, error);  // addresses hold log-ins
    if (error) return Error(Code::unavailable, folder.string() + ": " + error.message());
    OC_TRY(auto file, AtomicFile::create((folder / (stamp + ".yaml")).string()));
    OC_TRY_STATUS(file.write(text));
    OC_TRY_STATUS(file.commit());
    return drop_oldest(folder);
  }

  static base::Status drop_oldest(const fs::path& folder) {
    std::vector<std::string> names;
    std::error_code error;
    for (const auto& entry : fs::directory_iterator(folder, error)) {
      if (entry.path().extension() == ".yaml") names.push_back(entry.path().string());
    }
    std::sort(names.begin(), names.end());
    for (std::size_t i = 0; i + kHistory < names.size(); ++i) OC_TRY_STATUS(remove_file(names[i]));
    return {};
  }

  const SiteControl& control_;
  const Target& target_;
  const base::Logger logger_;
  base::Counter applied_;
  base::Counter refused_;
  std::string text_;  // what is in force
  // Of the file as it was last read here. None at first: it may have changed since the site was made from it.
  std::optional<FileIdentity> known_;
  std::optional<FileIdentity> seen_;  // at the last look
};

SiteControl::SiteControl(std::string file, Load load, const base::Clock& clock, std::chrono::milliseconds look)
    : file_(std::move(file)), load_(std::move(load)), clock_(clock), look_(look) {}

void SiteControl::submit(SiteEdit edit, Done done) {
  const char* refused = "this server ends";
  {
    const base::MutexLock lock(mutex_);
    if (!closed_ && orders_.size() < kMostEdits) {
      orders_.push_back({std::move(edit), std::move(done)});
      arrived_.notify_all();
      return;
    }
    if (!closed_) refused = "too many changes wait already";
  }
  if (done) done({Outcome::busy, refused});
}

void SiteControl::reload() {
  submit(SiteEdit{SiteEdit::Reload{}, false, ""}, nullptr);
}

std::optional<SiteControl::Order> SiteControl::next(const std::stop_token& stop) {
  const base::MutexLock lock(mutex_);
  arrived_.wait_until(mutex_, stop, std::chrono::steady_clock::now() + look_,
                      [&]() OC_REQUIRES(mutex_) { return !orders_.empty(); });
  if (orders_.empty() || stop.stop_requested()) return std::nullopt;
  Order order = std::move(orders_.front());
  orders_.pop_front();
  return order;
}

void SiteControl::run(const Target& target, const base::Logger& logger, base::Metrics& metrics,
                      const std::stop_token& stop) {
  Session session(*this, target, logger, metrics);
  while (!stop.stop_requested()) {
    if (const auto order = next(stop)) {
      const auto answer = session.carry_out(order->edit);
      if (order->done) order->done(answer);
    } else if (!stop.stop_requested()) {
      session.look();
    }
  }
  close();
}

void SiteControl::close() {
  std::deque<Order> orders;
  {
    const base::MutexLock lock(mutex_);
    closed_ = true;
    orders.swap(orders_);
  }
  for (const auto& order : orders) {
    if (order.done) order.done({Outcome::busy, "this server ends"});
  }
}

}  // namespace ocelli::app
