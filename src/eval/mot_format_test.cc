#include "eval/mot_format.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace ocelli::eval {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

TEST(SequenceInfo, HasLengthRateAndSize) {
  const auto info = parse_sequence_info(
      "[Sequence]\nname=A\nimDir=img1\nframeRate=29.97\nseqLength=145\r\nimWidth = 1224\nimHeight=370\nimExt=.jpg\n\n",
      "seqinfo.ini");
  ASSERT_TRUE(info) << info.error().message();
  EXPECT_EQ(info->frames, 145);
  EXPECT_EQ(info->frames_per_second, 29.97);
  EXPECT_EQ(info->width_px, 1224);
  EXPECT_EQ(info->height_px, 370);
}

TEST(SequenceInfo, SaysWhatItLacksOrCannotRead) {
  const auto error_of = [](std::string_view text) {
    const auto info = parse_sequence_info(text, "s.ini");
    return info ? "fine" : info.error().message();
  };
  EXPECT_THAT(error_of("[Sequence]\nframeRate=25\n"), HasSubstr("seqLength"));
  EXPECT_THAT(error_of("[Other]\nseqLength=4\n[Sequence]\nseqLength=4\n"), HasSubstr("frameRate"));
  EXPECT_THAT(error_of("[Sequence]\nseqLength=many\n"), StartsWith("s.ini:2: 'many' is not a number"));
  EXPECT_THAT(error_of("[Sequence]\nseqLength=0\n"), StartsWith("s.ini:2: seqLength must be a whole number"));
  EXPECT_THAT(error_of("[Sequence]\nframeRate=-1\n"), StartsWith("s.ini:2: frameRate"));
  EXPECT_THAT(error_of("[Sequence]\nwhat is this\n"), StartsWith("s.ini:2: 'what is this' is not key=value"));
}

TEST(Truth, HasFlagsAndClasses) {
  const auto truth = parse_truth("1,3,10,20.5,30,40,1,1,0.5\r\n2, 4, -1, 2, 3, 4, 0, 8, 1\n", "gt.txt", 2);
  ASSERT_TRUE(truth) << truth.error().message();
  ASSERT_EQ(truth->size(), 2U);
  EXPECT_EQ(truth->at(0).id, 3);
  EXPECT_EQ(truth->at(0).box, (Box{10, 20.5, 30, 40}));
  EXPECT_TRUE(truth->at(0).counts);
  EXPECT_EQ(truth->at(1).frame, 2);
  EXPECT_FALSE(truth->at(1).counts);
  EXPECT_EQ(truth->at(1).class_id, 8);
}

TEST(Truth, OfMot15HasNoClasses) {
  const auto truth = parse_truth("1,1,1,1,1,1,1,-1,-1,-1\n1,2,1,1,1,1,1,4.4852,5.5,0\n", "gt.txt", 1);
  ASSERT_TRUE(truth);
  EXPECT_EQ(truth->at(0).class_id, 0);
  EXPECT_EQ(truth->at(1).class_id, 0);
}

TEST(Truth, RefusesWhatItCannotMean) {
  const auto error_of = [](std::string_view text) {
    const auto truth = parse_truth(text, "gt.txt", 10);
    return truth ? "fine" : truth.error().message();
  };
  EXPECT_EQ(error_of("\n1,1,1,1,1,1,1\n"), "gt.txt:2: 7 columns where at least 8 are needed");
  EXPECT_EQ(error_of("0,1,1,1,1,1,1,1\n"), "gt.txt:1: the frame must be a whole number from 1 to 10, not 0");
  EXPECT_EQ(error_of("11,1,1,1,1,1,1,1"), "gt.txt:1: the frame must be a whole number from 1 to 10, not 11");
  EXPECT_EQ(error_of("1,1,1,1,1,1,1,1\n1,x\n"), "gt.txt:2: 'x' is not a number");
  EXPECT_EQ(error_of("1,1,1,1,nan,1,1,1\n"), "gt.txt:1: 'nan' is not a number");
  EXPECT_EQ(error_of("1,1,1,1,-2,1,1,1\n"), "gt.txt:1: width and height of a box must not be negative");
  EXPECT_EQ(error_of("1,1,1e30,1,2,1,1,1\n"), "gt.txt:1: a box so far away is in no picture");
  EXPECT_EQ(error_of("1,1.5,1,1,2,1,1,1\n"),
            "gt.txt:1: an identity must be a whole number from 0 to 1000000000000000, not 1.5");
  EXPECT_EQ(error_of("1,7,1,1,2,1,1,1\n1,7,5,1,2,1,1,1\n"), "gt.txt:2: identity 7 is a second time in frame 1");
}

TEST(Detections, AreGroupedByFrame) {
  const auto detections = parse_detections("3,-1,10,20,30,40,0.5,-1,-1,-1\n1,-1,1,2,3,4,0.25\n", "det.txt", 3);
  ASSERT_TRUE(detections) << detections.error().message();
  ASSERT_EQ(detections->size(), 3U);
  EXPECT_TRUE(detections->at(1).empty());
  EXPECT_EQ(detections->at(2).at(0), (infer::Detection{.box = {10, 20, 30, 40}, .score = 0.5F}));
}

TEST(Results, AreReadAsTheyWereWritten) {
  const std::vector<ResultBox> results{{1, 1, {-3.25, 0.125, 10, 20.001}, 0.5}, {2, 12, {1, 2, 3, 4}, 1}};
  const auto text = format_results(results);
  EXPECT_EQ(text, "1,1,-3.250,0.125,10.000,20.001,0.500,-1,-1,-1\n2,12,1.000,2.000,3.000,4.000,1.000,-1,-1,-1\n");
  const auto read = parse_results(text, "a.txt", 2);
  ASSERT_TRUE(read) << read.error().message();
  ASSERT_EQ(read->size(), 2U);
  EXPECT_EQ(read->at(0).box, results[0].box);
  EXPECT_EQ(read->at(1).id, 12);
}

TEST(Results, HaveEachIdentityOnceAFrame) {
  const auto read = parse_results("1,1,1,1,2,2,1\n2,1,1,1,2,2,1\n2,1,9,1,2,2,1\n", "a.txt", 2);
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().code(), base::Code::corrupt);
  EXPECT_EQ(read.error().message(), "a.txt:3: identity 1 is a second time in frame 2");
}

TEST(CameraMotions, StandsStillWhereNothingIsSaid) {
  const auto motion = parse_camera_motion("2 1.5 0.25 -3 0.5  2 7.25\n", "gmc.txt", 3);
  ASSERT_TRUE(motion) << motion.error().message();
  ASSERT_EQ(motion->size(), 3U);
  EXPECT_EQ(motion->at(0).xx, 1);
  EXPECT_EQ(motion->at(0).x0, 0);
  EXPECT_EQ(motion->at(1).xy, 0.25);
  EXPECT_EQ(motion->at(1).x0, -3);
  EXPECT_EQ(motion->at(1).yy, 2);
  EXPECT_EQ(motion->at(1).y0, 7.25);
}

TEST(CameraMotions, IsSaidOnceAFrame) {
  EXPECT_EQ(parse_camera_motion("1 1 0 0 0 1 0\n1 1 0 0 0 1 0\n", "gmc.txt", 3).error().message(),
            "gmc.txt:2: frame 1 has two motions");
  EXPECT_EQ(parse_camera_motion("1 1 0 0 0 1\n", "gmc.txt", 3).error().message(),
            "gmc.txt:1: a frame and the six numbers of its motion are needed");
  EXPECT_EQ(parse_camera_motion("1 1 0 1e30 0 1 0\n", "gmc.txt", 3).error().message(),
            "gmc.txt:1: no camera moves as far as that");
}

constexpr std::string_view kCamera =
    "RotationMatrices\n1 2 3\n4 5 6\n7 8 9\n\nTranslationVectors\n0 1310 6097 \n\nIntrinsicMatrix\n1300 0 960 \n"
    "0 1300 540 \n0 0 1 \n";

TEST(CameraView, HasThreeParts) {
  const auto view = parse_camera_view(kCamera, "cam.txt");
  ASSERT_TRUE(view) << view.error().message();
  EXPECT_EQ(view->rotation[5], 6);
  EXPECT_EQ(view->translation_mm[1], 1310);
  EXPECT_EQ(view->intrinsics_px[2], 960);
}

TEST(CameraView, SaysWhichPartIsWrong) {
  EXPECT_EQ(parse_camera_view("1 2 3\n", "cam.txt").error().message(),
            "cam.txt:1: the file must begin with the heading RotationMatrices");
  EXPECT_EQ(parse_camera_view("TranslationVectors\n1 2 3 4\n", "cam.txt").error().message(),
            "cam.txt:2: too many numbers below TranslationVectors");
  EXPECT_EQ(parse_camera_view(kCamera.substr(0, kCamera.size() - 7), "cam.txt").error().message(),
            "cam.txt: 6 numbers below IntrinsicMatrix, not 9");
}

}  // namespace
}  // namespace ocelli::eval
