#include "events/object.h"

#include <chrono>
#include <vector>

#include <gtest/gtest.h>

namespace ocelli::events {
namespace {

using std::chrono::milliseconds;

media::FrameInfo frame_at(int ms) {
  media::FrameInfo frame;
  frame.width = 1'000;
  frame.height = 1'000;
  frame.time = media::MediaTime(milliseconds{ms});
  return frame;
}

track::Track seen(std::uint64_t id, float x, int since_ms, float speed_px_s = 0) {
  track::Track track;
  track.id = id;
  track.state = track::TrackState::confirmed;
  track.box = {x - 20, 400, 40, 100};
  track.velocity_px_s = {speed_px_s, 0};
  track.first_seen = media::MediaTime(milliseconds{since_ms});
  return track;
}

std::uint64_t object_of(Objects& objects, int ms, const track::Track& track) {
  return objects.update(frame_at(ms), std::vector{track}, {}).seen.at(0)->id;
}

TEST(Objects, ANewNumberWhereTheOldOneWasAboutToBeIsTheSameObject) {
  Objects objects(milliseconds{1'000}, {"person"});
  EXPECT_EQ(object_of(objects, 0, seen(1, 100, 0, 300)), 1U);
  EXPECT_EQ(object_of(objects, 1'000, seen(2, 410, 1'000)), 1U) << "300 pixels on, 10 off";
}

/// Which object a second track is, when the first was seen once, at 0 ms, at 100.
std::uint64_t second_object(int ms, const track::Track& second) {
  Objects objects(milliseconds{1'000}, {"person", "car"});
  object_of(objects, 0, seen(1, 100, 0));
  return object_of(objects, ms, second);
}

TEST(Objects, WhatBeginsElsewhereLateOrMeanwhileIsAnother) {
  EXPECT_EQ(second_object(500, seen(2, 100, 500)), 1U);
  EXPECT_EQ(second_object(500, seen(2, 201, 500)), 2U) << "farther away than its box is high";
  EXPECT_EQ(second_object(1'001, seen(2, 100, 1'001)), 2U) << "after the window";
  EXPECT_EQ(second_object(500, seen(2, 100, 0)), 2U) << "first seen when the other still was";
  track::Track car = seen(2, 100, 500);
  car.class_id = 1;
  EXPECT_EQ(second_object(500, car), 2U) << "another label";
  track::Track child = seen(2, 100, 500);
  child.box = {90, 460, 20, 40};
  EXPECT_EQ(second_object(500, child), 2U) << "less than half as tall";
}

TEST(Objects, CountsTheWindowToTheFirstSightingNotToTheConfirmation) {
  Objects objects(milliseconds{1'000}, {"person"});
  object_of(objects, 0, seen(1, 100, 0));
  EXPECT_EQ(object_of(objects, 1'400, seen(2, 100, 900)), 1U);
}

TEST(Objects, TheNearestOfTwoGoesOn) {
  Objects objects(milliseconds{1'000}, {"person"});
  objects.update(frame_at(0), std::vector{seen(1, 100, 0), seen(2, 160, 0)}, {});
  const auto both = objects.update(frame_at(500), std::vector{seen(3, 150, 500), seen(4, 110, 500)}, {});
  EXPECT_EQ(both.seen.at(0)->id, 2U);
  EXPECT_EQ(both.seen.at(1)->id, 1U);
}

TEST(Objects, ANumberThatComesBackAfterItWasTakenOverIsANewObject) {
  Objects objects(milliseconds{1'000}, {"person"});
  object_of(objects, 0, seen(1, 100, 0));
  object_of(objects, 500, seen(2, 100, 500));
  const auto both = objects.update(frame_at(600), std::vector{seen(1, 110, 0), seen(2, 100, 500)}, {});
  EXPECT_EQ(both.seen.at(0)->id, 2U);
  EXPECT_EQ(both.seen.at(1)->id, 1U);
}

TEST(Objects, IsGoneWhenItsTrackHasEndedAndTheWindowHasPassed) {
  Objects objects(milliseconds{1'000}, {"person"});
  object_of(objects, 0, seen(1, 100, 0));
  EXPECT_TRUE(objects.update(frame_at(100), {}, std::vector{seen(1, 100, 0)}).gone.empty());
  EXPECT_TRUE(objects.update(frame_at(1'000), {}, {}).gone.empty());
  EXPECT_EQ(objects.update(frame_at(1'001), {}, {}).gone.size(), 1U);
  EXPECT_TRUE(objects.finish().empty());
}

TEST(Objects, AllWhoseTracksHaveEndedAreGoneWithTheStream) {
  Objects objects(milliseconds{1'000}, {"person"});
  object_of(objects, 0, seen(1, 100, 0));
  objects.update(frame_at(100), {}, std::vector{seen(1, 100, 0)});
  EXPECT_EQ(objects.finish().size(), 1U);
}

TEST(Objects, SurvivesAChangeOfResolution) {
  Objects objects(milliseconds{1'000}, {"person"});
  object_of(objects, 0, seen(1, 400, 0, 100));
  auto larger = frame_at(500);
  larger.width = 2'000;
  larger.height = 2'000;
  track::Track track = seen(2, 900, 500);
  track.box = {860, 800, 80, 200};
  EXPECT_EQ(objects.update(larger, std::vector{track}, {}).seen.at(0)->id, 1U);
}

}  // namespace
}  // namespace ocelli::events
