#include "store/internal/store_writer.h"

#include <gmock/gmock.h>

#include "store/event_reader.h"
#include "store/internal/schema.h"
#include "store/testing/fixture.h"

namespace ocelli::store::internal {
namespace {

using store::testing::kStart;
using store::testing::make_event;
using store::testing::make_near_miss;

class StoreWriterTest : public store::testing::StoreTest {
 protected:
  StoreWriter writer() { return {config_, simulated_, base::Logger::null(), metrics_}; }
  static std::vector<Record> batch_of(std::uint64_t first, std::uint64_t last) {
    std::vector<Record> batch;
    for (std::uint64_t sequence = first; sequence <= last; ++sequence) {
      batch.emplace_back(make_event(sequence, static_cast<double>(sequence)));
    }
    return batch;
  }
  std::int64_t number(const std::string& sql) const {
    auto database = Database::open(config_.path, OpenMode::write);
    if (!database) return -1;
    return database->number(sql).value_or(-1);
  }
  static int tend_to_the_end(StoreWriter& writer) {
    int steps = 1;
    while (writer.tend() == StoreWriter::Left::more && steps < 1'000) ++steps;
    return steps;
  }

  base::SimulatedClock simulated_{kStart};
};

TEST_F(StoreWriterTest, WritesABatchOnceThoughItIsGivenTwice) {
  auto writer = this->writer();
  ASSERT_TRUE(writer.write(batch_of(1, 3), 1));
  ASSERT_TRUE(writer.write(batch_of(1, 3), 1)) << "a commit whose outcome was not known";
  ASSERT_TRUE(writer.write(batch_of(4, 5), 2));
  EXPECT_EQ(number("SELECT COUNT(*) FROM events"), 5);
}

TEST_F(StoreWriterTest, TellsRunsOfTheProgramApart) {
  {
    auto writer = this->writer();
    ASSERT_TRUE(writer.write(batch_of(1, 1), 1));
  }
  auto writer = this->writer();
  ASSERT_TRUE(writer.write(batch_of(1, 1), 1));
  EXPECT_EQ(number("SELECT COUNT(DISTINCT run) FROM events"), 2);
}

TEST_F(StoreWriterTest, RemovesWhatIsTooOldInSteps) {
  config_.keep_days = 30;
  auto writer = this->writer();
  ASSERT_TRUE(writer.write(batch_of(1, 5'000), 1));
  simulated_.advance(std::chrono::days(20));
  ASSERT_TRUE(writer.write(batch_of(5'001, 5'010), 2));
  EXPECT_EQ(tend_to_the_end(writer), 1);
  EXPECT_EQ(number("SELECT COUNT(*) FROM events"), 5'010) << "nothing is too old";
  simulated_.advance(std::chrono::days(11));
  ASSERT_EQ(writer.tend(), StoreWriter::Left::more);
  EXPECT_EQ(number("SELECT COUNT(*) FROM events"), 3'010) << "one step's worth";
  tend_to_the_end(writer);
  EXPECT_EQ(number("SELECT COUNT(*) FROM events"), 10);
  EXPECT_EQ(number("SELECT MIN(sequence) FROM events"), 5'001);
}

TEST_F(StoreWriterTest, HoldsTheSizeOfTheFileAndKeepsTheNewest) {
  config_.max_mib = 2;
  config_.keep_days = 0;
  auto writer = this->writer();
  for (std::uint64_t batch = 0; batch < 12; ++batch) {
    ASSERT_TRUE(writer.write(batch_of(batch * 1'000 + 1, batch * 1'000 + 1'000), batch + 1));
    tend_to_the_end(writer);
    EXPECT_LE(number("PRAGMA page_count") * number("PRAGMA page_size"), 2 << 20);
  }
  EXPECT_EQ(number("SELECT MAX(sequence) FROM events"), 12'000);
  EXPECT_GT(number("SELECT COUNT(*) FROM events"), 500) << "no more than is needed goes";
  EXPECT_EQ(number("SELECT MAX(id)-MIN(id)+1-COUNT(*) FROM events"), 0) << "and the oldest only";
}

TEST_F(StoreWriterTest, KeepsANumberOfNearMissesOfEachCamera) {
  config_.near_misses = 100;
  auto writer = this->writer();
  for (std::uint64_t batch = 0; batch < 5; ++batch) {
    std::vector<Record> records;
    for (std::uint64_t i = 1; i <= 90; ++i) records.emplace_back(make_near_miss(batch * 90 + i, 0, "gate"));
    records.emplace_back(make_near_miss(batch + 1, 0, "dock"));
    ASSERT_TRUE(writer.write(records, batch + 1));
  }
  EXPECT_LE(number("SELECT COUNT(*) FROM near_misses WHERE camera='gate'"), 130);
  EXPECT_EQ(number("SELECT MAX(sequence) FROM near_misses WHERE camera='gate'"), 450);
  EXPECT_EQ(number("SELECT COUNT(*) FROM near_misses WHERE camera='dock'"), 5);
}

TEST_F(StoreWriterTest, ForgetsTheMembersOfEventsThatWent) {
  config_.keep_days = 1;
  auto writer = this->writer();
  auto crowd = make_event(1);
  crowd.members = {4, 5, 6};
  ASSERT_TRUE(writer.write(std::vector<Record>{crowd}, 1));
  simulated_.advance(std::chrono::days(2));
  ASSERT_TRUE(writer.write(batch_of(2, 2), 2));
  tend_to_the_end(writer);
  EXPECT_EQ(number("SELECT COUNT(*) FROM event_members"), 0);
}

TEST_F(StoreWriterTest, BeginsAnewWhenTheFileIsGone) {
  auto writer = this->writer();
  ASSERT_TRUE(writer.write(batch_of(1, 3), 1));
  std::filesystem::remove(config_.path);
  std::filesystem::remove(config_.path + "-wal");
  std::filesystem::remove(config_.path + "-shm");
  writer.tend();
  ASSERT_TRUE(writer.write(batch_of(4, 4), 2));
  EXPECT_EQ(number("SELECT COUNT(*) FROM events"), 1);
}

TEST_F(StoreWriterTest, LiftsAFileOfTheFirstLayout) {
  {
    auto old = Database::open(config_.path, OpenMode::write);
    ASSERT_TRUE(old);
    ASSERT_TRUE(migrate(*old, 1));
    ASSERT_TRUE(old->run("INSERT INTO runs VALUES(1, 5, 7)"));
    ASSERT_TRUE(
        old->run("INSERT INTO events VALUES(41, 1, 5, 6, 'gate', 12, 'zone_entered', 'yard', 3, 640, 480, '{}')"));
    ASSERT_FALSE(old->number("SELECT COUNT(*) FROM tracks")) << "the first layout had none";
  }
  {
    auto writer = this->writer();
    ASSERT_TRUE(writer.write(batch_of(1, 1), 1));
  }
  EXPECT_EQ(number("PRAGMA user_version"), newest_version());
  const auto reader = EventReader::open(config_.path);
  ASSERT_TRUE(reader);
  const auto old = (*reader)->event("gate/12");
  ASSERT_TRUE(old);
  EXPECT_EQ(old->id, 41);
  EXPECT_EQ((*reader)->events({})->events.size(), 2U);
  EXPECT_TRUE((*reader)->tracks({}));
}

TEST_F(StoreWriterTest, IsReadByWhoeverComesBeforeTheFirstWriterOfTheNewLayout) {
  {
    auto old = Database::open(config_.path, OpenMode::write);
    ASSERT_TRUE(old);
    ASSERT_TRUE(migrate(*old, 1));
  }
  const auto reader = EventReader::open(config_.path);
  ASSERT_TRUE(reader) << reader.error().message();
  EXPECT_TRUE((*reader)->tracks({}));
}

TEST_F(StoreWriterTest, TellsThatRoomIsWhatLacks) {
  auto bounded = Database::open(config_.path, OpenMode::write);
  ASSERT_TRUE(bounded);
  ASSERT_TRUE(migrate(*bounded));
  ASSERT_TRUE(bounded->number("PRAGMA max_page_count=40"));
  const auto status = bounded->run("CREATE TABLE large(bytes); INSERT INTO large VALUES(zeroblob(1000000))");
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code(), base::Code::exhausted);
}

}  // namespace
}  // namespace ocelli::store::internal
