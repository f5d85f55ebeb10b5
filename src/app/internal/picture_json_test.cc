#include "app/internal/picture_json.h"

#include <gtest/gtest.h>

namespace ocelli::app::internal {
namespace {

Json written(const PictureResult& result, const PictureModelInfo& info) {
  Json json;
  add_result(json, result, info);
  return json;
}

TEST(PictureJson, TellsWhatAnInspectionFound) {
  InspectedObject cup{.detection = {{10, 20, 30, 40}, 0.5F, 1}, .looked_at = true, .classes = {{0, 0.25F}}};
  const vision::Quadrilateral area{{{{1, 2}, {3, 2}, {3, 4}, {1, 4}}}};
  cup.lines.push_back({area, "TEA", 0.75F});
  const InspectedObject speck{.detection = {{0, 0, 2, 2}, 0.25F, 0}};
  const auto json = written(Inspection{{cup, speck}, 3}, {"inspect", "inspect", {}, {"bottle", "cup"}, {"mug"}});
  EXPECT_EQ(json, Json::parse(R"({"objects":[
      {"label":"cup","class":1,"score":0.5,"box":{"left":10.0,"top":20.0,"width":30.0,"height":40.0},
       "looked_at":true,"classes":[{"label":"mug","class":0,"score":0.25}],
       "lines":[{"text":"TEA","score":0.75,"corners":[[1.0,2.0],[3.0,2.0],[3.0,4.0],[1.0,4.0]]}]},
      {"label":"bottle","class":0,"score":0.25,"box":{"left":0.0,"top":0.0,"width":2.0,"height":2.0},
       "looked_at":false,"classes":[],"lines":[]}],"left_out":3})"));
}

TEST(PictureJson, GivesAnEmbeddingWithItsLength) {
  const auto json = written(infer::Embedding{{0.6F, -0.8F}}, {});
  EXPECT_EQ(json, Json::parse(R"({"embedding":{"length":2,"values":[0.6,-0.8]}})"));
}

TEST(PictureJson, NamesEachResultByItsKind) {
  EXPECT_TRUE(written(infer::Detections{}, {})["detections"].is_array());
  EXPECT_TRUE(written(infer::Classification{}, {})["classes"].is_array());
  EXPECT_TRUE(written(infer::TextLines{}, {})["lines"].is_array());
}

TEST(PictureJson, SurvivesTextThatIsNoUtf8) {
  EXPECT_EQ(text_of(Json{{"text", "a\xff"}}), "{\"text\":\"a\xef\xbf\xbd\"}");
}

}  // namespace
}  // namespace ocelli::app::internal
