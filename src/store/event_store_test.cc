#include "store/event_store.h"

#include <atomic>
#include <csignal>
#include <fstream>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <gmock/gmock.h>

#include "store/event_reader.h"
#include "store/internal/database.h"
#include "store/testing/fixture.h"

namespace ocelli::store {
namespace {

using ::testing::HasSubstr;
using testing::make_event;
using testing::make_frame;
using testing::make_near_miss;
using testing::make_track;
using ::testing::SizeIs;
namespace fs = std::filesystem;

class EventStoreTest : public testing::StoreTest {
 protected:
  std::vector<StoredEvent> stored(std::size_t limit = 1'000) {
    auto reader = EventReader::open(config_.path);
    if (!reader) {
      ADD_FAILURE() << reader.error().message();
      return {};
    }
    auto page = (*reader)->events({.order = Order::oldest_first, .limit = limit});
    if (!page) {
      ADD_FAILURE() << page.error().message();
      return {};
    }
    return page->events;
  }
  std::string metric_lines() const { return metrics_.expose(); }
};

TEST_F(EventStoreTest, KeepsEventsNearMissesAndTracks) {
  auto& store = open();
  ASSERT_TRUE(store.accept(make_event(1)));
  ASSERT_TRUE(store.accept_near_miss(make_near_miss(1, 3)));
  const std::string camera = "gate";
  for (std::uint64_t frame = 0; frame < 3; ++frame) {
    const std::vector<track::Track> tracks{make_track(1, static_cast<float>(frame))};
    ASSERT_TRUE(store.accept({camera, make_frame(frame), tracks}));
    ASSERT_TRUE(store.accept(make_event(frame == 0 ? 2 : 1, 1)));  // the latter name track 1
  }
  ASSERT_TRUE(store.accept({camera, make_frame(3), {}}));  // and it is gone
  ASSERT_TRUE(store.flush());

  const auto reader = EventReader::open(config_.path);
  ASSERT_TRUE(reader);
  EXPECT_THAT(stored(), SizeIs(4));
  EXPECT_THAT((*reader)->near_misses({})->events, SizeIs(1));
  const auto tracks = (*reader)->tracks({});
  ASSERT_THAT(*tracks, SizeIs(1));
  EXPECT_EQ(tracks->front().summary.label, "person");
  EXPECT_EQ(tracks->front().summary.frames, 3U);
  EXPECT_THAT(tracks->front().summary.path, SizeIs(3));
}

TEST_F(EventStoreTest, TellsWhatItCommittedOnceItIsThere) {
  std::atomic<bool> was_there{true};
  std::atomic<std::size_t> told{0};
  auto with_ears = services();
  with_ears.on_committed = [&](const std::vector<Committed>& committed) {
    for (const auto& event : committed) {
      const auto reader = EventReader::open(config_.path);
      if (!reader || !(*reader)->event("gate/" + std::to_string(event.sequence))) was_there = false;
    }
    told += committed.size();
  };
  auto store = EventStore::start(config_, with_ears);
  ASSERT_TRUE(store);
  for (std::uint64_t sequence = 1; sequence <= 50; ++sequence) ASSERT_TRUE((*store)->accept(make_event(sequence)));
  ASSERT_TRUE((*store)->flush());
  EXPECT_EQ(told, 50U);
  EXPECT_TRUE(was_there);
}

TEST_F(EventStoreTest, WritesWhatIsThereWhenItIsClosed) {
  auto& store = open();
  for (std::uint64_t sequence = 1; sequence <= 2'500; ++sequence) ASSERT_TRUE(store.accept(make_event(sequence)));
  store.close();
  EXPECT_FALSE(fs::exists(config_.path + "-wal")) << "what was in the log is in the file now";
  EXPECT_THAT(stored(5'000), SizeIs(2'500));
}

TEST_F(EventStoreTest, LosesNearMissesFirstAndSaysHowMany) {
  config_.waiting_events = 100;
  auto& store = open();
  ASSERT_TRUE(store.flush());
  // Nothing can be written while another connection does.
  auto other = internal::Database::open(config_.path, internal::OpenMode::write);
  ASSERT_TRUE(other);
  ASSERT_TRUE(other->run("BEGIN IMMEDIATE"));
  for (std::uint64_t sequence = 1; sequence <= 5'000; ++sequence) {
    ASSERT_TRUE(store.accept_near_miss(make_near_miss(sequence)));
  }
  for (std::uint64_t sequence = 1; sequence <= 40; ++sequence) ASSERT_TRUE(store.accept(make_event(sequence)));
  ASSERT_TRUE(other->run("ROLLBACK"));
  store.close();
  EXPECT_THAT(stored(), SizeIs(40)) << "near misses filled at most half of the queue";
  EXPECT_THAT(metric_lines(), HasSubstr("ocelli_store_lost_total{kind=\"event\"} 0\n"));
  EXPECT_THAT(metric_lines(), ::testing::Not(HasSubstr("ocelli_store_lost_total{kind=\"near_miss\"} 0\n")));
}

TEST_F(EventStoreTest, SetsABrokenFileAsideAndBeginsAnew) {
  store({make_event(1), make_event(2)});
  {
    std::fstream file(config_.path, std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(100);  // behind the header: the root of the schema
    const std::string rubbish(4'000, '\x5a');
    file.write(rubbish.data(), static_cast<std::streamsize>(rubbish.size()));
  }
  store({make_event(3)});
  const auto events = stored();
  ASSERT_THAT(events, SizeIs(1));
  EXPECT_EQ(events.front().sequence, 3U);
  std::size_t broken = 0;
  for (const auto& entry : fs::directory_iterator(folder_)) {
    if (entry.path().filename().string().starts_with("events.db.broken-")) ++broken;
  }
  EXPECT_EQ(broken, 1U);
  EXPECT_THAT(metric_lines(), HasSubstr("ocelli_store_set_aside_total 1\n"));
}

TEST_F(EventStoreTest, SetsAsideWhatIsNoDatabase) {
  std::ofstream(config_.path) << std::string(5'000, 'x');
  store({make_event(1)});
  EXPECT_THAT(stored(), SizeIs(1));
}

TEST_F(EventStoreTest, RefusesAFolderThatCannotBeMade) {
  std::ofstream(folder_ + "/file") << "x";
  config_.path = folder_ + "/file/below/events.db";
  const auto refused = EventStore::start(config_, services());
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), base::Code::unavailable);
  EXPECT_THAT(refused.error().message(), HasSubstr("store: path"));
}

TEST_F(EventStoreTest, LeavesTheFileOfANewerOcelliAlone) {
  store({make_event(1)});
  {
    auto newer = internal::Database::open(config_.path, internal::OpenMode::write);
    ASSERT_TRUE(newer);
    ASSERT_TRUE(newer->run("PRAGMA user_version=99"));
  }
  auto& store = open();
  ASSERT_TRUE(store.accept(make_event(2)));
  const auto status = store.flush();
  ASSERT_FALSE(status);
  EXPECT_THAT(status.error().message(), HasSubstr("a newer ocelli"));
  store.close();
  EXPECT_FALSE(EventReader::open(config_.path));
  for (const auto& entry : fs::directory_iterator(folder_)) {
    EXPECT_FALSE(entry.path().filename().string().starts_with("events.db.broken")) << entry.path();
  }
}

/// In a process of its own, since the limit holds for all of it: files may not grow beyond `bytes`.
template <class Body>
int run_with_file_limit(rlim_t bytes, Body body) {
  const pid_t child = ::fork();
  if (child == 0) {
    std::signal(SIGXFSZ, SIG_IGN);
    rlimit limit{};
    ::getrlimit(RLIMIT_FSIZE, &limit);
    limit.rlim_cur = bytes;
    ::setrlimit(RLIMIT_FSIZE, &limit);
    ::_exit(body([&limit] {
      limit.rlim_cur = limit.rlim_max;
      ::setrlimit(RLIMIT_FSIZE, &limit);
    }));
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 255;
}

TEST_F(EventStoreTest, KeepsABacklogWhileThereIsNoRoomAndStoresItWhenThereIs) {
  constexpr std::uint64_t kEvents = 3'000;
  const int outcome = run_with_file_limit(400'000, [&](const auto& make_room) {
    std::atomic<int> was_in_trouble{0};
    auto told = services();
    told.on_trouble = [&](const std::optional<std::string>& reason) { was_in_trouble += reason ? 1 : 100; };
    auto store = EventStore::start(config_, told);
    if (!store) return 1;
    for (std::uint64_t sequence = 1; sequence <= kEvents; ++sequence) {
      if (!(*store)->accept(make_event(sequence))) return 2;  // the stream goes on
    }
    if ((*store)->flush()) return 3;  // it is told
    if (was_in_trouble != 1) return 4;
    make_room();
    for (int i = 0; i < 500 && was_in_trouble != 101; ++i) ::usleep(10'000);
    if (was_in_trouble != 101) return 5;
    if (!(*store)->flush()) return 6;
    return 0;
  });
  ASSERT_EQ(outcome, 0);
  const auto events = stored(kEvents + 1);
  ASSERT_THAT(events, SizeIs(kEvents)) << "each of them, and once";
  for (std::size_t i = 0; i < events.size(); ++i) ASSERT_EQ(events[i].sequence, i + 1);
}

TEST_F(EventStoreTest, EndsInTimeThoughTheDiskIsFull) {
  const int outcome = run_with_file_limit(1'000, [&](const auto&) {
    auto store = EventStore::start(config_, services());
    if (!store) return 1;
    for (std::uint64_t sequence = 1; sequence <= 100; ++sequence) {
      if (!(*store)->accept(make_event(sequence))) return 2;
    }
    const auto begin = clock_.now();
    (*store)->close();
    if (clock_.now() - begin > std::chrono::seconds(5)) return 3;
    return metric_lines().find("ocelli_store_lost_total{kind=\"event\"} 100\n") != std::string::npos ? 0 : 4;
  });
  EXPECT_EQ(outcome, 0);
}

}  // namespace
}  // namespace ocelli::store
