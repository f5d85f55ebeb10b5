#include "media/byte_reader.h"

#include <numeric>
#include <sys/stat.h>
#include <thread>
#include <unistd.h>

#include <gmock/gmock.h>
#include <rapidcheck/gtest.h>

#include "media/testing/clip.h"

namespace ocelli::media {
namespace {

using base::Code;
using Bytes = std::vector<std::uint8_t>;
using std::chrono::milliseconds;
using ::testing::HasSubstr;

constexpr milliseconds kLong{10'000};

/// All bytes in steps of `step`, and how it ended.
std::pair<Bytes, base::Error> read_all(ByteReader& reader, std::size_t step = 7) {
  Bytes all;
  Bytes part(step);
  while (true) {
    const auto count = reader.read(part, kLong, {});
    if (!count) return {all, count.error()};
    all.insert(all.end(), part.begin(), part.begin() + static_cast<std::ptrdiff_t>(*count));
  }
}

Bytes counting(std::size_t size) {
  Bytes bytes(size);
  std::iota(bytes.begin(), bytes.end(), static_cast<std::uint8_t>(0));
  return bytes;
}

TEST(MemoryReader, GivesItsBytesAndThenTheEnd) {
  MemoryReader reader(counting(20));
  const auto [bytes, error] = read_all(reader);
  EXPECT_EQ(bytes, counting(20));
  EXPECT_EQ(error.code(), Code::end_of_stream);
}

TEST(MemoryReader, SeeksWithinItsBytes) {
  MemoryReader reader(counting(20));
  EXPECT_EQ(reader.size(), 20U);
  ASSERT_TRUE(reader.seek(18));
  EXPECT_EQ(read_all(reader).first, (Bytes{18, 19}));
  EXPECT_EQ(reader.seek(21).error().code(), Code::invalid);
}

TEST(PrefixedReader, GivesBackWhatWasReadAhead) {
  PrefixedReader reader({1, 2, 3}, std::make_unique<MemoryReader>(Bytes{4, 5}));
  EXPECT_EQ(read_all(reader, 2).first, (Bytes{1, 2, 3, 4, 5}));
  EXPECT_FALSE(reader.size());
  EXPECT_EQ(reader.seek(0).error().code(), Code::unsupported);
}

TEST(FileReader, ReadsAndSeeks) {
  const testing::TemporaryFolder folder;
  testing::write_file(folder / "a", "0123456789");
  const auto reader = open_byte_reader(folder / "a");
  ASSERT_TRUE(reader);
  EXPECT_EQ((*reader)->size(), 10U);
  ASSERT_TRUE((*reader)->seek(8));
  EXPECT_EQ(read_all(**reader).first, (Bytes{'8', '9'}));
}

TEST(FileReader, RefusesADevice) {
  EXPECT_EQ(open_byte_reader("/dev/null").error().code(), Code::unsupported);
}

class Fifo : public ::testing::Test {
 protected:
  void SetUp() override { ASSERT_EQ(mkfifo(path_.c_str(), 0600), 0); }

  testing::TemporaryFolder folder_;
  const std::string path_ = folder_ / "pipe";
};

TEST_F(Fifo, WaitsForItsWriterAndEndsWithIt) {
  const auto reader = open_byte_reader(path_);
  ASSERT_TRUE(reader);
  EXPECT_FALSE((*reader)->size());
  std::jthread writer([this] { testing::write_file(path_, std::string(100'000, 'x')); });
  const auto [bytes, error] = read_all(**reader, 4096);
  EXPECT_EQ(bytes.size(), 100'000U);
  EXPECT_EQ(error.code(), Code::end_of_stream);
}

TEST_F(Fifo, GivesUpOnAWriterThatNeverComes) {
  const auto reader = open_byte_reader(path_);
  ASSERT_TRUE(reader);
  Bytes into(10);
  EXPECT_EQ((*reader)->read(into, milliseconds(1), {}).error().code(), Code::timeout);
}

TEST_F(Fifo, IsWokenByAStopRequest) {
  const auto reader = open_byte_reader(path_);
  ASSERT_TRUE(reader);
  std::stop_source stop;
  std::jthread stopper([&] { stop.request_stop(); });
  Bytes into(10);
  EXPECT_EQ((*reader)->read(into, std::chrono::hours(1), stop.get_token()).error().code(), Code::cancelled);
}

TEST(ByteQueue, CarriesMoreThanItHoldsFromThreadToThread) {
  const auto queue = std::make_shared<ByteQueue>(64);
  const auto reader = ByteQueue::reader_of(queue);
  const Bytes sent = counting(10'000);
  std::jthread producer([&] {
    EXPECT_TRUE(queue->write(sent, kLong, {}));
    queue->finish();
  });
  const auto [bytes, error] = read_all(*reader, 100);
  EXPECT_EQ(bytes, sent);
  EXPECT_EQ(error.code(), Code::end_of_stream);
}

TEST(ByteQueue, HoldsTheProducerWhenItIsFull) {
  const auto queue = std::make_shared<ByteQueue>(8);
  const auto reader = ByteQueue::reader_of(queue);
  EXPECT_EQ(queue->write(counting(9), milliseconds(1), {}).error().code(), Code::timeout);
  EXPECT_EQ(queue->depth(), 8U);
}

TEST(ByteQueue, EndsTheProducerWithTheReader) {
  const auto queue = std::make_shared<ByteQueue>(8);
  auto reader = ByteQueue::reader_of(queue);
  std::jthread gone([&] { reader.reset(); });
  EXPECT_EQ(queue->write(counting(9), kLong, {}).error().code(), Code::cancelled);
}

TEST(ByteQueue, EndsBothSidesOnAStopRequest) {
  const auto queue = std::make_shared<ByteQueue>(8);
  const auto reader = ByteQueue::reader_of(queue);
  std::stop_source stop;
  stop.request_stop();
  Bytes into(4);
  EXPECT_EQ(reader->read(into, kLong, stop.get_token()).error().code(), Code::cancelled);
  EXPECT_EQ(queue->write(counting(9), kLong, stop.get_token()).error().code(), Code::cancelled);
}

TEST(ByteQueue, TellsTheReaderWhyTheTransferBrokeOff) {
  const auto queue = std::make_shared<ByteQueue>(8);
  const auto reader = ByteQueue::reader_of(queue);
  ASSERT_TRUE(queue->write(counting(3), kLong, {}));
  queue->finish(base::Error(Code::unavailable, "the client hung up"));
  queue->finish();
  const auto [bytes, error] = read_all(*reader);
  EXPECT_EQ(bytes, counting(3)) << "what came before is still read";
  EXPECT_EQ(error.code(), Code::unavailable);
  EXPECT_THAT(error.message(), HasSubstr("hung up"));
}

RC_GTEST_PROP(ByteQueue, KeepsTheOrderOfBytesForAnySizes, (Bytes sent)) {
  const auto queue = std::make_shared<ByteQueue>(*rc::gen::inRange<std::size_t>(1, 20));
  const auto step = *rc::gen::inRange<std::size_t>(1, 20);
  const auto reader = ByteQueue::reader_of(queue);
  std::jthread producer([&] {
    const bool all = queue->write(sent, kLong, {}).has_value();
    queue->finish(all ? base::Error(Code::end_of_stream, "") : base::Error(Code::internal, ""));
  });
  const auto [bytes, error] = read_all(*reader, step);
  RC_ASSERT(bytes == sent);
  RC_ASSERT(error.code() == Code::end_of_stream);
}

}  // namespace
}  // namespace ocelli::media
