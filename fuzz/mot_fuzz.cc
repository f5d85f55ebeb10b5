// Any text as a file of a MOT folder, the first byte says which: either values that keep their promises, or an error of
// one line that names the file. What was read as results can be written, read again and scored.
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/check.h"
#include "eval/mot_format.h"
#include "eval/pairing.h"
#include "eval/protocol.h"
#include "eval/score.h"

namespace {

using namespace ocelli::eval;

constexpr int kFrames = 50;
constexpr std::string_view kFile = "file.txt";

template <class Value>
bool is_fine(const ocelli::base::Result<Value>& result) {
  if (result) return true;
  const auto& message = result.error().message();
  OC_CHECK(message.starts_with(kFile) && message.size() < 200);
  OC_CHECK(message.find('\n') == std::string::npos);
  return false;
}

void check_box(const Box& box) {
  OC_CHECK(std::isfinite(box.left) && std::isfinite(box.top) && std::isfinite(box.width) && std::isfinite(box.height));
  OC_CHECK(box.width >= 0 && box.height >= 0);
}

void check_results(const std::vector<ResultBox>& results) {
  std::vector<TruthBox> truth;
  for (const auto& row : results) {
    OC_CHECK(row.frame >= 1 && row.frame <= kFrames && row.id >= 0);
    check_box(row.box);
    truth.push_back({row.frame, row.id, row.box, true, kPedestrian});
  }
  const auto again = parse_results(format_results(results), kFile, kFrames);
  OC_CHECK(again && again->size() == results.size());
  const auto score = measure(pair_up(truth, *again, kFrames, Protocol::mot17));
  OC_CHECK(score.hota.hota() >= 0 && score.hota.hota() < 1.000001);
  OC_CHECK(score.clear.matched + score.clear.missed == static_cast<std::int64_t>(truth.size()));
}

void check_truth(const std::vector<TruthBox>& truth) {
  for (const auto& row : truth) {
    OC_CHECK(row.frame >= 1 && row.frame <= kFrames && row.id >= 0);
    OC_CHECK(row.class_id >= 0 && row.class_id <= 13);
    check_box(row.box);
  }
  const auto score = measure(pair_up(truth, {}, kFrames, Protocol::mot17));
  OC_CHECK(score.clear.matched == 0 && score.hota.hota() == 0);
}

}  // namespace

// NOLINTNEXTLINE(readability-identifier-naming): libFuzzer's name
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  switch (data[0]) {
    case 'i':
      if (const auto info = parse_sequence_info(text, kFile); is_fine(info)) {
        OC_CHECK(info->frames > 0 && info->frames_per_second > 0);
      }
      break;
    case 'g':
      if (const auto truth = parse_truth(text, kFile, kFrames); is_fine(truth)) check_truth(*truth);
      break;
    case 'd':
      if (const auto detections = parse_detections(text, kFile, kFrames); is_fine(detections)) {
        OC_CHECK(detections->size() == kFrames);
      }
      break;
    case 'm':
      if (const auto motion = parse_camera_motion(text, kFile, kFrames); is_fine(motion)) {
        OC_CHECK(motion->size() == kFrames);
      }
      break;
    case 'c':
      (void)is_fine(parse_camera_view(text, kFile));
      break;
    default:
      if (const auto results = parse_results(text, kFile, kFrames); is_fine(results)) check_results(*results);
  }
  return 0;
}
