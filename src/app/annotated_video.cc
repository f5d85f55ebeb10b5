#include "app/annotated_video.h"

#include <utility>

#include <fmt/format.h>

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
  if (complete_) return {};
  OC_TRY(auto annotated, serve::annotate(*tracks.frame, tracks.tracks, rules_, labels_));
  if (!writer_ && !first_) {
    first_ = std::move(annotated);
    return {};
  }
  if (!writer_) OC_TRY_STATUS(open_with(*annotated));
  return write(*annotated);
}

base::Status AnnotatedVideo::write(const media::Frame& annotated) {
  auto written = writer_->write(annotated);
  if (written || written.error().code() != base::Code::unsupported) return written;
  complete_ = true;
  warnings_.push_back(
      fmt::format("annotated.mp4 ends at {0:.2f} s, where the picture becomes {1}x{2} or another format; analyse with "
                  "--from {0:.2f} into another folder to see the rest",
                  media::to_seconds(annotated.time()), annotated.width(), annotated.height()));
  return writer_->finish();
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
  if (!complete_) OC_TRY_STATUS(writer_->finish());
  return rename_part(paths_[0]);
}

base::Status AnnotatedVideo::write_photo() {
  OC_TRY(auto encoder, media::JpegEncoder::create());
  OC_TRY(auto jpeg, encoder->encode(*first_, kPhotoQuality));
  paths_ = {folder_ + "/annotated.jpg"};
  return write_file(paths_[0], jpeg);
}

}  // namespace ocelli::app
