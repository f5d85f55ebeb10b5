#include "app/result_files.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "events/event_json.h"

namespace ocelli::app {

base::Result<std::unique_ptr<EventFile>> EventFile::create(const std::string& path) {
  OC_TRY(auto file, AtomicFile::create(path));
  return std::unique_ptr<EventFile>(new EventFile(std::move(file)));
}

base::Status EventFile::accept(const events::Event& event) {
  return file_.write(events::to_cloud_event(event) + "\n");
}

base::Result<std::unique_ptr<MotFile>> MotFile::create(const std::string& path) {
  OC_TRY(auto file, AtomicFile::create(path));
  return std::unique_ptr<MotFile>(new MotFile(std::move(file)));
}

base::Status MotFile::accept(const events::FrameTracks& tracks) {
  for (const auto& track : tracks.tracks) {
    if (track.state != track::TrackState::confirmed) continue;
    OC_TRY_STATUS(file_.write(fmt::format("{},{},{:.2f},{:.2f},{:.2f},{:.2f},{:.4f},-1,-1,-1\n",
                                          tracks.frame->info().sequence + 1, track.id, track.box.left, track.box.top,
                                          track.box.width, track.box.height, track.score)));
  }
  return {};
}

base::Result<std::unique_ptr<CocoFile>> CocoFile::create(const std::string& path,
                                                         const std::vector<std::string>& labels) {
  OC_TRY(auto file, AtomicFile::create(path));
  auto coco = std::unique_ptr<CocoFile>(new CocoFile(std::move(file), labels));
  OC_TRY_STATUS(coco->file_.write("{\"info\":{\"description\":\"ocelli\"},\n\"annotations\":["));
  return coco;
}

base::Status CocoFile::accept(const events::FrameTracks& tracks) {
  const auto& info = tracks.frame->info();
  const std::uint64_t image = info.sequence + 1;
  images_.push_back({image, info.width, info.height, media::to_seconds(info.time)});
  for (const auto& track : tracks.tracks) {
    if (track.state != track::TrackState::confirmed) continue;
    OC_TRY_STATUS(file_.write(fmt::format(
        "{}\n{{\"id\":{},\"image_id\":{},\"category_id\":{},\"bbox\":[{:.2f},{:.2f},{:.2f},{:.2f}],\"area\":{:.2f},"
        "\"iscrowd\":0,\"score\":{:.4f},\"track_id\":{}}}",
        annotations_ == 0 ? "" : ",", annotations_ + 1, image, track.class_id + 1, track.box.left, track.box.top,
        track.box.width, track.box.height, track.box.area(), track.score, track.id)));
    ++annotations_;
  }
  return {};
}

base::Status CocoFile::finish() {
  OC_TRY_STATUS(file_.write("],\n\"images\":["));
  const char* separator = "";
  for (const auto& image : images_) {
    OC_TRY_STATUS(file_.write(
        fmt::format("{}\n{{\"id\":{},\"file_name\":\"{:06}.jpg\",\"width\":{},\"height\":{},\"time_s\":{:.3f}}}",
                    separator, image.id, image.id, image.width, image.height, image.time_s)));
    separator = ",";
  }
  OC_TRY_STATUS(file_.write("],\n\"categories\":["));
  separator = "";
  for (std::size_t i = 0; i < labels_.size(); ++i) {
    const auto name = nlohmann::json(labels_[i]).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
    OC_TRY_STATUS(file_.write(fmt::format("{}\n{{\"id\":{},\"name\":{}}}", separator, i + 1, name)));
    separator = ",";
  }
  OC_TRY_STATUS(file_.write("]}\n"));
  return file_.commit();
}

}  // namespace ocelli::app
