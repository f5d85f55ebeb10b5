// A step of a stream allocates nothing.
#include <vector>

#include <gtest/gtest.h>

#include "base/testing/allocation_count.h"
#include "infer/tcn_stream.h"
#include "infer/testing/tiny_tcn.h"

namespace ocelli::infer {
namespace {

using base::testing::allocation_count;

TEST(Allocation, TcnStepsAndWindowsAllocateNothing) {
  const auto file = Safetensors::parse(testing::random_tcn({}, 1), "tcn.safetensors");
  const auto network = Tcn::create(*file);
  ASSERT_TRUE(network) << network.error().message();
  auto stream = TcnStream::create(*network);
  auto window = TcnWindow::create(*network, 20);
  const std::vector<float> steps(100, 0.5F);
  const std::size_t before = allocation_count();
  float sum = 0;
  for (int i = 0; i < 100; ++i) {
    sum += stream->push(std::span(steps).first(5))[0];
    sum += (*window->run(steps, TcnOutput::every_step))[0];
  }
  EXPECT_EQ(allocation_count(), before);
  EXPECT_NE(sum, 0);
}

}  // namespace
}  // namespace ocelli::infer
