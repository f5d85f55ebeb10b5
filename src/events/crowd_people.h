#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "events/anchor.h"
#include "events/crowd_config.h"
#include "events/crowd_ruler.h"
#include "events/place_filter.h"
#include "media/media_time.h"
#include "track/track.h"

namespace ocelli::events {

/// Somebody who is or was just seen. People are told apart by their place: track ids are a hint.
struct Person {
  std::uint64_t id = 0;        ///< ours; survives the tracker's changes of mind
  std::uint64_t track_id = 0;  ///< the newest
  int class_id = 0;
  float score = 0;
  vision::PixelBox box;               ///< newest sighting
  Anchor place;                       ///< mean of where the feet have been, by `smoothing`; share of the picture
  double height = 0;                  ///< likewise, share of the picture's height
  GroundPoint ground;                 ///< of `place`
  bool staying = false;               ///< has moved less than `distance_m` a window
  double moved_px = 0;                ///< within the last window, in hundredths of the own height
  std::chrono::nanoseconds unseen{};  ///< since the newest sighting, as far as anybody looked
};

/// Follows people for CrowdRule: through misses, dropped frames and swapped ids, with smoothed places.
/// Memory is bounded by the number of people in the picture, and that by kMost. One thread at a time.
class CrowdPeople {
 public:
  static constexpr std::size_t kMost = 256;  ///< people beyond these are left out, the newest tracks first

  explicit CrowdPeople(const CrowdConfig& config);

  /// The confirmed tracks of people in this frame.
  void update(media::MediaTime time, PictureSize picture, std::span<const track::Track* const> tracks);

  /// Ascending by id.
  const std::vector<Person>& people() const { return people_; }
  const Person* find(std::uint64_t id) const;
  /// Of a place in the newest picture, as metres are known now; not at or above the horizon.
  std::optional<GroundPoint> ground_of(Anchor place) const { return ruler_.to_ground(place, picture_); }
  /// From a place to where the person stands, in hundredths of their height.
  Anchor way_px(Anchor from, const Person& person) const;

 private:
  /// Where somebody was, `window / kSteps` apart.
  struct Past {
    static constexpr std::size_t kSteps = 8;
    struct Stop {
      media::MediaTime time;
      Anchor place;
    };
    std::array<Stop, kSteps + 2> stops;
    std::size_t count = 0;  // ever written
  };
  /// What is known beside the Person.
  struct Memory {
    PlaceFilter filter;
    Past past;
    media::MediaTime first_sighted;
    media::MediaTime sighted;
    int sightings = 0;
  };

  struct Sighting;
  std::vector<int> match(const std::vector<Sighting>& sightings, media::MediaTime time) const;
  void see(std::size_t index, const Sighting& sighting, media::MediaTime time);
  void judge(std::size_t index, media::MediaTime time);
  PlaceFilter::Sighting measured(const Sighting& sighting, double height) const;
  void remember(Memory& memory, const Person& person, media::MediaTime time) const;
  std::optional<Anchor> place_before(const Memory& memory, media::MediaTime then) const;

  CrowdConfig config_;
  PictureSize picture_;
  CrowdRuler ruler_;
  std::vector<Person> people_;
  std::vector<Memory> memories_;  // of people_, by index
  std::uint64_t last_id_ = 0;
  std::optional<media::MediaTime> last_time_;
  std::optional<media::MediaTime> fitted_;
};

}  // namespace ocelli::events
