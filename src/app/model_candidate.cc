#include "app/model_candidate.h"

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <new>
#include <unistd.h>
#include <utility>

#include <fmt/format.h>

#include "app/command.h"
#include "app/model_setup.h"
#include "app/precision_option.h"
#include "base/memory.h"
#include "base/subprocess.h"
#include "infer/deployment.h"
#include "infer/model_store.h"
#include "media/frame_reader.h"

namespace ocelli::app {
namespace {

namespace fs = std::filesystem;
using base::Code;
using base::Error;

constexpr int kRunsPerPicture = 5;
constexpr std::chrono::seconds kTimeLimit{120};
constexpr std::uint64_t kMib = 1024 * 1024;
constexpr int kSignalled = 128;  // exit codes above are signals: see base::SubprocessResult

/// Gone with everything in it at the end of its scope.
class PictureFolder {
 public:
  static base::Result<PictureFolder> create() {
    std::error_code error;
    std::string name = (fs::temp_directory_path(error) / "ocelli-candidate-XXXXXX").string();
    if (error || ::mkdtemp(name.data()) == nullptr) {
      return Error(Code::unavailable, "no place for pictures in the folder for temporary files; set TMPDIR");
    }
    return PictureFolder(std::move(name));
  }
  ~PictureFolder() {
    std::error_code ignored;
    if (!path_.empty()) fs::remove_all(path_, ignored);
  }
  PictureFolder(PictureFolder&& other) noexcept : path_(std::exchange(other.path_, {})) {}
  PictureFolder& operator=(PictureFolder&&) = delete;

  base::Result<std::string> add(const media::Bytes& jpeg) {
    std::string name = fmt::format("{}/{}.jpg", path_, count_++);
    std::ofstream file(name, std::ios::binary);
    file.write(reinterpret_cast<const char*>(jpeg.data()), static_cast<std::streamsize>(jpeg.size()));
    file.close();
    if (!file) return Error(Code::unavailable, "cannot write " + name + ": " + std::strerror(errno));
    return name;
  }

 private:
  explicit PictureFolder(std::string path) : path_(std::move(path)) {}
  std::string path_;
  int count_ = 0;
};

std::vector<std::string> command_line(const config::ModelConfig& config, int memory_mib) {
  std::vector<std::string> arguments{"/proc/self/exe", "models", "try", config.name};
  if (!config.cards.empty()) arguments.insert(arguments.end(), {"--cards", config.cards});
  if (!config.store.empty()) arguments.insert(arguments.end(), {"--store", config.store});
  arguments.insert(arguments.end(), {"--precision", precision_choice_name(config.precision)});
  arguments.insert(arguments.end(), {"--memory-mib", std::to_string(memory_mib)});
  return arguments;
}

/// What it said last, without the program's name.
std::string last_words(std::string output) {
  while (!output.empty() && output.back() == '\n') output.pop_back();
  output.erase(0, output.find_last_of('\n') + 1);  // npos + 1 is 0: the whole line
  constexpr std::string_view kPrefix = "ocelli: ";
  if (output.starts_with(kPrefix)) output.erase(0, kPrefix.size());
  return output;
}

base::Status try_elsewhere(const config::ModelConfig& config, const std::vector<media::Bytes>& pictures, int memory_mib,
                           const std::stop_token& stop) {
  OC_TRY(auto folder, PictureFolder::create());
  base::SubprocessConfig process{.arguments = command_line(config, memory_mib), .time_limit = kTimeLimit};
  for (const auto& picture : pictures) {
    OC_TRY(auto file, folder.add(picture));
    process.arguments.push_back(std::move(file));
  }
  const auto result = base::run_subprocess(process, stop);
  if (!result && result.error().code() == Code::unavailable) {
    return Error(Code::invalid, fmt::format("it was tried in a process of its own and did not come to an end in {} s",
                                            kTimeLimit.count()));
  }
  OC_TRY_STATUS(result);
  if (result->exit_code == 0) return {};
  if (result->exit_code > kSignalled) {
    const int signal = result->exit_code - kSignalled;
    return Error(Code::invalid, fmt::format("it was tried in a process of its own and ended that by signal {} ({})",
                                            signal, ::strsignal(signal)));
  }
  return Error(Code::invalid, last_words(result->output));
}

/// What a candidate may have when nobody says: YOLOv8n, with 13 MB of weights, takes 144 MiB.
base::Result<std::uint64_t> usual_memory_mib(const config::ModelConfig& config) {
  constexpr std::uint64_t kAnyModel = 1024;
  constexpr std::uint64_t kPerWeights = 8;
  OC_TRY(const auto store, infer::ModelStore::open({config.cards, config.store}));
  OC_TRY(const auto card, store.card(config.name));
  OC_TRY(const auto deployment, infer::choose_deployment(store, card, config.precision));
  std::error_code absent;  // is told when it is loaded
  const std::uintmax_t weights = fs::file_size(deployment.weights_path, absent);
  const std::uint64_t wanted = kAnyModel + (absent ? 0 : kPerWeights * weights / kMib);
  const auto machine = static_cast<std::uint64_t>(::sysconf(_SC_PHYS_PAGES)) *
                       static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE)) / kMib;
  return std::min(wanted, machine / 2);
}

/// For handlers, which can be given nothing.
std::string& words_for_too_much_memory() {
  static std::string words;
  return words;
}

std::string too_much_memory(std::uint64_t memory_mib) {
  return fmt::format("the candidate wanted more than {} MiB of memory: see updates.memory_mib", memory_mib);
}

/// Instead of std::bad_alloc, which would have to find its way through the runtime's threads.
[[noreturn]] void end_for_too_much_memory() {
  const auto& words = words_for_too_much_memory();
  [[maybe_unused]] const auto told = ::write(STDERR_FILENO, words.data(), words.size());
  std::_Exit(static_cast<int>(ExitCode::model));
}

base::Status load_and_run(const config::ModelConfig& config, const std::vector<std::string>& pictures,
                          base::Clock& clock, const std::stop_token& stop) {
  OC_TRY(const auto model, load_model(config, infer::Task::detection));
  OC_TRY(const auto detector, model.make_detector());
  for (const auto& picture : pictures) {
    OC_TRY(const auto reader, media::FrameReader::open({picture}, clock, stop));
    OC_TRY(const auto frame, reader->next());
    for (int run = 0; run < kRunsPerPicture; ++run) OC_TRY_STATUS(detector->detect(*frame, nullptr));
  }
  return {};
}

}  // namespace

base::Status try_detector(const config::ModelConfig& config, const std::vector<std::string>& pictures, int memory_mib,
                          base::Clock& clock, const std::stop_token& stop) {
  auto bound_mib = static_cast<std::uint64_t>(memory_mib);
  if (memory_mib == 0) {
    OC_TRY(bound_mib, usual_memory_mib(config));
  }
  words_for_too_much_memory() = "ocelli: " + too_much_memory(bound_mib) + "\n";
  OC_TRY_STATUS(base::bound_growth(bound_mib * kMib));
  std::set_new_handler(end_for_too_much_memory);
  auto outcome = load_and_run(config, pictures, clock, stop);
  if (!outcome && outcome.error().code() == Code::exhausted)
    return Error(Code::unsupported, too_much_memory(bound_mib));
  return outcome;
}

base::Result<infer::LoadedModelPtr> load_candidate(const config::ModelConfig& config,
                                                   const std::vector<media::Bytes>& pictures,
                                                   const CandidateBounds& bounds, const std::stop_token& stop) {
  OC_TRY_STATUS(try_elsewhere(config, pictures, bounds.memory_mib, stop));
  OC_TRY(auto model, load_model(config, infer::Task::detection, bounds.parallel_runs));
  return infer::LoadedModelPtr(std::make_shared<infer::LoadedModel>(std::move(model)));
}

}  // namespace ocelli::app
