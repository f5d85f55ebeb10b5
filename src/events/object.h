#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "events/anchor.h"
#include "media/frame.h"
#include "media/media_time.h"
#include "track/track.h"

namespace ocelli::events {

/// What the rules follow: one thing in the world, whatever numbers the tracker gives it one after the other. A value,
/// as of its last sighting.
struct Object {
  std::uint64_t id = 0;  ///< counts from 1 within a camera; survives a change of the track's id
  track::Track track;    ///< confirmed
  std::string label;
  Anchor anchor;
  PictureSize picture;
  media::MediaTime seen;
  bool is_new = false;  ///< this is the first sighting that is believed; the first of all was at `first_anchor`
  Anchor first_anchor;
  bool track_ended = false;
};

/// The class of people, in every model that knows them.
inline constexpr const char* kPerson = "person";

/// One frame as the rules see it.
struct Scene {
  const media::FrameInfo& frame;
  std::vector<const Object*> seen;  ///< now, by ascending track id; valid until the next frame

  PictureSize picture() const { return {frame.width, frame.height}; }
};

/// Turns tracks into objects: a track that begins where another of the same label was about to be, not later than the
/// window after that was last seen and not while it still was, goes on with its object. An object is gone when its
/// track has ended and the window has passed. Deterministic. One thread at a time.
class Objects {
 public:
  Objects(std::chrono::milliseconds relink_window, std::vector<std::string> labels);

  struct Update {
    std::vector<const Object*> seen;  ///< by ascending track id; valid until the next call
    std::vector<Object> gone;         ///< by ascending track id
  };
  /// `tracks` and `ended` as from the tracker; the order does not matter. Of lost tracks nothing is believed.
  Update update(const media::FrameInfo& frame, std::span<const track::Track> tracks,
                std::span<const track::Track> ended);
  /// The stream is over: all objects whose tracks have ended are gone, by ascending track id.
  std::vector<Object> finish();

  std::string label_of(const track::Track& track) const;

 private:
  using Newcomers = std::vector<const track::Track*>;
  void relink(const media::FrameInfo& frame, Newcomers& newcomers);
  void see(Object& object, const track::Track& track, const media::FrameInfo& frame) const;
  template <class Condition>
  std::vector<Object> take_if(Condition gone);

  const std::chrono::milliseconds relink_window_;
  const std::vector<std::string> labels_;
  std::map<std::uint64_t, Object> objects_;          // by id
  std::map<std::uint64_t, std::uint64_t> by_track_;  // track id → object id, of the tracks that objects have now
  std::uint64_t last_id_ = 0;
};

}  // namespace ocelli::events
