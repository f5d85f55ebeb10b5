#include "eval/mot_folder.h"

#include <filesystem>
#include <fstream>
#include <unistd.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace ocelli::eval {
namespace {

using std::filesystem::path;
using testing::ElementsAre;
using testing::EndsWith;
using testing::HasSubstr;

class MotFolder : public testing::Test {
 protected:
  MotFolder() : root_(std::filesystem::temp_directory_path() / ("ocelli-mot-" + std::to_string(::getpid()))) {
    std::filesystem::create_directories(root_);
  }
  ~MotFolder() override { std::filesystem::remove_all(root_); }

  void write(const std::string& name, const std::string& text) const {
    std::filesystem::create_directories((root_ / name).parent_path());
    std::ofstream(root_ / name) << text;
  }
  void write_sequence(const std::string& name) const {
    write(name + "/seqinfo.ini", "[Sequence]\nframeRate=10\nseqLength=2\n");
    write(name + "/gt/gt.txt", "1,1,10,10,20,40,1,1,1\n");
  }

  const path root_;
};

TEST_F(MotFolder, NamesTheSequencesInOrder) {
  write_sequence("b");
  write_sequence("a");
  write("notes/readme.txt", "no truth here");
  EXPECT_THAT(*sequence_names(root_.string()), ElementsAre("a", "b"));
}

TEST_F(MotFolder, SaysWhatIsWantedWhereThereIsNoSequence) {
  EXPECT_THAT(sequence_names(root_.string()).error().message(), HasSubstr("holds no sequence"));
  EXPECT_EQ(sequence_names((root_ / "gone").string()).error().code(), base::Code::not_found);
}

TEST_F(MotFolder, ReadsWhatIsThere) {
  write_sequence("a");
  const auto bare = read_sequence(root_.string(), "a");
  ASSERT_TRUE(bare) << bare.error().message();
  EXPECT_FALSE(bare->detections);
  EXPECT_TRUE(bare->motion.empty());
  EXPECT_FALSE(bare->camera);

  write("a/det/det.txt", "1,-1,10,10,20,40,0.9,-1,-1,-1\n");
  write("a/gmc.txt", "1 1 0 5 0 1 0\n");
  write("a/cam.txt",
        "RotationMatrices\n1 0 0\n0 1 0\n0 0 1\nTranslationVectors\n1 2 3\nIntrinsicMatrix\n1 0 0\n0 1 0\n0 0 1\n");
  const auto full = read_sequence(root_.string(), "a");
  ASSERT_TRUE(full) << full.error().message();
  EXPECT_EQ(full->detections->at(0).size(), 1U);
  EXPECT_EQ(full->motion.at(0).x0, 5);
  EXPECT_EQ(full->camera->translation_mm[2], 3);
}

TEST_F(MotFolder, NamesFileAndLineOfAMistake) {
  write_sequence("a");
  write("a/det/det.txt", "1,-1,10,10,20,40,0.9\n3,-1,10,10,20,40,0.9\n");
  const auto sequence = read_sequence(root_.string(), "a");
  ASSERT_FALSE(sequence);
  EXPECT_EQ(sequence.error().code(), base::Code::corrupt);
  EXPECT_EQ(sequence.error().message(),
            (root_ / "a/det/det.txt").string() + ":2: the frame must be a whole number from 1 to 2, not 3");
}

TEST_F(MotFolder, NamesTheFileThatIsNotThere) {
  write("a/gt/gt.txt", "");
  EXPECT_THAT(read_sequence(root_.string(), "a").error().message(), HasSubstr("a/seqinfo.ini cannot be read: "));
}

TEST_F(MotFolder, ReadsAnybodysResults) {
  write_sequence("a");
  const auto sequence = read_sequence(root_.string(), "a");
  ASSERT_TRUE(sequence);
  write("results/a.txt", "2,1,10,10,20,40,1,-1,-1,-1\n");
  EXPECT_EQ(read_results((root_ / "results").string(), *sequence)->size(), 1U);
  EXPECT_THAT(read_results(root_.string(), *sequence).error().message(), EndsWith("No such file or directory"));
}

}  // namespace
}  // namespace ocelli::eval
