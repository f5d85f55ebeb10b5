#include "store/export.h"

#include <algorithm>
#include <map>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/log.h"
#include "events/explain.h"

namespace ocelli::store {
namespace {

using Visit = std::function<base::Status(const StoredEvent&)>;

base::Result<std::uint64_t> for_each_event(EventReader& reader, const ExportOrder& order, const Visit& visit) {
  constexpr std::uint64_t kPage = 1'000;
  EventQuery query = order.events;
  std::uint64_t count = 0;
  while (order.most == 0 || count < order.most) {
    query.limit = order.most == 0 ? kPage : std::min(kPage, order.most - count);
    OC_TRY(const auto page, order.what == ExportOrder::What::events ? reader.events(query) : reader.near_misses(query));
    for (const auto& event : page.events) OC_TRY_STATUS(visit(event));
    count += page.events.size();
    if (!page.next) break;
    query.after = page.next;
  }
  return count;
}

std::string json_string(const std::string& text) {
  return nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

std::string csv_field(const std::string& text) {
  if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"') quoted += '"';
    quoted += c;
  }
  return quoted + '"';
}

struct Frame {
  std::string camera;
  std::int64_t run = 0;
  std::uint64_t number = 0;

  auto operator<=>(const Frame&) const = default;
};

struct Image {
  std::size_t id = 0;
  int width = 0;
  int height = 0;
  base::WallTime time;
};

/// The parts of a COCO data set that follow its annotations.
struct CocoTables {
  std::map<Frame, Image> images;
  std::map<std::string, std::size_t> categories;

  std::size_t image_of(const StoredEvent& event, const EventDetails& details) {
    const auto [found, is_new] = images.try_emplace(Frame{event.camera, event.run, details.frame});
    if (is_new) found->second = {images.size(), event.picture_width, event.picture_height, event.time};
    return found->second.id;
  }
  std::size_t category_of(const EventDetails& details) {
    return categories.try_emplace(details.label.empty() ? "object" : details.label, categories.size() + 1)
        .first->second;
  }
  base::Status write(const ExportWriter& write) const;
};

base::Status CocoTables::write(const ExportWriter& write) const {
  OC_TRY_STATUS(write("],\n\"images\":["));
  const char* separator = "";
  for (const auto& [frame, image] : images) {
    OC_TRY_STATUS(write(fmt::format(
        R"({}{}{{"id":{},"file_name":{},"width":{},"height":{},"date_captured":"{}","frame":{}}})", separator, "\n",
        image.id, json_string(fmt::format("{}-{}-{:06}.jpg", frame.camera, frame.run, frame.number)), image.width,
        image.height, base::format_wall_time(image.time), frame.number)));
    separator = ",";
  }
  OC_TRY_STATUS(write("],\n\"categories\":["));
  separator = "";
  for (const auto& [name, id] : categories) {
    OC_TRY_STATUS(write(fmt::format("{}\n{{\"id\":{},\"name\":{}}}", separator, id, json_string(name))));
    separator = ",";
  }
  return write("]}\n");
}

struct MotRow {
  std::uint64_t frame = 0;
  std::uint64_t id = 0;
  vision::PixelBox box;
  float score = 0;
};

/// Frames of one run count on from the last one of the run before.
base::Result<std::vector<MotRow>> mot_rows(EventReader& reader, TrackQuery query, std::uint64_t& tracks) {
  std::vector<MotRow> rows;
  std::string camera;
  std::int64_t run = 0;
  std::uint64_t base_frame = 0;
  std::uint64_t last_frame = 0;
  while (true) {
    OC_TRY(const auto page, reader.tracks(query));
    for (const auto& track : page) {
      if (tracks == 0) camera = track.summary.camera;
      if (track.summary.camera != camera) {
        return base::Error(base::Code::invalid,
                           fmt::format("there are tracks of '{}' and of '{}'; a MOT file holds those of one camera: "
                                       "say which",
                                       camera, track.summary.camera));
      }
      if (track.run != run) base_frame = last_frame;
      run = track.run;
      ++tracks;
      for (const auto& point : track.summary.path) {
        rows.push_back({base_frame + point.frame + 1, tracks, point.box, point.score});
        last_frame = std::max(last_frame, rows.back().frame);
      }
    }
    if (page.size() < query.limit) break;
    query.after = page.back().id;
  }
  std::sort(rows.begin(), rows.end(),
            [](const MotRow& a, const MotRow& b) { return std::tie(a.frame, a.id) < std::tie(b.frame, b.id); });
  return rows;
}

}  // namespace

base::Result<std::uint64_t> export_json_lines(EventReader& reader, const ExportOrder& order,
                                              const ExportWriter& write) {
  return for_each_event(reader, order, [&](const StoredEvent& event) { return write(stored_json(event) + "\n"); });
}

base::Result<std::uint64_t> export_csv(EventReader& reader, const ExportOrder& order, const ExportWriter& write) {
  OC_TRY_STATUS(write("time,id,storeid,camera,type,rule,track_id,label,score,left,top,width,height,gates\r\n"));
  return for_each_event(reader, order, [&](const StoredEvent& event) -> base::Status {
    OC_TRY(const auto details, details_of(event));
    return write(fmt::format("{},{},{},{},{},{},{},{},{:.4f},{:.2f},{:.2f},{:.2f},{:.2f},{}\r\n",
                             base::format_wall_time(event.time), csv_field(details.id), event.id,
                             csv_field(event.camera), csv_field(event.type), csv_field(event.rule), event.track_id,
                             csv_field(details.label), details.score, details.box.left, details.box.top,
                             details.box.width, details.box.height, csv_field(events::gates_words(details.gates))));
  });
}

base::Result<std::uint64_t> export_coco(EventReader& reader, const ExportOrder& order, const ExportWriter& write) {
  CocoTables tables;
  std::uint64_t annotations = 0;
  OC_TRY_STATUS(write("{\"info\":{\"description\":\"ocelli events\"},\n\"annotations\":["));
  OC_TRY(const auto count, for_each_event(reader, order, [&](const StoredEvent& event) -> base::Status {
           OC_TRY(const auto details, details_of(event));
           const auto& box = details.box;
           const std::size_t image = tables.image_of(event, details);
           ++annotations;
           return write(fmt::format(
               R"({}{}{{"id":{},"image_id":{},"category_id":{},"bbox":[{:.2f},{:.2f},{:.2f},{:.2f}],"area":{:.2f},)"
               R"("iscrowd":0,"score":{:.4f},"track_id":{},"event":{},"rule":{}}})",
               annotations == 1 ? "" : ",", "\n", annotations, image, tables.category_of(details), box.left, box.top,
               box.width, box.height, box.area(), details.score, event.track_id, json_string(event.type),
               json_string(event.rule)));
         }));
  OC_TRY_STATUS(tables.write(write));
  return count;
}

base::Result<std::uint64_t> export_mot(EventReader& reader, const TrackQuery& query, const ExportWriter& write) {
  std::uint64_t tracks = 0;
  OC_TRY(const auto rows, mot_rows(reader, query, tracks));
  for (const auto& row : rows) {
    OC_TRY_STATUS(write(fmt::format("{},{},{:.2f},{:.2f},{:.2f},{:.2f},{:.4f},-1,-1,-1\n", row.frame, row.id,
                                    row.box.left, row.box.top, row.box.width, row.box.height, row.score)));
  }
  return tracks;
}

}  // namespace ocelli::store
