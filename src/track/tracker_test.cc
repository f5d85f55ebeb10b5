#include "track/tracker.h"

#include <chrono>
#include <cmath>
#include <limits>
#include <random>
#include <set>

#include <gtest/gtest.h>

#include "track/ground_plane.h"
#include "track/presets.h"

namespace ocelli::track {
namespace {

using infer::Detection;
using std::chrono::milliseconds;

constexpr int kPerson = 0;
constexpr int kCar = 2;
constexpr int kTruck = 7;

Detection seen(float left, float score = 0.9F, int class_id = kPerson) {
  return {{left, 100, 40, 100}, score, class_id};
}

/// Feeds a tracker frame by frame.
class Film {
 public:
  explicit Film(const TrackerConfig& config = {}, milliseconds interval = milliseconds{40},
                std::optional<GroundPlane> ground = std::nullopt)
      : tracker_(config, ground), interval_(interval) {}

  std::vector<Track> show(const std::vector<Detection>& detections) {
    time_ += interval_;
    auto update = tracker_.update(time_, detections, {}, appearance);
    ended = update.ended;
    return update.tracks;
  }
  std::vector<Track> show(const std::vector<Detection>& detections, int frames) {
    std::vector<Track> tracks;
    for (int i = 0; i < frames; ++i) tracks = show(detections);
    return tracks;
  }
  void pass(milliseconds gap) { time_ += gap; }
  media::MediaTime now() const { return time_; }
  std::vector<Track> finish() { return tracker_.finish(); }

  std::vector<Track> ended;
  AppearanceSource* appearance = nullptr;

 private:
  Tracker tracker_;
  milliseconds interval_;
  media::MediaTime time_;
};

TEST(Tracker, ReportsATrackOnlyOnceItIsConfirmed) {
  Film film;
  EXPECT_TRUE(film.show({seen(100)}).empty());
  EXPECT_TRUE(film.show({seen(102)}).empty());
  const auto tracks = film.show({seen(104)});
  ASSERT_EQ(tracks.size(), 1U);
  EXPECT_EQ(tracks[0].id, 1U);
  EXPECT_EQ(tracks[0].state, TrackState::confirmed);
  EXPECT_EQ(tracks[0].first_seen, media::MediaTime(milliseconds{40})) << "the first sighting, not the confirmation";
  EXPECT_EQ(tracks[0].last_seen, film.now());
}

TEST(Tracker, FlickersNeverBecomeTracksNorUseUpIds) {
  Film film;
  for (int i = 0; i < 20; ++i) {
    film.show({seen(400.F + 60.F * static_cast<float>(i % 5))});
    film.show({});
  }
  EXPECT_TRUE(film.finish().empty());
  EXPECT_EQ(film.show({seen(100)}, 3).at(0).id, 1U);
}

TEST(Tracker, TwoSightingsConfirmWhereFramesAreRare) {
  Film film({}, milliseconds{500});
  film.show({seen(100)});
  EXPECT_EQ(film.show({seen(104)}).size(), 1U);
}

TEST(Tracker, KeepsIdsWhileTwoPeopleWalkTowardsAndPastEachOther) {
  Film film({}, milliseconds{40});
  std::vector<Track> tracks;
  for (int frame = 0; frame < 100; ++frame) {
    const float x = 4.F * static_cast<float>(frame);
    tracks = film.show({{{x, 100, 40, 100}, 0.9F, kPerson}, {{400 - x, 130, 40, 100}, 0.9F, kPerson}});
  }
  ASSERT_EQ(tracks.size(), 2U);
  EXPECT_EQ(tracks[0].id, 1U);
  EXPECT_NEAR(tracks[0].box.left, 396, 10);
  EXPECT_NEAR(tracks[0].velocity_px_s.x, 100, 10);
  EXPECT_EQ(tracks[1].id, 2U);
  EXPECT_NEAR(tracks[1].box.left, 4, 10);
}

TEST(Tracker, WeakDetectionsContinueATrackButNeverBeginOne) {
  Film film;
  EXPECT_TRUE(film.show({seen(100, 0.2F)}, 10).empty());
  film.show({seen(100)}, 3);
  const auto tracks = film.show({seen(100, 0.2F)}, 5);
  ASSERT_EQ(tracks.size(), 1U);
  EXPECT_EQ(tracks[0].state, TrackState::confirmed);
  EXPECT_FLOAT_EQ(tracks[0].score, 0.2F);
  EXPECT_EQ(film.show({seen(100, 0.05F)}).at(0).state, TrackState::lost) << "below low_score nothing counts";
}

TEST(Tracker, FindsALostTrackAgainWhereItMustBe) {
  Film film;
  float x = 0;
  for (int i = 0; i < 20; ++i) film.show({seen(x += 4)});
  for (int i = 0; i < 15; ++i) {
    x += 4;
    const auto tracks = film.show({});
    ASSERT_EQ(tracks.size(), 1U);
    EXPECT_EQ(tracks[0].state, TrackState::lost);
    EXPECT_NEAR(tracks[0].box.left, x, 12) << "predicted";
  }
  const auto tracks = film.show({seen(x += 4)});
  ASSERT_EQ(tracks.size(), 1U);
  EXPECT_EQ(tracks[0].id, 1U);
  EXPECT_EQ(tracks[0].state, TrackState::confirmed);
}

TEST(Tracker, EndsALostTrackAfterItsTimeAndNeverUsesItsIdAgain) {
  TrackerConfig config;
  config.keep_lost = milliseconds{400};
  Film film(config);
  film.show({seen(100)}, 5);
  film.show({}, 10);
  EXPECT_TRUE(film.ended.empty()) << "400 ms after its last detection it is still remembered";
  EXPECT_TRUE(film.show({}).empty());
  ASSERT_EQ(film.ended.size(), 1U);
  EXPECT_EQ(film.ended[0].id, 1U);
  EXPECT_EQ(film.ended[0].state, TrackState::lost);
  EXPECT_EQ(film.show({seen(100)}, 3).at(0).id, 2U);
}

TEST(Tracker, AGapInTheStreamEndsTracksInsteadOfContinuingThem) {
  Film film;
  film.show({seen(100)}, 5);
  film.pass(std::chrono::minutes{10});
  EXPECT_TRUE(film.show({seen(100)}).empty());
  EXPECT_EQ(film.ended.size(), 1U);
}

TEST(Tracker, ACarBesideWhereAPersonWasIsAnotherObject) {
  Film film;
  film.show({seen(100)}, 5);
  const auto tracks = film.show({seen(120, 0.9F, kCar)}, 3);  // overlap 1/3
  ASSERT_EQ(tracks.size(), 2U);
  EXPECT_EQ(tracks[0].state, TrackState::lost);
  EXPECT_EQ(tracks[0].class_id, kPerson);
  EXPECT_EQ(tracks[1].class_id, kCar);
}

TEST(Tracker, ADetectorThatChangesItsMindMakesNoNewObject) {
  Film film;
  film.show({seen(100, 0.9F, kCar)}, 5);
  const auto tracks = film.show({seen(100, 0.6F, kPerson)}, 4);
  ASSERT_EQ(tracks.size(), 1U);
  EXPECT_EQ(tracks[0].id, 1U);
  EXPECT_EQ(tracks[0].state, TrackState::confirmed);
  EXPECT_EQ(tracks[0].class_id, kCar) << "the majority names it";
  EXPECT_EQ(film.show({seen(100, 0.3F, kPerson)}).at(0).state, TrackState::confirmed) << "also when it is unsure";
}

TEST(Tracker, TwoClassesInOnePlaceStayTwoObjects) {
  Film film;
  const auto tracks = film.show({seen(100, 0.9F, kCar), seen(105, 0.8F, kPerson)}, 6);
  ASSERT_EQ(tracks.size(), 2U);
  EXPECT_EQ(film.show({seen(105, 0.8F, kPerson), seen(100, 0.9F, kCar)}).at(0).class_id, tracks[0].class_id);
}

TEST(Tracker, ABytetrackNeverChangesTheClass) {
  Film film(*preset("bytetrack"));
  film.show({seen(100)}, 5);
  EXPECT_EQ(film.show({seen(100, 0.9F, kCar)}, 3).size(), 2U);
}

TEST(Tracker, RemembersWhereAnObjectWasBeforeItWasBelieved) {
  Film film;
  film.show({seen(100)});
  film.show({seen(104)});
  const auto tracks = film.show({seen(108)});
  ASSERT_EQ(tracks.size(), 1U);
  EXPECT_EQ(tracks[0].first_box, seen(100).box);
}

/// Two metres above the ground, looking level; the horizon is 100 px above the feet of seen(): they stand 20 m away.
GroundPlane ground_of_seen() {
  return *GroundPlane::create({1'000, 0, 0, 0, 100, 2'000, 0, 1, 0});
}

TEST(Tracker, NobodyGoesOnWithATrackFromWhereThatPersonCannotHaveWalked) {
  // Half as near within a frame, though the boxes overlap by a half.
  const Detection nearer{{100, 100, 40, 200}, 0.9F, kPerson};
  Film by_boxes;
  by_boxes.show({seen(100)}, 10);
  EXPECT_EQ(by_boxes.show({nearer}).at(0).state, TrackState::confirmed);
  Film by_ground({}, milliseconds{40}, ground_of_seen());
  by_ground.show({seen(100)}, 10);
  EXPECT_EQ(by_ground.show({nearer}).at(0).state, TrackState::lost);
}

TEST(Tracker, OnTheGroundAWalkGoesOnWhateverTheRate) {
  for (const auto interval : {milliseconds{20}, milliseconds{40}, milliseconds{120}}) {
    Film film({}, interval, ground_of_seen());
    std::vector<Track> tracks;
    float left = 100;
    for (int i = 0; i < 30; ++i) {
      left += 0.05F * static_cast<float>(interval.count());  // a metre a second
      tracks = film.show({seen(left)});
    }
    ASSERT_EQ(tracks.size(), 1U) << interval.count();
    EXPECT_EQ(tracks[0].id, 1U) << interval.count();
    EXPECT_EQ(tracks[0].state, TrackState::confirmed) << interval.count();
  }
}

TEST(Tracker, ClassesOfOneGroupContinueEachOtherAndTheMajorityNamesTheTrack) {
  TrackerConfig config;
  config.class_groups = {0, 1, 2, 3, 4, 5, 6, 2};  // truck (7) belongs to car (2)
  Film film(config);
  film.show({seen(100, 0.9F, kCar)}, 5);
  const auto tracks = film.show({seen(100, 0.8F, kTruck)}, 2);
  ASSERT_EQ(tracks.size(), 1U);
  EXPECT_EQ(tracks[0].state, TrackState::confirmed);
  EXPECT_EQ(tracks[0].class_id, kCar);
  EXPECT_EQ(film.show({seen(100, 0.8F, kTruck)}, 10).at(0).class_id, kTruck);
}

TEST(Tracker, FollowsTheSameWalkWhateverFramesAreDropped) {
  std::mt19937 random(7);  // NOLINT(bugprone-random-generator-seed): tests repeat themselves
  for (int round = 0; round < 20; ++round) {
    Film film({}, milliseconds{0});
    std::set<std::uint64_t> ids;
    for (int frame = 0; frame < 200; ++frame) {
      film.pass(milliseconds{40});
      if (random() % 3 == 0) continue;
      for (const auto& track : film.show({seen(3.F * static_cast<float>(frame))})) ids.insert(track.id);
    }
    EXPECT_EQ(ids.size(), 1U);
  }
}

TEST(Tracker, IgnoresDetectionsThatAreNoBoxes) {
  constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  Film film;
  const auto tracks = film.show({{{kNan, 0, 10, 10}, 0.9F, 0},
                                 {{0, 0, kInfinity, 10}, 0.9F, 0},
                                 {{0, 0, 0, 10}, 0.9F, 0},
                                 {{0, 0, 10, -5}, 0.9F, 0},
                                 {{0, 0, 10, 10}, kNan, 0},
                                 seen(100, 0.9F, -1)},
                                5);
  ASSERT_EQ(tracks.size(), 1U);
  EXPECT_NEAR(tracks[0].box.left, 100, 0.01);
}

TEST(Tracker, SurvivesTimesThatDoNotAdvance) {
  Film film({}, milliseconds{0});
  EXPECT_EQ(film.show({seen(100)}, 10).size(), 1U);
  film.pass(milliseconds{-1'000});
  EXPECT_EQ(film.show({seen(100)}).size(), 1U);
}

TEST(Tracker, FinishEndsEverythingThatWasConfirmed) {
  Film film;
  film.show({seen(100), seen(300)}, 3);
  film.show({seen(100), seen(300), seen(500)});
  EXPECT_EQ(film.finish().size(), 2U);
  EXPECT_TRUE(film.finish().empty());
}

TEST(Tracker, GivesIdsInOrderOfConfirmationWithoutGapsAndTheSameOnEveryRun) {
  const auto run = [] {
    std::mt19937 random(3);  // NOLINT(bugprone-random-generator-seed): tests repeat themselves
    std::uniform_real_distribution<float> unit(0, 1);
    Film film;
    std::vector<Track> all;
    for (int frame = 0; frame < 150; ++frame) {
      std::vector<Detection> detections;
      for (int i = 0; i < 30; ++i) {
        const float x = 50.F * static_cast<float>(i) + 2.F * static_cast<float>(frame) + 6 * unit(random);
        if (unit(random) > 0.15F) detections.push_back({{x, 100 + 4 * unit(random), 40, 90}, unit(random), kPerson});
      }
      for (const auto& track : film.show(detections)) all.push_back(track);
    }
    return all;
  };
  const auto first = run();
  const auto second = run();
  ASSERT_EQ(first.size(), second.size());
  std::uint64_t newest = 0;
  for (std::size_t i = 0; i < first.size(); ++i) {
    EXPECT_EQ(first[i].id, second[i].id);
    EXPECT_EQ(first[i].box, second[i].box);
    EXPECT_LE(first[i].id, newest + 1) << "an id was left out";
    newest = std::max(newest, first[i].id);
  }
  EXPECT_GE(newest, 30U);
}

/// People who stand 100 pixels apart, as a camera sees them that moved by `shift_px`.
std::vector<Detection> row_of_people(float shift_px) {
  std::vector<Detection> people;
  for (int i = 0; i < 6; ++i) people.push_back(seen(100.F * static_cast<float>(i) + shift_px));
  return people;
}

TEST(Tracker, KeepsIdsAndLostPlacesWhileTheCameraShakes) {
  std::mt19937 random(5);  // NOLINT(bugprone-random-generator-seed): tests repeat themselves
  std::uniform_real_distribution<float> jump_px(-10, 10);
  Film film;
  film.show(row_of_people(0), 10);
  for (int frame = 0; frame < 100; ++frame) {
    const float shift_px = jump_px(random);
    auto people = row_of_people(shift_px);
    people.erase(people.begin() + 2);
    const auto tracks = film.show(people);
    ASSERT_EQ(tracks.size(), frame < 50 ? 6U : 5U);
    if (frame < 50) {
      EXPECT_EQ(tracks[2].state, TrackState::lost);
      EXPECT_NEAR(tracks[2].box.left, 200 + shift_px, 5) << frame;
    }
    EXPECT_EQ(tracks.back().id, 6U);
  }
}

TEST(Tracker, FollowsTheCameraMotionThatItIsTold) {
  TrackerConfig config;
  config.shake = ShakeCompensation::off;
  Tracker tracker(config);
  Tracker::Update update;
  for (int frame = 0; frame < 30; ++frame) {
    const std::vector<Detection> detections{seen(frame % 2 == 0 ? 100.F : 145.F)};
    const float jump_px = frame == 0 ? 0 : frame % 2 == 0 ? -45.F : 45.F;
    update = tracker.update(media::MediaTime(milliseconds{40 * frame}), detections, {.x0 = jump_px});
  }
  ASSERT_EQ(update.tracks.size(), 1U);
  EXPECT_EQ(update.tracks[0].id, 1U);
  EXPECT_NEAR(update.tracks[0].velocity_px_s.x, 0, 1) << "the camera moved, not the person";
}

TEST(Tracker, WhatMovesTogetherForLongIsNoShake) {
  Film film;
  std::vector<Track> tracks;
  for (int frame = 0; frame < 100; ++frame) tracks = film.show(row_of_people(4.F * static_cast<float>(frame)));
  ASSERT_EQ(tracks.size(), 6U);
  for (const auto& track : tracks) EXPECT_NEAR(track.velocity_px_s.x, 100, 10);
  tracks = film.show({}, 10);
  EXPECT_NEAR(tracks[0].box.left, 4 * 109, 12) << "and goes on while it is not seen";
}

constexpr float kRed = 100;  // people of the tests below are known by their height
constexpr float kBlue = 101;

Detection dressed(float color, float left, float bottom = 200) {
  return {{left, bottom - color, 40, color}, 0.9F, kPerson};
}

/// Knows the two by their height, and nobody else.
class Wardrobe final : public AppearanceSource {
 public:
  bool tells_apart(int class_id) const override { return class_id == kPerson; }
  std::vector<infer::Embedding> look(std::span<const Detection> detections) override {
    std::vector<infer::Embedding> looks;
    for (const auto& [box, score, class_id] : detections) {
      asked.push_back(box);
      if (box.height == kRed) {
        looks.push_back({{1, 0}});
      } else if (box.height == kBlue) {
        looks.push_back({{0, 1}});
      } else {
        looks.emplace_back();
      }
    }
    return looks;
  }
  std::vector<vision::PixelBox> asked;
};

TEST(Tracker, AsksForLooksOnlyNowAndThenWhileNothingIsContested) {
  Wardrobe wardrobe;
  Film film;
  film.appearance = &wardrobe;
  film.show({dressed(kRed, 100), dressed(kBlue, 300)}, 2);
  EXPECT_TRUE(wardrobe.asked.empty()) << "nobody is believed yet";
  film.show({dressed(kRed, 100), dressed(kBlue, 300)}, 40);
  EXPECT_EQ(wardrobe.asked.size(), 2U) << "once each";
  film.show({dressed(kRed, 100), dressed(kBlue, 300)}, 80);
  EXPECT_EQ(wardrobe.asked.size(), 6U) << "again every two seconds, of nearly five";
}

TEST(Tracker, AsksForNoLooksOfThoseWhoAreHiddenSmallUnsureOrNoPeople) {
  Wardrobe wardrobe;
  Film film;
  film.appearance = &wardrobe;
  const Detection hidden = dressed(kBlue, 110, 195);
  const Detection small{{300, 100, 12, 30}, 0.9F, kPerson};
  film.show({dressed(kRed, 100), hidden, small, seen(800, 0.9F, kCar)}, 10);
  ASSERT_EQ(wardrobe.asked.size(), 1U);
  EXPECT_EQ(wardrobe.asked[0], dressed(kRed, 100).box) << "who hides the other is asked for";
  film.show({seen(500)}, 5);
  wardrobe.asked.clear();
  film.pass(milliseconds{1'900});
  film.show({seen(500, 0.2F)}, 5);
  EXPECT_TRUE(wardrobe.asked.empty());
}

/// Two people walk towards each other, are not seen for a fifth of a second, and then have stopped. Returns the tracks.
std::vector<Track> stop_before_each_other(Film& film) {
  for (int frame = 0; frame < 45; ++frame) {
    const float walked = 4.F * static_cast<float>(frame) - 98;
    film.show({dressed(kRed, walked), dressed(kBlue, 200 - walked)});
  }
  film.show({}, 5);
  return film.show({dressed(kRed, 80), dressed(kBlue, 120)});
}

TEST(Tracker, LooksDecideWhoIsWhoWhereBoxesCouldMeanEither) {
  Film by_boxes;
  auto tracks = stop_before_each_other(by_boxes);
  ASSERT_EQ(tracks.size(), 2U);
  EXPECT_GT(tracks[0].box.left, tracks[1].box.left) << "as if they had walked past each other";

  Wardrobe wardrobe;
  Film by_looks;
  by_looks.appearance = &wardrobe;
  tracks = stop_before_each_other(by_looks);
  ASSERT_EQ(tracks.size(), 2U);
  EXPECT_LT(tracks[0].box.left, tracks[1].box.left);
  EXPECT_EQ(tracks[0].state, TrackState::confirmed);
  EXPECT_EQ(tracks[1].state, TrackState::confirmed);
  EXPECT_EQ(wardrobe.asked.size(), 4U) << "each when it was believed, and when it was contested";
}

/// Somebody stands, is gone for half a second, and turns up two body widths away as `color`. Returns the tracks.
std::vector<Track> turn_up_elsewhere(Film& film, float color) {
  film.show({dressed(kRed, 100)}, 10);
  film.show({}, 12);
  return film.show({dressed(color, 180)}, 3);
}

TEST(Tracker, LooksFindAgainWhoTurnsUpElsewhere) {
  Film by_boxes;
  EXPECT_EQ(turn_up_elsewhere(by_boxes, kRed).size(), 2U);

  Wardrobe wardrobe;
  Film by_looks;
  by_looks.appearance = &wardrobe;
  const auto tracks = turn_up_elsewhere(by_looks, kRed);
  ASSERT_EQ(tracks.size(), 1U);
  EXPECT_EQ(tracks[0].id, 1U);
  EXPECT_EQ(tracks[0].state, TrackState::confirmed);
  EXPECT_EQ(tracks[0].first_seen, media::MediaTime(milliseconds{40}));
  EXPECT_NEAR(tracks[0].box.left, 180, 1);
  EXPECT_EQ(wardrobe.asked.size(), 2U) << "when it was believed, and when it would have got a new id";
  EXPECT_EQ(by_looks.show({dressed(kRed, 180), seen(500)}, 3).at(1).id, 2U) << "no id was used up";
}

TEST(Tracker, SomebodyElseWhoTurnsUpIsSomebodyElse) {
  Wardrobe wardrobe;
  Film film;
  film.appearance = &wardrobe;
  const auto tracks = turn_up_elsewhere(film, kBlue);
  ASSERT_EQ(tracks.size(), 2U);
  EXPECT_EQ(tracks[0].state, TrackState::lost);
  EXPECT_EQ(tracks[1].id, 2U);
}

TEST(Tracker, WhoWasThereAtTheSameTimeIsSomebodyElse) {
  Wardrobe wardrobe;
  Film film;
  film.appearance = &wardrobe;
  film.show({dressed(kRed, 100)}, 10);
  film.show({dressed(kRed, 100), dressed(kRed, 150)}, 2);
  const auto tracks = film.show({dressed(kRed, 150)});
  ASSERT_EQ(tracks.size(), 2U);
  EXPECT_EQ(tracks[0].state, TrackState::lost);
  EXPECT_EQ(tracks[1].id, 2U);
}

TEST(Tracker, NobodyIsFoundAgainWhereTheyCannotBeByNow) {
  Wardrobe wardrobe;
  Film film;
  film.appearance = &wardrobe;
  film.show({dressed(kRed, 100)}, 10);
  film.show({}, 12);
  EXPECT_EQ(film.show({dressed(kRed, 400)}, 3).size(), 2U);
}

TEST(Tracker, LooksThatNobodyCanTellChangeNothing) {
  Wardrobe wardrobe;
  Film with;
  with.appearance = &wardrobe;
  Film without;
  std::mt19937 random(11);  // NOLINT(bugprone-random-generator-seed): tests repeat themselves
  std::uniform_real_distribution<float> unit(0, 1);
  for (int frame = 0; frame < 100; ++frame) {
    std::vector<Detection> detections;
    for (int i = 0; i < 30; ++i) {
      const float x = 25.F * static_cast<float>(i) + 8 * unit(random);
      if (unit(random) > 0.2F) detections.push_back({{x, 100 + 8 * unit(random), 40, 90}, unit(random), kPerson});
    }
    const auto tracks = with.show(detections);
    const auto expected = without.show(detections);
    ASSERT_EQ(tracks.size(), expected.size());
    for (std::size_t i = 0; i < tracks.size(); ++i) {
      ASSERT_EQ(tracks[i].id, expected[i].id);
      ASSERT_EQ(tracks[i].box, expected[i].box);
    }
  }
  EXPECT_GT(wardrobe.asked.size(), 100U);
}

}  // namespace
}  // namespace ocelli::track
