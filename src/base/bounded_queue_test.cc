#include "base/bounded_queue.h"

#include <algorithm>
#include <atomic>
#include <memory>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

namespace ocelli::base {
namespace {

TEST(BoundedQueue, GivesElementsInTheOrderTheyCame) {
  BoundedQueue<int> queue(3, OverflowPolicy::block);
  for (const int element : {1, 2, 3}) EXPECT_TRUE(queue.push(element));
  EXPECT_EQ(queue.depth(), 3U);
  for (const int element : {1, 2, 3}) EXPECT_EQ(queue.pop(), element);
  EXPECT_EQ(queue.try_pop(), std::nullopt);
}

TEST(BoundedQueue, DropOldestKeepsTheRecentPastAndCounts) {
  BoundedQueue<int> queue(2, OverflowPolicy::drop_oldest);
  for (const int element : {1, 2, 3, 4}) queue.push(element);
  EXPECT_EQ(queue.dropped(), 2U);
  EXPECT_EQ(queue.pop(), 3);
  EXPECT_EQ(queue.pop(), 4);
}

TEST(BoundedQueue, KeepLatestKeepsOnlyTheNewestAndCounts) {
  BoundedQueue<int> queue(2, OverflowPolicy::keep_latest);
  for (const int element : {1, 2, 3}) queue.push(element);
  EXPECT_EQ(queue.dropped(), 2U);
  EXPECT_EQ(queue.pop(), 3);
  EXPECT_EQ(queue.depth(), 0U);
}

TEST(BoundedQueue, CloseRefusesProducersButDrainsToConsumers) {
  BoundedQueue<int> queue(2, OverflowPolicy::block);
  queue.push(1);
  queue.close();
  queue.close();
  EXPECT_FALSE(queue.push(2));
  EXPECT_FALSE(queue.closed_and_empty());
  EXPECT_EQ(queue.pop(), 1);
  EXPECT_EQ(queue.pop(), std::nullopt);
  EXPECT_TRUE(queue.closed_and_empty());
}

TEST(BoundedQueue, CarriesWhatCannotBeCopied) {
  BoundedQueue<std::unique_ptr<int>> queue(1, OverflowPolicy::drop_oldest);
  queue.push(std::make_unique<int>(5));
  EXPECT_EQ(**queue.pop(), 5);
}

TEST(BoundedQueue, AStopRequestEndsBothWaits) {
  BoundedQueue<int> full(1, OverflowPolicy::block);
  full.push(1);
  BoundedQueue<int> empty(1, OverflowPolicy::block);
  std::atomic<bool> pushed = true;
  std::atomic<bool> popped = true;
  std::jthread producer([&](const std::stop_token& stop) { pushed = full.push(2, stop); });
  std::jthread consumer([&](const std::stop_token& stop) { popped = empty.pop(stop).has_value(); });
  producer.request_stop();
  consumer.request_stop();
  producer.join();
  consumer.join();
  EXPECT_FALSE(pushed);
  EXPECT_FALSE(popped);
}

TEST(BoundedQueue, CloseEndsBothWaits) {
  BoundedQueue<int> full(1, OverflowPolicy::block);
  full.push(1);
  BoundedQueue<int> empty(1, OverflowPolicy::block);
  std::atomic<bool> pushed = true;
  std::atomic<bool> popped = true;
  {
    std::jthread producer([&] { pushed = full.push(2); });
    std::jthread consumer([&] { popped = empty.pop().has_value(); });
    full.close();
    empty.close();
  }
  EXPECT_FALSE(pushed);
  EXPECT_FALSE(popped);
}

TEST(BoundedQueue, BlockingLosesNothingBetweenManyProducersAndConsumers) {
  constexpr int kProducers = 3;
  constexpr int kConsumers = 3;
  constexpr int kEach = 2'000;
  BoundedQueue<int> queue(4, OverflowPolicy::block);
  std::vector<std::vector<int>> received(kConsumers);
  {
    std::vector<std::jthread> consumers;
    for (auto& mine : received) {
      consumers.emplace_back([&queue, &mine] {
        while (const auto element = queue.pop()) mine.push_back(*element);
      });
    }
    {
      std::vector<std::jthread> producers;
      for (int producer = 0; producer < kProducers; ++producer) {
        producers.emplace_back([&queue, producer] {
          for (int i = 0; i < kEach; ++i) queue.push(producer * kEach + i);
        });
      }
    }
    queue.close();
  }
  std::vector<int> all;
  for (const auto& mine : received) all.insert(all.end(), mine.begin(), mine.end());
  std::sort(all.begin(), all.end());
  ASSERT_EQ(all.size(), static_cast<std::size_t>(kProducers * kEach));
  for (std::size_t i = 0; i < all.size(); ++i) ASSERT_EQ(all[i], static_cast<int>(i));
  EXPECT_EQ(queue.dropped(), 0U);
}

TEST(BoundedQueue, WhatIsDroppedAndWhatArrivesAddUp) {
  for (const auto policy : {OverflowPolicy::drop_oldest, OverflowPolicy::keep_latest}) {
    constexpr int kCount = 5'000;
    BoundedQueue<int> queue(3, policy);
    std::uint64_t received = 0;
    int last = -1;
    {
      std::jthread producer([&queue] {
        for (int i = 0; i < kCount; ++i) queue.push(i);
        queue.close();
      });
      while (const auto element = queue.pop()) {
        ASSERT_GT(*element, last);
        last = *element;
        ++received;
      }
    }
    EXPECT_EQ(last, kCount - 1) << "the newest element always arrives";
    EXPECT_EQ(received + queue.dropped(), static_cast<std::uint64_t>(kCount));
  }
}

}  // namespace
}  // namespace ocelli::base
