#pragma once

#include <memory>

#include "media/internal/open_input.h"
#include "media/source.h"

namespace ocelli::media::internal {

/// A Source on top of one of FFmpeg's demuxers.
class DemuxSource final : public Source {
 public:
  DemuxSource(SourceConfig config, base::Clock& clock, std::stop_token stop)
      : config_(std::move(config)), clock_(clock), interrupt_(clock, std::move(stop)) {}

  /// With a reader: its bytes. Without: the network address that the configuration holds.
  base::Status open(std::unique_ptr<ByteReader> reader);

  const StreamInfo& info() const override { return info_; }
  base::Result<Packet> read(base::SteadyTime deadline) override;
  base::Status seek(MediaTime time) override;
  const AVCodecParameters& codec_parameters() const override { return *stream_->codecpar; }

 private:
  base::Status choose_stream();
  void describe_stream();
  int read_packet(AvPacketPtr& packet);
  bool may_go_on_after(int number) const;
  void stamp(AVPacket& packet, base::SteadyTime arrived);
  base::Error end_of_input(int number) const;
  std::int64_t to_media_time(std::int64_t timestamp) const;

  const SourceConfig config_;
  base::Clock& clock_;
  Interrupt interrupt_;
  const Opening opening_{config_, redact_url(config_.url), interrupt_};
  OpenInput input_;
  AVStream* stream_ = nullptr;  // owned by input_
  StreamInfo info_;
  const std::shared_ptr<PacketPool> packets_ = std::make_shared<PacketPool>();
  std::int64_t packets_read_ = 0;
  std::int64_t expected_packets_ = 0;
  bool sought_ = false;
  bool stamped_by_arrival_ = false;
  base::SteadyTime first_arrival_;
  std::int64_t first_timestamp_ = AV_NOPTS_VALUE;  // in the stream's time base; zero of the MediaTime axis
};

}  // namespace ocelli::media::internal
