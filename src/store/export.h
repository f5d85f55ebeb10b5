#pragma once

#include <cstdint>
#include <functional>
#include <string_view>

#include "base/result.h"
#include "store/event_reader.h"

namespace ocelli::store {

/// Takes the next piece of the text; its error ends the export.
using ExportWriter = std::function<base::Status(std::string_view)>;

/// What is exported: `events` as its query says, all pages of it, but at most `most` (0: all).
struct ExportOrder {
  EventQuery events{};
  std::uint64_t most = 0;
  enum class What { events, near_misses };
  What what = What::events;
};

// All return how many there were. They read in pages, so that a store which is being written is not held up.

/// One CloudEvent a line, see stored_json().
base::Result<std::uint64_t> export_json_lines(EventReader& reader, const ExportOrder& order, const ExportWriter& write);

/// RFC 4180 with a header line; the gates in words.
base::Result<std::uint64_t> export_csv(EventReader& reader, const ExportOrder& order, const ExportWriter& write);

/// A COCO data set: an image for each frame in which something happened, an annotation for each event: its box.
base::Result<std::uint64_t> export_coco(EventReader& reader, const ExportOrder& order, const ExportWriter& write);

/// The paths of tracks as a MOT result file: frame, id, left, top, width, height, score, -1, -1, -1. Frames are the
/// stream's own, from 1; those of each later run of the program follow on the ones before it. Ids count the summaries
/// from 1, since a track's own id comes again with each run. `invalid`: the tracks are of several cameras.
base::Result<std::uint64_t> export_mot(EventReader& reader, const TrackQuery& query, const ExportWriter& write);

}  // namespace ocelli::store
