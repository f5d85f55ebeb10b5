#include "infer/session_bench.h"

#include <gtest/gtest.h>

namespace ocelli::infer {
namespace {

using std::chrono::milliseconds;
using std::chrono::nanoseconds;

class FakeBinding : public Binding {
 public:
  FakeBinding() : tensor_(*TensorBuffer::allocate(64)) {}
  TensorBuffer& input(std::size_t) override { return tensor_; }
  const TensorBuffer& output(std::size_t) const override { return tensor_; }

 private:
  TensorBuffer tensor_;
};

/// Takes 12 ms divided by the number of threads for a run, on a simulated clock.
class FakeSession : public Session {
 public:
  FakeSession(int threads, base::SimulatedClock& clock) : threads_(threads), clock_(clock) {}
  const std::vector<TensorSpec>& inputs() const override { return specs_; }
  const std::vector<TensorSpec>& outputs() const override { return specs_; }
  base::Result<std::unique_ptr<Binding>> make_binding() override { return std::make_unique<FakeBinding>(); }
  base::Status run(Binding&) override {
    clock_.advance(milliseconds(12) / threads_);
    return {};
  }

 private:
  const int threads_;
  base::SimulatedClock& clock_;
  const std::vector<TensorSpec> specs_{{"images", ElementType::float32, {1, 16}}};
};

class FakeBackend : public Backend {
 public:
  explicit FakeBackend(base::SimulatedClock& clock) : clock_(clock) {}
  std::string description() const override { return "fake"; }
  base::Result<std::unique_ptr<Session>> load(const std::string&, const SessionConfig& config) override {
    return std::make_unique<FakeSession>(config.intra_op_threads, clock_);
  }

 private:
  base::SimulatedClock& clock_;
};

TEST(SessionBench, MeasuresEveryThreadCount) {
  base::SimulatedClock clock;
  FakeBackend backend(clock);
  const auto latencies = bench_session(backend, "model", {.max_threads = 3, .runs = 5}, clock, {});
  ASSERT_TRUE(latencies);
  ASSERT_EQ(latencies->size(), 3U);
  for (int threads = 1; threads <= 3; ++threads) {
    const auto& row = (*latencies)[static_cast<std::size_t>(threads - 1)];
    EXPECT_EQ(row.threads, threads);
    EXPECT_EQ(row.median, nanoseconds(milliseconds(12)) / threads);
    EXPECT_EQ(row.p95, row.median);
  }
}

TEST(SessionBench, Stops) {
  base::SimulatedClock clock;
  FakeBackend backend(clock);
  std::stop_source stop;
  stop.request_stop();
  EXPECT_EQ(bench_session(backend, "model", {}, clock, stop.get_token()).error().code(), base::Code::cancelled);
}

TEST(SessionBench, QuantileIsTheNearestRank) {
  std::vector<nanoseconds> values;
  for (int i = 20; i >= 1; --i) values.emplace_back(i);
  EXPECT_EQ(quantile(values, 0.5), nanoseconds(10));
  EXPECT_EQ(quantile(values, 0.95), nanoseconds(19));
  EXPECT_EQ(quantile(values, 1), nanoseconds(20));
  EXPECT_EQ(quantile({nanoseconds(7)}, 0.01), nanoseconds(7));
}

}  // namespace
}  // namespace ocelli::infer
