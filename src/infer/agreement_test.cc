#include "infer/agreement.h"

#include <algorithm>
#include <vector>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace ocelli::infer {
namespace {

/// Boxes on whole pixels, so that a box overlaps itself exactly.
rc::Gen<Detection> any_detection() {
  return rc::gen::map(rc::gen::tuple(rc::gen::inRange(0, 50), rc::gen::inRange(0, 50), rc::gen::inRange(1, 30),
                                     rc::gen::inRange(1, 30), rc::gen::inRange(0, 3), rc::gen::inRange(0, 100)),
                      [](const auto& values) {
                        const auto [left, top, width, height, class_id, score] = values;
                        return Detection{{static_cast<float>(left), static_cast<float>(top), static_cast<float>(width),
                                          static_cast<float>(height)},
                                         static_cast<float>(score) / 100.F,
                                         class_id};
                      });
}
std::vector<Detection> any_picture() {
  return *rc::gen::container<std::vector<Detection>>(any_detection());
}
Agreement of(const std::vector<Detection>& reference, const std::vector<Detection>& candidate) {
  Agreement agreement;
  add_picture(agreement, reference, candidate);
  return agreement;
}

const Detection kPerson{{10, 10, 20, 40}, 0.9F, 0};
const Detection kCar{{60, 10, 30, 20}, 0.8F, 2};

TEST(Agreement, NothingSeenByBothIsFullAgreement) {
  EXPECT_EQ(of({}, {}).f1(), 1);
  EXPECT_EQ(of({}, {}).mean_score_drift(), 0);
}

TEST(Agreement, CountsMissedAndInventedBoxes) {
  EXPECT_DOUBLE_EQ(of({kPerson, kCar}, {kPerson}).f1(), 2.0 / 3);
  EXPECT_DOUBLE_EQ(of({kPerson}, {kPerson, kCar}).f1(), 2.0 / 3);
  EXPECT_EQ(of({kPerson}, {kCar}).f1(), 0);
}

TEST(Agreement, AnotherClassIsAnotherObject) {
  auto other = kPerson;
  other.class_id = 1;
  EXPECT_EQ(of({kPerson}, {other}).f1(), 0);
}

TEST(Agreement, HalfOverlapIsTheBound) {
  auto moved = kPerson;
  moved.box.top += 13;  // overlap 27/53
  EXPECT_EQ(of({kPerson}, {moved}).f1(), 1);
  moved.box.top += 1;  // 26/54
  EXPECT_EQ(of({kPerson}, {moved}).f1(), 0);
}

TEST(Agreement, DriftIsTheMeanChangeOfScores) {
  auto weaker = kPerson;
  weaker.score -= 0.2F;
  auto stronger = kCar;
  stronger.score += 0.1F;
  EXPECT_NEAR(of({kPerson, kCar}, {weaker, stronger}).mean_score_drift(), 0.15, 1e-6);
}

TEST(Agreement, GivesEachBoxToItsNearest) {
  auto near = kPerson;
  near.box.left += 1;
  auto far = kPerson;
  far.box.left += 4;
  far.score = 0.5F;
  const auto agreement = of({kPerson}, {far, near});
  EXPECT_EQ(agreement.matched_boxes, 1U);
  EXPECT_EQ(agreement.mean_score_drift(), 0);
}

RC_GTEST_PROP(AgreementProperty, EveryPictureAgreesWithItselfInAnyOrder, ()) {
  const auto picture = any_picture();
  auto shuffled = picture;
  std::reverse(shuffled.begin(), shuffled.end());
  RC_ASSERT(of(picture, picture).f1() == 1);
  RC_ASSERT(of(picture, picture).mean_score_drift() == 0);
  RC_ASSERT(of(picture, shuffled).f1() == 1);
}

RC_GTEST_PROP(AgreementProperty, StaysBetweenNoneAndFull, ()) {
  const auto agreement = of(any_picture(), any_picture());
  RC_ASSERT(agreement.f1() >= 0 && agreement.f1() <= 1);
  RC_ASSERT(agreement.matched_boxes <= std::min(agreement.reference_boxes, agreement.candidate_boxes));
  RC_ASSERT(agreement.mean_score_drift() >= 0 && agreement.mean_score_drift() <= 1);
}

RC_GTEST_PROP(AgreementProperty, LosingBoxesNeverHelps, ()) {
  const auto picture = any_picture();
  auto fewer = picture;
  if (!fewer.empty()) fewer.pop_back();
  RC_ASSERT(of(picture, fewer).f1() <= of(picture, picture).f1());
  RC_ASSERT(picture.empty() || of(picture, fewer).f1() < 1);
}

RC_GTEST_PROP(AgreementProperty, CountsOfPicturesAddUp, ()) {
  const auto a = any_picture();
  const auto b = any_picture();
  auto both = of(a, b);
  add_picture(both, b, a);
  RC_ASSERT(both.reference_boxes == a.size() + b.size());
  RC_ASSERT(both.candidate_boxes == a.size() + b.size());
  RC_ASSERT(both.matched_boxes == of(a, b).matched_boxes + of(b, a).matched_boxes);
}

}  // namespace
}  // namespace ocelli::infer
