#include "app/contact_sheet.h"

#include <algorithm>
#include <utility>

#include "app/atomic_file.h"
#include "media/frame.h"
#include "media/jpeg.h"
#include "serve/annotate.h"

namespace ocelli::app {
namespace {

constexpr int kColumns = 4;
constexpr int kMostPictures = 12;
constexpr int kThumbnailWidth = 400;
constexpr int kThumbnailHeight = 300;
constexpr int kQuality = 85;

vision::InputSpec thumbnail_spec() {
  vision::InputSpec spec;
  spec.width = kThumbnailWidth;
  spec.height = kThumbnailHeight;
  spec.element = vision::ElementType::uint8;
  spec.order = vision::ChannelOrder::bgr;
  spec.pad = 0;
  return spec;
}

/// Interleaves planar B, G, R into the place of the sheet's `index`-th picture.
void place(const infer::TensorBuffer& thumbnail, int index, media::FrameBuilder& sheet) {
  constexpr std::size_t kPlane = static_cast<std::size_t>(kThumbnailWidth) * kThumbnailHeight;
  const auto* samples = static_cast<const std::uint8_t*>(thumbnail.data());
  const int left = index % kColumns * kThumbnailWidth;
  const int top = index / kColumns * kThumbnailHeight;
  for (int row = 0; row < kThumbnailHeight; ++row) {
    std::uint8_t* to = sheet.plane(0) + (top + row) * sheet.stride_bytes(0) + static_cast<std::ptrdiff_t>(left) * 3;
    const std::uint8_t* from = samples + static_cast<std::ptrdiff_t>(row) * kThumbnailWidth;
    for (int x = 0; x < kThumbnailWidth; ++x) {
      for (std::size_t channel = 0; channel < 3; ++channel)
        *to++ = from[channel * kPlane + static_cast<std::size_t>(x)];
    }
  }
}

}  // namespace

ContactSheet::ContactSheet(std::string folder, events::RulesConfig rules, std::vector<std::string> labels)
    : folder_(std::move(folder)), rules_(std::move(rules)), labels_(std::move(labels)), shrink_(thumbnail_spec()) {}

base::Status ContactSheet::accept(const events::FrameTracks& tracks) {
  if (frames_++ % keep_every_ != 0) return {};
  OC_TRY(auto annotated, serve::annotate(*tracks.frame, tracks.tracks, rules_, labels_));
  OC_TRY(auto thumbnail, Thumbnail::allocate(shrink_.output_bytes()));
  OC_TRY([[maybe_unused]] const auto letterbox, shrink_.run(*annotated, thumbnail.data()));
  thumbnails_.push_back(std::move(thumbnail));
  if (thumbnails_.size() < 2 * kMostPictures) return {};
  for (std::size_t i = 0; i < kMostPictures; ++i) thumbnails_[i] = std::move(thumbnails_[2 * i]);
  thumbnails_.erase(thumbnails_.begin() + kMostPictures, thumbnails_.end());
  keep_every_ *= 2;
  return {};
}

base::Status ContactSheet::finish() {
  if (thumbnails_.empty()) return {};
  const int count = std::min(kMostPictures, static_cast<int>(thumbnails_.size()));
  media::FrameInfo info;
  info.format = media::PixelFormat::bgr24;
  info.width = std::min(count, kColumns) * kThumbnailWidth;
  info.height = (count + kColumns - 1) / kColumns * kThumbnailHeight;
  OC_TRY(auto sheet, media::FrameBuilder::create(info));
  std::fill_n(sheet.plane(0), sheet.stride_bytes(0) * info.height, std::uint8_t{0});
  for (int i = 0; i < count; ++i) {
    const std::size_t chosen = static_cast<std::size_t>(i) * thumbnails_.size() / static_cast<std::size_t>(count);
    place(thumbnails_[chosen], i, sheet);
  }
  OC_TRY(auto encoder, media::JpegEncoder::create());
  OC_TRY(auto jpeg, encoder->encode(*std::move(sheet).freeze(), kQuality));
  paths_ = {folder_ + "/contact-sheet.jpg"};
  return write_file(paths_[0], jpeg);
}

}  // namespace ocelli::app
