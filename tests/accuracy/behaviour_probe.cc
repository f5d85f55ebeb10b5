// What the learned behaviour's parts say, for the tests in Python that compare them with PyTorch and numpy.
//
//   behaviour_probe window WEIGHTS    rows of float32 features on standard input → rows of float32 logits, all at once
//   behaviour_probe stream WEIGHTS    the same, step by step
//   behaviour_probe features          frames as text, "NANOSECONDS COUNT" and then COUNT lines "TRACK LEFT TOP WIDTH
//                                     HEIGHT" → for each track and step "TRACK NANOSECONDS FIRST VALUE…"
#include <cstdio>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "infer/behaviour_features.h"
#include "infer/tcn_stream.h"

namespace {

using namespace ocelli;  // NOLINT(google-build-using-namespace): a program of one file

std::vector<float> read_floats() {
  std::vector<float> values;
  float value = 0;
  while (std::fread(&value, sizeof(value), 1, stdin) == 1) values.push_back(value);
  return values;
}

void write_floats(std::span<const float> values) {
  std::fwrite(values.data(), sizeof(float), values.size(), stdout);
}

base::Status run_network(std::string_view form, const std::string& path) {
  OC_TRY(const auto network, infer::Tcn::load(path));
  const auto values = read_floats();
  const std::size_t features = network->spec().features.size();
  if (form == "window") {
    OC_TRY(auto window, infer::TcnWindow::create(network, values.size() / features));
    OC_TRY(const auto logits, window.run(values, infer::TcnOutput::every_step));
    write_floats(logits);
    return {};
  }
  OC_TRY(auto stream, infer::TcnStream::create(network));
  for (std::size_t i = 0; i + features <= values.size(); i += features) {
    write_floats(stream.push(std::span(values).subspan(i, features)));
  }
  return {};
}

void write_steps(std::span<const infer::BehaviourStep> steps) {
  for (const auto& step : steps) {
    std::printf("%lld %lld %d", static_cast<long long>(step.track),
                static_cast<long long>(step.time.time_since_epoch().count()), step.first ? 1 : 0);
    for (const float value : step.values) std::printf(" %.9g", static_cast<double>(value));
    std::printf("\n");
  }
}

base::Status write_features() {
  infer::BehaviourFeatures features;
  long long time = 0;
  std::size_t count = 0;
  while (std::scanf("%lld %zu", &time, &count) == 2) {
    std::vector<infer::TrackedBox> boxes(count);
    for (auto& box : boxes) {
      long long track = 0;
      if (std::scanf("%lld %f %f %f %f", &track, &box.box.left, &box.box.top, &box.box.width, &box.box.height) != 5) {
        return base::Error(base::Code::corrupt, "a box is not TRACK LEFT TOP WIDTH HEIGHT");
      }
      box.track = track;
    }
    write_steps(features.push(media::MediaTime(std::chrono::nanoseconds(time)), boxes));
  }
  return {};
}

}  // namespace

int main(int argc, char** argv) {
  const std::string_view form = argc > 1 ? argv[1] : "";
  if (!(form == "features" && argc == 2) && !((form == "window" || form == "stream") && argc == 3)) {
    std::fprintf(stderr, "usage: behaviour_probe window|stream WEIGHTS, or behaviour_probe features\n");
    return 2;
  }
  const auto status = form == "features" ? write_features() : run_network(form, argv[2]);
  if (!status) std::fprintf(stderr, "%s\n", status.error().message().c_str());
  return status ? 0 : 1;
}
