#include "app/input_list.h"

#include <filesystem>
#include <fstream>
#include <unistd.h>

#include <gmock/gmock.h>

namespace ocelli::app {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class ListInputs : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = (std::filesystem::temp_directory_path() / ("ocelli-inputs-" + std::to_string(getpid()))).string();
    std::filesystem::create_directories(folder_ + "/inner");
    std::filesystem::create_directories(folder_ + "/empty");
    for (const std::string name : {"b.jpg", "a.PNG", "clip.mp4", "notes.txt", "inner/c.jpg"}) {
      std::ofstream(folder_ + "/" + name) << "x";
    }
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  std::string folder_;
};

TEST_F(ListInputs, GivesThePicturesAndClipsOfAFolderByName) {
  EXPECT_THAT(*list_inputs({folder_}), ElementsAre(folder_ + "/a.PNG", folder_ + "/b.jpg", folder_ + "/clip.mp4"));
}

TEST_F(ListInputs, SaysThatAFolderHoldsNone) {
  const auto none = list_inputs({folder_ + "/empty"});
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().code(), base::Code::not_found);
  EXPECT_THAT(none.error().message(), HasSubstr("/empty"));
}

TEST_F(ListInputs, GivesTheFilesThatMatchAPattern) {
  EXPECT_THAT(*list_inputs({folder_ + "/*.jpg"}), ElementsAre(folder_ + "/b.jpg"));
  EXPECT_THAT(list_inputs({folder_ + "/*.avi"}).error().message(), HasSubstr("no file matches"));
}

TEST_F(ListInputs, LeavesFilesAndAddressesAsTheyAre) {
  EXPECT_THAT(*list_inputs({"rtsp://gate/*?", "none.mp4", folder_ + "/notes.txt"}),
              ElementsAre("rtsp://gate/*?", "none.mp4", folder_ + "/notes.txt"));
}

}  // namespace
}  // namespace ocelli::app
