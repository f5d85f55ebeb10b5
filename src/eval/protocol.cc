#include "eval/protocol.h"

#include <algorithm>
#include <array>
#include <string>

namespace ocelli::eval {
namespace {

constexpr std::array kProtocols{Protocol::mot15, Protocol::mot17, Protocol::dance};
constexpr double kLeastArea = 100;       // px²
constexpr double kMostWidthShare = 1.6;  // of the height

template <class Predicate>
bool every_box(std::span<const Sequence> sequences, Predicate predicate) {
  return std::all_of(sequences.begin(), sequences.end(), [&](const Sequence& sequence) {
    return std::all_of(sequence.truth.begin(), sequence.truth.end(), predicate);
  });
}

}  // namespace

std::string_view protocol_name(Protocol protocol) {
  switch (protocol) {
    case Protocol::mot15:
      return "mot15";
    case Protocol::mot17:
      return "mot17";
    case Protocol::dance:
      return "dance";
  }
  return "mot15";
}

base::Result<Protocol> protocol_of(std::string_view name) {
  for (const auto protocol : kProtocols) {
    if (protocol_name(protocol) == name) return protocol;
  }
  return base::Error(base::Code::invalid,
                     "unknown protocol '" + std::string(name) + "'; there are: mot15, mot17, dance");
}

Protocol protocol_of(std::span<const Sequence> sequences) {
  if (every_box(sequences, [](const TruthBox& truth) { return truth.class_id == kPedestrian; })) return Protocol::dance;
  if (every_box(sequences, [](const TruthBox& truth) { return truth.class_id > 0; })) return Protocol::mot17;
  return Protocol::mot15;
}

base::Status check_protocol(Protocol protocol, std::span<const Sequence> sequences) {
  if (protocol != Protocol::mot17) return {};
  for (const auto& sequence : sequences) {
    if (every_box({&sequence, 1}, [](const TruthBox& truth) { return truth.class_id > 0; })) continue;
    return base::Error(base::Code::invalid, sequence.name +
                                                "/gt/gt.txt holds no classes in column 8, which protocol mot17 "
                                                "needs: use another protocol");
  }
  return {};
}

bool left_out(Protocol protocol, const Box& box) {
  if (protocol == Protocol::mot15) return false;
  return box.width * box.height <= kLeastArea || box.width > kMostWidthShare * box.height;
}

bool is_distractor(int class_id) {
  constexpr std::array kDistractors{2, 7, 8, 12};
  return std::find(kDistractors.begin(), kDistractors.end(), class_id) != kDistractors.end();
}

}  // namespace ocelli::eval
