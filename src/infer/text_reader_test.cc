#include "infer/text_reader.h"

#include <cmath>
#include <functional>
#include <limits>
#include <random>

#include <gmock/gmock.h>

namespace ocelli::infer {
namespace {

using Shape = std::vector<std::int64_t>;
using Fill = std::function<void(const Shape& input, const float* values, Shape& output, std::vector<float>& result)>;

/// A model of open sizes whose answer a test makes up.
class FakeSession final : public Session {
 public:
  FakeSession(TensorSpec output, Fill fill) : outputs_{std::move(output)}, fill_(std::move(fill)) {}

  const std::vector<TensorSpec>& inputs() const override { return inputs_; }
  const std::vector<TensorSpec>& outputs() const override { return outputs_; }
  base::Result<std::unique_ptr<Binding>> make_binding() override {
    return base::Error(base::Code::unsupported, "open sizes");
  }
  base::Status run(Binding& /*binding*/) override { return base::Error(base::Code::unsupported, "open sizes"); }
  base::Result<std::unique_ptr<OpenBinding>> make_open_binding() override {
    return std::unique_ptr<OpenBinding>(std::make_unique<FakeBinding>(fill_));
  }
  base::Result<std::string> metadata(const std::string& /*key*/) const override { return std::string("a\nb"); }

 private:
  class FakeBinding final : public OpenBinding {
   public:
    explicit FakeBinding(Fill fill) : fill_(std::move(fill)) {}
    base::Result<void*> shape_input(std::size_t /*index*/, std::span<const std::int64_t> shape) override {
      shape_.assign(shape.begin(), shape.end());
      TensorSpec spec;
      spec.shape = shape_;
      OC_TRY(auto buffer, TensorBuffer::allocate(spec.bytes()));
      input_ = std::make_unique<TensorBuffer>(std::move(buffer));
      return input_->data();
    }
    base::Status run() override {
      fill_(shape_, static_cast<const float*>(input_->data()), output_.shape, result_);
      output_.data = result_.data();
      return {};
    }
    const TensorView& output(std::size_t /*index*/) const override { return output_; }

   private:
    const Fill fill_;
    Shape shape_;
    std::unique_ptr<TensorBuffer> input_;
    std::vector<float> result_;
    TensorView output_;
  };

  const std::vector<TensorSpec> inputs_{{"x", ElementType::float32, {-1, 3, -1, -1}}};
  const std::vector<TensorSpec> outputs_;
  const Fill fill_;
};

/// Bright pixels are text.
void find_bright(const Shape& input, const float* values, Shape& output, std::vector<float>& result) {
  output = {1, 1, input[2], input[3]};
  result.assign(values, values + input[2] * input[3]);
  for (float& value : result) value = value > 0 ? 0.9F : 0.1F;
}
// The bar of a test, 100 × 40 with 22.9 around it, is 81 × 48 in both inputs: its halves begin at 13 and 40.
constexpr int kInLeftHalf = 30;
constexpr int kInRightHalf = 52;

/// A line whose right half is brighter than its left stands on its head.
void tell_direction(const Shape& input, const float* values, Shape& output, std::vector<float>& result) {
  output = {input[0], 2};
  result.clear();
  for (std::int64_t line = 0; line < input[0]; ++line) {
    const float* row = values + line * 3 * input[2] * input[3] + input[2] / 2 * input[3];
    const bool over = row[kInLeftHalf] < row[kInRightHalf] - 0.1F;
    result.insert(result.end(), {over ? 0.F : 1.F, over ? 1.F : 0.F});
  }
}
/// Reads "a" where the left half is the brighter one, "b" otherwise.
void read_brighter_half(const Shape& input, const float* values, Shape& output, std::vector<float>& result) {
  const float* row = values + input[2] / 2 * input[3];
  output = {1, 2, 4};
  result.assign(8, 0);
  result[row[kInLeftHalf] > row[kInRightHalf] + 0.1F ? 1 : 2] = 0.9F;
  result[4] = 1;  // the second step is blank
}

vision::InputSpec input_of(int width, int height, vision::Fit fit) {
  return {.width = width,
          .height = height,
          .order = vision::ChannelOrder::bgr,
          .mean = {0.5F, 0.5F, 0.5F},
          .deviation = {0.5F, 0.5F, 0.5F},
          .filter = vision::ResizeFilter::bilinear,
          .fit = fit};
}

TextModels::Model model(Task task, const vision::InputSpec& input, const Shape& output, Fill fill) {
  ModelCard card;
  card.name = std::string(task_name(task));
  card.task = task;
  card.input = input;
  return {card, std::make_shared<FakeSession>(TensorSpec{"y", ElementType::float32, output}, std::move(fill))};
}

TextModels models(const Fill& find = find_bright, const Fill& direction = tell_direction,
                  const Fill& read = read_brighter_half) {
  return {model(Task::text_detection, input_of(960, 736, vision::Fit::stretch), {-1, 1, -1, -1}, find),
          model(Task::text_direction, input_of(192, 48, vision::Fit::top_left), {-1, 2}, direction),
          model(Task::text_recognition, input_of(320, 48, vision::Fit::top_left), {-1, -1, 4}, read)};
}

struct Bar {
  int left;
  int top;
  int width;
  int height;
  int left_level;  ///< of its left half
  int right_level;
};

media::FramePtr picture(int width, int height, const std::vector<Bar>& bars) {
  media::FrameInfo info;
  info.format = media::PixelFormat::bgr24;
  info.width = width;
  info.height = height;
  auto builder = media::FrameBuilder::create(info);
  for (int y = 0; y < height; ++y)
    std::fill_n(builder->plane(0) + y * builder->stride_bytes(0), 3 * width, std::uint8_t{0});
  for (const auto& bar : bars) {
    for (int y = bar.top; y < bar.top + bar.height; ++y) {
      for (int x = bar.left; x < bar.left + bar.width; ++x) {
        const int level = x < bar.left + bar.width / 2 ? bar.left_level : bar.right_level;
        std::fill_n(builder->plane(0) + y * builder->stride_bytes(0) + 3 * x, 3, static_cast<std::uint8_t>(level));
      }
    }
  }
  return std::move(*builder).freeze();
}

TextLines read(const TextModels& models, const media::Frame& frame) {
  auto reader = TextReader::create(models, {});
  EXPECT_TRUE(reader);
  auto lines = reader ? reader->read(frame, nullptr) : base::Result<TextLines>(TextLines());
  EXPECT_TRUE(lines);
  return lines ? *lines : TextLines();
}

TEST(TextReader, FindsLinesInReadingOrderWithPlaceAndScore) {
  const auto lines =
      read(models(),
           *picture(960, 736,
                    {{500, 100, 100, 40, 250, 150}, {100, 104, 100, 40, 250, 150}, {300, 400, 100, 40, 250, 150}}));
  ASSERT_EQ(lines.size(), 3U);
  EXPECT_LT(lines[0].area.corners[0].x, 110);
  EXPECT_GT(lines[1].area.corners[0].x, 400);
  EXPECT_GT(lines[2].area.corners[0].y, 350);
  for (const auto& line : lines) {
    EXPECT_EQ(line.text, "a");
    EXPECT_NEAR(line.score, 0.9F, 1e-6);
  }
  // 100 × 40 grows by 100·40·1.6 / 280 = 22.9 on every side.
  EXPECT_NEAR(lines[2].area.corners[0].x, 300 - 22.9F, 2);
  EXPECT_NEAR(lines[2].area.corners[2].y, 440 + 22.9F, 2);
}

TEST(TextReader, TurnsALineOverThatStandsOnItsHead) {
  const auto lines = read(models(), *picture(960, 736, {{100, 100, 100, 40, 150, 250}}));
  ASSERT_EQ(lines.size(), 1U);
  EXPECT_EQ(lines[0].text, "a");
}

TEST(TextReader, GivesPlacesInPixelsOfASmallPicture) {
  const auto lines = read(models(), *picture(240, 184, {{60, 80, 100, 20, 250, 150}}));
  ASSERT_EQ(lines.size(), 1U);
  EXPECT_NEAR(lines[0].area.corners[0].x, 60 - 13.3F, 2);
  EXPECT_NEAR(lines[0].area.corners[2].x, 160 + 13.3F, 2);
}

TEST(TextReader, FindsNothingInAnEmptyPicture) {
  EXPECT_TRUE(read(models(), *picture(320, 240, {})).empty());
}

TEST(TextReader, LeavesOutWhatIsReadWithALowScore) {
  const auto weak = [](const Shape& input, const float* values, Shape& output, std::vector<float>& result) {
    read_brighter_half(input, values, output, result);
    for (float& value : result) value /= 2;
  };
  const auto frame = picture(960, 736, {{100, 100, 100, 40, 250, 150}});
  EXPECT_TRUE(read(models(find_bright, tell_direction, weak), *frame).empty());
}

TEST(TextReader, SurvivesAnyOutputOfItsModels) {
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  const std::vector<float> odd{std::nanf(""), kInfinity, -kInfinity, 3e38F, -3e38F, 0, 1, 0.6F};
  std::mt19937 random(17);
  const auto spoil = [&](const Fill& fill) -> Fill {
    return [&, fill](const Shape& input, const float* values, Shape& output, std::vector<float>& result) {
      fill(input, values, output, result);
      if (random() % 4 == 0) output.back() = static_cast<std::int64_t>(random() % 3);
      std::size_t count = 1;
      for (const auto dimension : output) count *= static_cast<std::size_t>(dimension);
      result.resize(std::max<std::size_t>(count, 1));
      const std::size_t every = 1 + random() % 50;
      for (std::size_t i = random() % every; i < result.size(); i += every) result[i] = odd[random() % odd.size()];
    };
  };
  const auto frame = picture(320, 240, {{60, 80, 100, 20, 250, 150}, {30, 160, 80, 20, 150, 250}});
  auto reader = TextReader::create(models(spoil(find_bright), spoil(tell_direction), spoil(read_brighter_half)),
                                   {.least_score = 0});
  ASSERT_TRUE(reader);
  int answers = 0;
  for (int trial = 0; trial < 60; ++trial) {
    const auto lines = reader->read(*frame, nullptr);
    if (!lines) {
      EXPECT_EQ(lines.error().code(), base::Code::corrupt) << lines.error().message();
      continue;
    }
    ++answers;
    for (const auto& line : *lines) {
      EXPECT_TRUE(line.area.finite());
      for (const auto& corner : line.area.corners) {
        EXPECT_TRUE(corner.x >= 0 && corner.x < 320 && corner.y >= 0 && corner.y < 240);
      }
      EXPECT_TRUE(line.score >= 0 && line.score <= 1);
    }
  }
  EXPECT_GT(answers, 0);
}

TEST(TextReader, RefusesModelsOfOtherTasksOrShapes) {
  auto swapped = models();
  std::swap(swapped.detection, swapped.direction);
  const auto refused = TextReader::create(swapped, {});
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message(), ::testing::HasSubstr("is a text_direction model"));

  auto other = models();
  other.recognition =
      model(Task::text_recognition, input_of(320, 48, vision::Fit::top_left), {-1, -1, 99}, find_bright);
  const auto misfit = TextReader::create(other, {});
  ASSERT_FALSE(misfit);
  EXPECT_THAT(misfit.error().message(), ::testing::HasSubstr("float32[?,?,4]"));
}

DetectionCanvas canvas(int width, int height) {
  return detection_canvas(width, height, input_of(960, 736, vision::Fit::stretch));
}

TEST(DetectionCanvas, EnlargesSmallPicturesUntilOneSideFits) {
  EXPECT_EQ(canvas(323, 430).height, 960);
  EXPECT_EQ(canvas(323, 430).width, 736);
  EXPECT_EQ(canvas(640, 339).width, 960);
  EXPECT_EQ(canvas(640, 339).height, 512);
}

TEST(DetectionCanvas, LeavesOrdinaryPicturesAndShrinksVeryLargeOnes) {
  EXPECT_EQ(canvas(1920, 1080).width, 1920);
  EXPECT_EQ(canvas(1920, 1080).height, 1088);
  EXPECT_EQ(canvas(8000, 6000).width, 2016);
  EXPECT_EQ(canvas(8000, 6000).height, 1504);
}

TEST(DetectionCanvas, PadsASingleLineAndKeepsEverySideAMultipleOf32) {
  EXPECT_EQ(canvas(700, 30).fit, vision::Fit::center);
  EXPECT_EQ(canvas(700, 30).width, 960);
  EXPECT_EQ(canvas(700, 30).height, 224);
  EXPECT_EQ(canvas(136, 48).fit, vision::Fit::stretch);
  for (const auto& [width, height] : {std::pair{1, 1}, {2, 16384}, {16384, 2}, {31, 7000}, {4096, 4096}}) {
    const DetectionCanvas any = canvas(width, height);
    EXPECT_TRUE(any.width >= 32 && any.height >= 32 && any.width % 32 == 0 && any.height % 32 == 0);
    EXPECT_LE(static_cast<std::int64_t>(any.width) * any.height, 2016 * 2016);
  }
}

}  // namespace
}  // namespace ocelli::infer
