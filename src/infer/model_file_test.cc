#include "infer/model_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "infer/testing/temporary_folder.h"

namespace ocelli::infer {
namespace {

using ::testing::HasSubstr;

constexpr const char* kSha256OfAbc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

TEST(ModelFile, InstallGivesTheNameToTheRightBytes) {
  const TemporaryFolder folder;
  ASSERT_TRUE(install_file(folder.write("from", "abc"), folder / "to", kSha256OfAbc, {}));
  EXPECT_EQ(folder.read("to"), "abc");
  EXPECT_FALSE(std::filesystem::exists(folder / "to.part"));
}

TEST(ModelFile, InstallLeavesWhatWasThereWhenTheHashDiffers) {
  const TemporaryFolder folder;
  folder.write("to", "old");
  const auto status = install_file(folder.write("from", "wrong"), folder / "to", kSha256OfAbc, {});
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code(), base::Code::corrupt);
  EXPECT_EQ(folder.read("to"), "old");
  EXPECT_FALSE(std::filesystem::exists(folder / "to.part"));
}

TEST(ModelFile, InstallStops) {
  const TemporaryFolder folder;
  std::stop_source stop;
  stop.request_stop();
  const auto status = install_file(folder.write("from", "abc"), folder / "to", kSha256OfAbc, stop.get_token());
  EXPECT_EQ(status.error().code(), base::Code::cancelled);
  EXPECT_FALSE(std::filesystem::exists(folder / "to.part"));
}

TEST(ModelFile, ErrorsTellAFullDiskFromARefusal) {
  EXPECT_EQ(file_error("write", "x", ENOSPC).code(), base::Code::exhausted);
  EXPECT_EQ(file_error("write", "x", EDQUOT).code(), base::Code::exhausted);
  EXPECT_EQ(file_error("write", "x", EACCES).code(), base::Code::unavailable);
}

TEST(ModelFile, FolderBelowAFileCannotBeMade) {
  const TemporaryFolder folder;
  folder.write("file", "");
  const auto status = ensure_folder(folder / "file/below");
  ASSERT_FALSE(status);
  EXPECT_THAT(status.error().message(), HasSubstr("file/below"));
}

TEST(FolderLock, KeepsOthersOutUntilItGoes) {
  const TemporaryFolder folder;
  {
    const auto lock = FolderLock::acquire(folder.path());
    ASSERT_TRUE(lock);
    EXPECT_EQ(FolderLock::acquire(folder.path()).error().code(), base::Code::unavailable);
  }
  EXPECT_TRUE(FolderLock::acquire(folder.path()));
}

}  // namespace
}  // namespace ocelli::infer
