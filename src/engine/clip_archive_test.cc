#include "engine/clip_archive.h"

#include <csignal>
#include <filesystem>
#include <memory>
#include <set>
#include <sys/resource.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

#include <gmock/gmock.h>

#include "media/source.h"
#include "media/testing/clip.h"

namespace ocelli::engine {
namespace {

using media::testing::make_clip;
using media::testing::TemporaryFolder;
using media::testing::write_file;
using ::testing::ElementsAre;
using Outcome = ClipArchive::Outcome;
namespace fs = std::filesystem;

const base::WallTime kMorning{std::chrono::seconds(1'700'000'000)};  // 2023-11-14T22:13:20Z

class ClipArchiveTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    suite_folder = std::make_unique<TemporaryFolder>();
    ASSERT_TRUE(make_clip(*suite_folder / "a.mp4", 100, "-c:v libx264 -g 10 -bf 0 -b:v 2M"));
  }
  static void TearDownTestSuite() { suite_folder.reset(); }

  void SetUp() override {
    clip_ = *suite_folder / "a.mp4";
    order_.folder = folder_ / "clips";
    order_.name = clip_name("gate", kMorning, 7);
    order_.event = "gate/7";
    order_.folder_bytes = 100 << 20;
    order_.most_waiting_bytes = 100 << 20;
    order_.written = metrics_.counter("ocelli_written_total", "test");
    order_.dropped = metrics_.counter("ocelli_dropped_total", "test");
  }

  /// Writes the whole of a.mp4 as one clip.
  void record(ClipArchive& archive, const ClipOrder& order) {
    const auto source = media::Source::open({.url = clip_}, clock_, {});
    const auto clip = archive.begin(order, *media::ClipFormat::of(**source));
    while (auto packet = (*source)->read()) {
      std::vector<media::Packet> packets;
      packets.push_back(*std::move(packet));
      if (archive.append(clip, std::move(packets)) != Outcome::taken) break;
    }
    archive.end(clip);
  }

  std::set<std::string> stored() const {
    std::set<std::string> names;
    for (const auto& entry : fs::directory_iterator(order_.folder)) names.insert(entry.path().filename().string());
    return names;
  }

  static inline std::unique_ptr<TemporaryFolder> suite_folder;
  TemporaryFolder folder_;
  std::string clip_;
  base::SystemClock clock_;
  base::Metrics metrics_;
  ClipOrder order_;
};

TEST_F(ClipArchiveTest, NamesClipsByCameraTimeAndEvent) {
  EXPECT_EQ(clip_name("gate", kMorning, 7), "gate-20231114T221320000Z-7");
  EXPECT_EQ(clip_name("../a b.mp4", kMorning, 7), "___a_b_mp4-20231114T221320000Z-7");
}

TEST_F(ClipArchiveTest, GivesAClipItsNameWhenItIsComplete) {
  ClipArchive archive;
  record(archive, order_);
  archive.close();
  EXPECT_THAT(stored(), ElementsAre("gate-20231114T221320000Z-7.mp4"));
  EXPECT_EQ(order_.written.value(), 1);
  EXPECT_EQ(order_.waiting_bytes->load(), 0U);
}

TEST_F(ClipArchiveTest, DropsAClipWhenTheDiskIsFull) {
  // A child process of its own, since the limit holds for the whole process.
  const pid_t child = fork();
  if (child == 0) {
    std::signal(SIGXFSZ, SIG_IGN);
    const rlimit limit{20'000, 20'000};
    setrlimit(RLIMIT_FSIZE, &limit);
    ClipArchive archive;
    record(archive, order_);
    archive.close();
    _exit(order_.dropped.value() == 1 && order_.written.value() == 0 && stored().empty() ? 0 : 1);
  }
  int status = -1;
  waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
}

TEST_F(ClipArchiveTest, DropsAClipWhoseFolderCannotBe) {
  std::vector<std::string> lines;
  base::Logger::Config config;
  config.output = [&](std::string_view line) { lines.emplace_back(line); };
  order_.logger = base::Logger(config, clock_);
  order_.folder = clip_ + "/clips";
  ClipArchive archive;
  record(archive, order_);
  archive.close();
  EXPECT_EQ(order_.dropped.value(), 1);
  EXPECT_THAT(lines, ElementsAre(::testing::AllOf(::testing::HasSubstr("cannot make the folder"),
                                                  ::testing::HasSubstr("gate/7"))));
}

TEST_F(ClipArchiveTest, GivesAClipUpRatherThanWaitForTheDisk) {
  order_.most_waiting_bytes = 50'000;
  order_.waiting_bytes->store(49'900);  // as if the disk had taken nothing yet
  ClipArchive archive;
  const auto source = media::Source::open({.url = clip_}, clock_, {});
  const auto clip = archive.begin(order_, *media::ClipFormat::of(**source));
  std::vector<media::Packet> packets;
  packets.push_back(*(*source)->read());
  EXPECT_EQ(archive.append(clip, std::move(packets)), Outcome::too_slow);
  archive.close();
  EXPECT_FALSE(fs::exists(order_.folder));
}

TEST_F(ClipArchiveTest, RemovesThePartOfAClipThatIsGivenUp) {
  ClipArchive archive;
  const auto source = media::Source::open({.url = clip_}, clock_, {});
  const auto clip = archive.begin(order_, *media::ClipFormat::of(**source));
  const auto append_one = [&] {
    std::vector<media::Packet> packets;
    packets.push_back(*(*source)->read());
    return archive.append(clip, std::move(packets));
  };
  ASSERT_EQ(append_one(), Outcome::taken);
  order_.waiting_bytes->fetch_add(200 << 20);
  EXPECT_EQ(append_one(), Outcome::too_slow);
  archive.close();
  EXPECT_TRUE(!fs::exists(order_.folder) || stored().empty());
  EXPECT_EQ(order_.written.value(), 0);
}

TEST_F(ClipArchiveTest, RemovesTheOldestClipsAndNothingElse) {
  fs::create_directories(order_.folder);
  const auto old_clip = [&](const std::string& name) {
    write_file((fs::path(order_.folder) / name).string(), std::string(250'000, 'x'));
  };
  old_clip("zoo-20200101T000000000Z-1.mp4");
  old_clip("gate-20210101T000000000Z-1.mkv.part");
  old_clip("gate-20220101T000000000Z-2.mp4");
  old_clip("holiday.mp4");
  order_.folder_bytes = 700'000;
  ClipArchive archive;
  record(archive, order_);
  archive.close();
  const auto bytes = fs::file_size(fs::path(order_.folder) / "gate-20231114T221320000Z-7.mp4");
  ASSERT_GT(bytes, 250'000U);
  ASSERT_LT(bytes, 350'000U) << "two more fit";
  EXPECT_THAT(stored(), ElementsAre("gate-20220101T000000000Z-2.mp4", "gate-20231114T221320000Z-7.mp4", "holiday.mp4"));
}

TEST_F(ClipArchiveTest, EndsAClipThatWouldFillTheFolder) {
  order_.folder_bytes = 300'000;
  ClipArchive archive;
  record(archive, order_);
  archive.close();
  EXPECT_EQ(order_.written.value(), 1);
  EXPECT_LT(fs::file_size(fs::path(order_.folder) / "gate-20231114T221320000Z-7.mp4"), 300'000U);
}

TEST_F(ClipArchiveTest, HoldsTheBoundForClipsThatGrowAtTheSameTime) {
  constexpr int kCameras = 4;
  constexpr std::uint64_t kFragment = 60'000;  // comes in one piece: one group of pictures
  order_.folder_bytes = 600'000;
  fs::create_directories(order_.folder);
  write_file((fs::path(order_.folder) / "zoo-20200101T000000000Z-1.mp4").string(), std::string(250'000, 'x'));
  ClipArchive archive;
  struct Camera {
    std::unique_ptr<media::Source> source;
    std::shared_ptr<PendingClip> clip;
  };
  std::vector<Camera> cameras;
  for (int i = 0; i < kCameras; ++i) {
    order_.name = clip_name("camera" + std::to_string(i), kMorning + std::chrono::seconds(i), 1);
    auto source = media::Source::open({.url = clip_}, clock_, {});
    auto clip = archive.begin(order_, *media::ClipFormat::of(**source));
    cameras.push_back({*std::move(source), std::move(clip)});
  }
  std::uint64_t most = 0;
  for (int picture = 0; picture < 100; ++picture) {
    for (Camera& camera : cameras) {
      std::vector<media::Packet> packets;
      packets.push_back(*camera.source->read());
      archive.append(camera.clip, std::move(packets));
    }
    while (order_.waiting_bytes->load() > 0) std::this_thread::yield();
    std::uint64_t total = 0;
    for (const auto& name : stored()) total += fs::file_size(fs::path(order_.folder) / name);
    most = std::max(most, total);
  }
  for (const Camera& camera : cameras) archive.end(camera.clip);
  archive.close();
  EXPECT_LE(most, order_.folder_bytes + kFragment);
  EXPECT_GT(most, order_.folder_bytes / 3) << "so that the bound was at stake";
  EXPECT_EQ(order_.written.value(), kCameras);
  EXPECT_FALSE(stored().contains("zoo-20200101T000000000Z-1.mp4"));
}

TEST_F(ClipArchiveTest, LeavesNoCompleteNameWhenItIsKilled) {
  const pid_t child = fork();
  if (child == 0) {
    ClipArchive archive;
    const auto source = media::Source::open({.url = clip_}, clock_, {});
    const auto clip = archive.begin(order_, *media::ClipFormat::of(**source));
    for (int i = 0; i < 90; ++i) {
      std::vector<media::Packet> packets;
      packets.push_back(*(*source)->read());
      archive.append(clip, std::move(packets));
    }
    while (order_.waiting_bytes->load() > 0) std::this_thread::yield();
    kill(getpid(), SIGKILL);
  }
  int status = -1;
  waitpid(child, &status, 0);
  ASSERT_TRUE(WIFSIGNALED(status));
  EXPECT_THAT(stored(), ElementsAre("gate-20231114T221320000Z-7.mp4.part"));
}

}  // namespace
}  // namespace ocelli::engine
