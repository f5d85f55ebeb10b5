#include "app/annotated_video.h"

#include <utility>

#include "app/atomic_file.h"
#include "media/jpeg.h"
#include "serve/annotate.h"

namespace ocelli::app {
namespace {

constexpr int kPhotoQuality = 92;

}  // namespace

AnnotatedVideo::AnnotatedVideo(std::string folder, events::RulesConfig rules, std::vector<std::string> labels)
    : folder_(std::move(folder)), rules_(std::move(rules)), labels_(std::move(labels)) {}

base::Status AnnotatedVideo::accept(const events::FrameTracks& tracks) {
  OC_TRY(auto annotated, serve::annotate(*tracks.frame, tracks.tracks, rules_, labels_));
  if (!writer_ && !first_) {
    first_ = std::move(annotated);
    return {};
  }
  if (!writer_) OC_TRY_STATUS(open_with(*annotated));
  return writer_->write(*annotated);
}

base::Status AnnotatedVideo::open_with(const media::Frame& second) {
  const double interval_s = media::to_seconds(second.time()) - media::to_seconds(first_->time());
  paths_ = {folder_ + "/annotated.mp4"};
  OC_TRY(writer_, media::VideoWriter::create(part_name(paths_[0]), first_->info(), 1 / interval_s));
  OC_TRY_STATUS(writer_->write(*first_));
  first_.reset();
  return {};
}

base::Status AnnotatedVideo::finish() {
  if (first_) return write_photo();
  if (!writer_) return {};
  OC_TRY_STATUS(writer_->finish());
  return rename_part(paths_[0]);
}

base::Status AnnotatedVideo::write_photo() {
  OC_TRY(auto encoder, media::JpegEncoder::create());
  OC_TRY(auto jpeg, encoder->encode(*first_, kPhotoQuality));
  paths_ = {folder_ + "/annotated.jpg"};
  return write_file(paths_[0], jpeg);
}

}  // namespace ocelli::app
