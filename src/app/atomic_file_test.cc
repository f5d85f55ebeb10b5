#include "app/atomic_file.h"

#include <csignal>
#include <filesystem>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <gmock/gmock.h>

#include "media/testing/clip.h"

namespace ocelli::app {
namespace {

using base::Code;
using media::testing::read_file;
using media::testing::TemporaryFolder;
using ::testing::HasSubstr;

TEST(AtomicFile, HasItsNameOnlyWhenItIsComplete) {
  const TemporaryFolder folder;
  const std::string path = folder / "events.jsonl";
  auto file = AtomicFile::create(path);
  ASSERT_TRUE(file);
  ASSERT_TRUE(file->write("one\n"));
  EXPECT_FALSE(std::filesystem::exists(path));
  ASSERT_TRUE(file->commit());
  EXPECT_EQ(read_file(path), "one\n");
  EXPECT_FALSE(std::filesystem::exists(part_name(path)));
}

TEST(AtomicFile, KeepsThePartWhenItIsAbandoned) {
  const TemporaryFolder folder;
  const std::string path = folder / "events.jsonl";
  {
    ASSERT_TRUE(AtomicFile::create(path)->write("half"));
  }
  EXPECT_FALSE(std::filesystem::exists(path));
  EXPECT_EQ(read_file(part_name(path)), "half");
}

TEST(AtomicFile, IsWrittenByOneAtATime) {
  const TemporaryFolder folder;
  const std::string path = folder / "events.jsonl";
  auto first = AtomicFile::create(path);
  ASSERT_TRUE(first && first->write("first"));
  const auto second = AtomicFile::create(path);
  ASSERT_FALSE(second);
  EXPECT_THAT(second.error().message(), HasSubstr("another ocelli writes " + path));
  ASSERT_TRUE(first->commit());
  EXPECT_EQ(read_file(path), "first");
  auto third = AtomicFile::create(path);
  ASSERT_TRUE(third && third->write("third") && third->commit());
  EXPECT_EQ(read_file(path), "third");
}

TEST(AtomicFile, SaysWhereItCannotWriteAndWhatToDo) {
  const auto file = AtomicFile::create("/proc/nothing/events.jsonl");
  ASSERT_FALSE(file);
  EXPECT_EQ(file.error().code(), Code::unavailable);
  EXPECT_THAT(file.error().message(), HasSubstr("-o"));
}

TEST(AtomicFile, TellsThatNoSpaceIsLeft) {
  const TemporaryFolder folder;
  const std::string path = folder / "events.jsonl";
  // A child process of its own, since the limit holds for the whole process.
  const pid_t child = fork();
  if (child == 0) {
    std::signal(SIGXFSZ, SIG_IGN);
    const rlimit limit{4096, 4096};
    setrlimit(RLIMIT_FSIZE, &limit);
    auto file = AtomicFile::create(path);
    const bool written = file->write(std::string(100'000, 'x')).has_value() && file->commit().has_value();
    _exit(written ? 1 : 0);
  }
  int status = -1;
  waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
  EXPECT_FALSE(std::filesystem::exists(path));
}

TEST(EnsureOutputFolder, RefusesAPathBelowAFile) {
  const TemporaryFolder folder;
  media::testing::write_file(folder / "file", "x");
  EXPECT_FALSE(ensure_output_folder(folder / "file/sub"));
  EXPECT_TRUE(ensure_output_folder(folder / "new/sub"));
}

TEST(CheckOutputFolder, LeavesNothingBehind) {
  const TemporaryFolder folder;
  EXPECT_TRUE(check_output_folder(folder / "new/sub"));
  EXPECT_FALSE(std::filesystem::exists(folder / "new"));
  ASSERT_TRUE(ensure_output_folder(folder / "old"));
  EXPECT_TRUE(check_output_folder(folder / "old"));
  EXPECT_TRUE(std::filesystem::exists(folder / "old"));
  media::testing::write_file(folder / "file", "x");
  EXPECT_FALSE(check_output_folder(folder / "file/sub"));
}

TEST(RemoveFile, RemovesAFileThatMayBeThere) {
  const TemporaryFolder folder;
  media::testing::write_file(folder / "file", "x");
  EXPECT_TRUE(remove_file(folder / "file"));
  EXPECT_FALSE(std::filesystem::exists(folder / "file"));
  EXPECT_TRUE(remove_file(folder / "file"));
}

}  // namespace
}  // namespace ocelli::app
